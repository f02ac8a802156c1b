// SPDX-License-Identifier: Apache-2.0
//
// Iterators and snapshots of the RocksDB store. Each keeps the instance that it reads from open.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <rocksdb/db.h>

#include "storage/kv/kv_store.h"
#include "storage/kv/rocksdb_instance.h"
#include "storage/kv/rocksdb_status.h"

namespace vigil::storage {

inline rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class RocksDbSnapshot final : public KeyValueSnapshot {
 public:
  // Without an instance (the store could not be opened again) reads from the snapshot fail.
  explicit RocksDbSnapshot(std::shared_ptr<const RocksDbInstance> instance)
      : instance_(std::move(instance)),
        snapshot_(instance_ == nullptr ? nullptr : instance_->db().GetSnapshot()) {}
  ~RocksDbSnapshot() override {
    if (snapshot_ != nullptr) instance_->db().ReleaseSnapshot(snapshot_);
  }
  RocksDbSnapshot(const RocksDbSnapshot&) = delete;
  RocksDbSnapshot& operator=(const RocksDbSnapshot&) = delete;

  // What RocksDB reads at: nullptr, the present, when there is no `snapshot`.
  static absl::StatusOr<const rocksdb::Snapshot*> Unwrap(const KeyValueSnapshot* snapshot) {
    if (snapshot == nullptr) return nullptr;
    const auto* wrapped = static_cast<const RocksDbSnapshot*>(snapshot)->snapshot_;
    if (wrapped == nullptr) return absl::UnavailableError("no snapshot could be taken");
    return wrapped;
  }

 private:
  const std::shared_ptr<const RocksDbInstance> instance_;
  const rocksdb::Snapshot* const snapshot_;
};

class RocksDbIterator final : public KeyValueIterator {
 public:
  RocksDbIterator(std::shared_ptr<const RocksDbInstance> instance, Family family, KeyRange range,
                  const rocksdb::Snapshot* snapshot, CacheUse cache)
      : instance_(std::move(instance)),
        range_(std::move(range)),
        lower_(range_.lower),
        upper_(range_.upper) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    options.fill_cache = cache == CacheUse::kFill;
    if (!lower_.empty()) options.iterate_lower_bound = &lower_;
    if (!upper_.empty()) options.iterate_upper_bound = &upper_;
    // Prefix filters are used where the bounds allow it, and only there.
    options.auto_prefix_mode = true;
    iterator_.reset(instance_->db().NewIterator(options, instance_->HandleOf(family)));
  }

  void Seek(std::string_view key) override { iterator_->Seek(ToSlice(key)); }
  void SeekToLast() override { iterator_->SeekToLast(); }
  bool Valid() const override { return iterator_->Valid(); }
  void Next() override { iterator_->Next(); }
  void Prev() override { iterator_->Prev(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  absl::Status status() const override { return FromRocksDb(iterator_->status()); }

 private:
  const std::shared_ptr<const RocksDbInstance> instance_;
  // RocksDB keeps pointers to the bounds.
  const KeyRange range_;
  const rocksdb::Slice lower_;
  const rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

// Stands for an iterator when there is nothing to read from.
class FailedIterator final : public KeyValueIterator {
 public:
  explicit FailedIterator(absl::Status status) : status_(std::move(status)) {}

  void Seek(std::string_view) override {}
  void SeekToLast() override {}
  bool Valid() const override { return false; }
  void Next() override {}
  void Prev() override {}
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  absl::Status status() const override { return status_; }

 private:
  const absl::Status status_;
};

}  // namespace vigil::storage
