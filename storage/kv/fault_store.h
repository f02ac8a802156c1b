// SPDX-License-Identifier: Apache-2.0
//
// A key-value store that fails when it is told to, for tests: refused writes, loss of power, a
// damaged value. Stands before another store, which does the work.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/memory_store.h"

namespace vigil::storage {

// Thread-safe; changes go to the inner store one after the other.
class FaultStore final : public KeyValueStore {
 public:
  enum class Operation : uint8_t {
    kWrite,  // Write, Ingest, DropRange.
    kSync,   // SyncLog, Flush, and Write with kSync, of which only the sync fails.
    kGet,
  };

  // What `inner` holds already counts as durable.
  static absl::StatusOr<std::unique_ptr<FaultStore>> Wrap(std::unique_ptr<KeyValueStore> inner);

  // The `nth` operation of that kind from now on (1 is the next) fails with `error`, and so do the
  // `count` - 1 after it. A write that fails changes nothing. One whose sync fails is there, but a
  // loss of power takes it. Replaces an earlier plan for the same kind.
  void FailAt(Operation operation, int64_t nth, absl::Status error, int64_t count = 1);
  void ClearFaults();

  // The store as it would be found after the process was killed, or after power was lost: without
  // the latest writes that no sync followed. Independent of this one, which goes on.
  absl::StatusOr<std::unique_ptr<KeyValueStore>> AfterKill();
  absl::StatusOr<std::unique_ptr<KeyValueStore>> AfterPowerLoss();

  // Flips every bit of byte `index` of the key's value. NotFound without key, OutOfRange when the
  // value is shorter.
  absl::Status CorruptValue(Family family, std::string_view key, size_t index);

  absl::Status Write(const WriteBatch& batch, Durability durability) override;
  absl::Status SyncLog() override;
  absl::Status Ingest(Family family,
                      const std::vector<std::pair<std::string, std::string>>& entries,
                      TableEffort effort) override;
  absl::StatusOr<std::optional<std::string>> Get(
      Family family, std::string_view key, const KeyValueSnapshot* snapshot = nullptr) override;
  std::unique_ptr<KeyValueIterator> NewIterator(Family family, KeyRange range,
                                                const KeyValueSnapshot* snapshot = nullptr,
                                                CacheUse cache = CacheUse::kFill) override;
  std::unique_ptr<KeyValueSnapshot> NewSnapshot() override { return inner_->NewSnapshot(); }
  absl::Status DropRange(Family family, std::string_view begin, std::string_view end) override;
  absl::Status Flush() override;
  absl::Status Compact(Family family, const KeyRange& range = {},
                       std::atomic<bool>* stop = nullptr) override {
    return inner_->Compact(family, range, stop);
  }
  absl::Status Checkpoint(const std::string& path) override { return inner_->Checkpoint(path); }
  absl::StatusOr<uint64_t> ApproximateBytes(Family family) override {
    return inner_->ApproximateBytes(family);
  }

 private:
  struct Plan {
    int64_t skip = 0;   // Operations that still succeed.
    int64_t count = 0;  // Operations that fail after them.
    absl::Status error;
  };

  FaultStore(std::unique_ptr<KeyValueStore> inner, std::unique_ptr<MemoryStore> durable)
      : inner_(std::move(inner)), durable_(std::move(durable)) {}
  absl::Status NextOutcomeLocked(Operation operation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status ApplyLocked(const WriteBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status PersistLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<KeyValueStore> inner_;

  Mutex mutex_;
  // What survives a loss of power, and what was written since, in order.
  const std::unique_ptr<MemoryStore> durable_;
  std::vector<WriteBatch> unsynced_ ABSL_GUARDED_BY(mutex_);
  std::array<Plan, 3> plans_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
