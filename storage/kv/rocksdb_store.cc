// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_store.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/utilities/checkpoint.h>

#include "base/file.h"
#include "base/status.h"
#include "storage/kv/rocksdb_options.h"
#include "storage/kv/rocksdb_space.h"
#include "storage/kv/rocksdb_status.h"

namespace vigil::storage {
namespace {

// Tables on their way in; a crash may leave one behind, which the next Open removes.
constexpr std::string_view kIngestPrefix = "ingest-";
// What RocksDB's log adds to keys and values of an entry, at most.
constexpr size_t kBatchEntryOverhead = 16;

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

bool Adds(const WriteBatch& batch) {
  return std::any_of(batch.entries().begin(), batch.entries().end(),
                     [](const auto& entry) { return entry.kind == WriteBatch::Kind::kPut; });
}

uint64_t TotalBytes(const std::vector<std::pair<std::string, std::string>>& entries) {
  uint64_t bytes = 0;
  for (const auto& [key, value] : entries) bytes += key.size() + value.size();
  return bytes;
}

class RocksDbSnapshot final : public KeyValueSnapshot {
 public:
  explicit RocksDbSnapshot(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~RocksDbSnapshot() override { db_->ReleaseSnapshot(snapshot_); }
  RocksDbSnapshot(const RocksDbSnapshot&) = delete;
  RocksDbSnapshot& operator=(const RocksDbSnapshot&) = delete;

  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB* const db_;
  const rocksdb::Snapshot* const snapshot_;
};

const rocksdb::Snapshot* Unwrap(const KeyValueSnapshot* snapshot) {
  return snapshot == nullptr ? nullptr : static_cast<const RocksDbSnapshot*>(snapshot)->get();
}

class RocksDbIterator final : public KeyValueIterator {
 public:
  RocksDbIterator(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, KeyRange range,
                  const rocksdb::Snapshot* snapshot)
      : range_(std::move(range)), lower_(range_.lower), upper_(range_.upper) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    if (!lower_.empty()) options.iterate_lower_bound = &lower_;
    if (!upper_.empty()) options.iterate_upper_bound = &upper_;
    // Prefix filters are used where the bounds allow it, and only there.
    options.auto_prefix_mode = true;
    iterator_.reset(db->NewIterator(options, family));
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
  // RocksDB keeps pointers to the bounds.
  const KeyRange range_;
  const rocksdb::Slice lower_;
  const rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

using FamilyHandles = std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>>;

class RocksDbStore final : public KeyValueStore {
 public:
  RocksDbStore(std::string directory, std::shared_ptr<SpaceWatch> space,
               std::unique_ptr<rocksdb::DB> db, FamilyHandles families)
      : directory_(std::move(directory)),
        space_(std::move(space)),
        db_(std::move(db)),
        families_(std::move(families)) {}

  absl::Status Write(const WriteBatch& batch, Durability durability) override;
  absl::Status SyncLog() override { return FromRocksDb(db_->SyncWAL()); }
  absl::Status Ingest(Family family,
                      const std::vector<std::pair<std::string, std::string>>& entries) override;
  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key,
                                                 const KeyValueSnapshot* snapshot) override;
  std::unique_ptr<KeyValueIterator> NewIterator(Family family, KeyRange range,
                                                const KeyValueSnapshot* snapshot) override;
  std::unique_ptr<KeyValueSnapshot> NewSnapshot() override;
  absl::Status DropRange(Family family, std::string_view begin, std::string_view end) override;
  absl::Status Flush() override;
  absl::Status Checkpoint(const std::string& path) override;
  absl::StatusOr<uint64_t> ApproximateBytes(Family family) override;

 private:
  rocksdb::ColumnFamilyHandle* HandleOf(Family family) const {
    return families_[static_cast<size_t>(family)].get();
  }
  absl::Status WriteTable(Family family, const std::string& path,
                          const std::vector<std::pair<std::string, std::string>>& entries);

  const std::string directory_;
  const std::shared_ptr<SpaceWatch> space_;
  const std::unique_ptr<rocksdb::DB> db_;
  const FamilyHandles families_;  // Behind db_: handles go first.
  std::atomic<uint64_t> next_ingest_{0};
};

absl::Status RocksDbStore::Write(const WriteBatch& batch, Durability durability) {
  VIGIL_RETURN_IF_ERROR(batch.Check());
  if (Adds(batch)) {
    VIGIL_RETURN_IF_ERROR(space_->CheckFree(batch.size_bytes()));
  }
  space_->PrepareWrite(db_.get());
  rocksdb::WriteBatch converted(batch.size_bytes() + batch.entries().size() * kBatchEntryOverhead);
  for (const WriteBatch::Entry& entry : batch.entries()) {
    rocksdb::ColumnFamilyHandle* family = HandleOf(entry.family);
    rocksdb::Status added;
    switch (entry.kind) {
      case WriteBatch::Kind::kPut:
        added = converted.Put(family, entry.key, entry.value);
        break;
      case WriteBatch::Kind::kDelete:
        added = converted.Delete(family, entry.key);
        break;
      case WriteBatch::Kind::kDeleteRange:
        added = converted.DeleteRange(family, entry.key, entry.value);
        break;
    }
    VIGIL_RETURN_IF_ERROR(FromRocksDb(added));
  }
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSync;
  return FromRocksDb(db_->Write(options, &converted));
}

absl::Status RocksDbStore::WriteTable(
    Family family, const std::string& path,
    const std::vector<std::pair<std::string, std::string>>& entries) {
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), db_->GetOptions(HandleOf(family)),
                                HandleOf(family));
  VIGIL_RETURN_IF_ERROR(FromRocksDb(writer.Open(path)));
  for (const auto& [key, value] : entries) {
    VIGIL_RETURN_IF_ERROR(FromRocksDb(writer.Put(key, value)));
  }
  return FromRocksDb(writer.Finish());
}

absl::Status RocksDbStore::Ingest(Family family,
                                  const std::vector<std::pair<std::string, std::string>>& entries) {
  VIGIL_RETURN_IF_ERROR(CheckAscending(entries));
  if (entries.empty()) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(space_->CheckFree(TotalBytes(entries)));
  space_->PrepareWrite(db_.get());
  const std::string path =
      fmt::format("{}/{}{}.sst", directory_, kIngestPrefix, next_ingest_.fetch_add(1));
  absl::Status status = WriteTable(family, path, entries);
  if (status.ok()) {
    rocksdb::IngestExternalFileOptions options;
    options.move_files = true;
    options.write_global_seqno = false;
    status = FromRocksDb(db_->IngestExternalFile(HandleOf(family), {path}, options));
  }
  if (!status.ok()) {
    std::error_code ignored;  // What is left behind goes when the store is opened next.
    std::filesystem::remove(path, ignored);
  }
  return status;
}

absl::StatusOr<std::optional<std::string>> RocksDbStore::Get(Family family, std::string_view key,
                                                             const KeyValueSnapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = Unwrap(snapshot);
  std::string value;
  const rocksdb::Status status = db_->Get(options, HandleOf(family), ToSlice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  VIGIL_RETURN_IF_ERROR(FromRocksDb(status));
  return value;
}

std::unique_ptr<KeyValueIterator> RocksDbStore::NewIterator(Family family, KeyRange range,
                                                            const KeyValueSnapshot* snapshot) {
  return std::make_unique<RocksDbIterator>(db_.get(), HandleOf(family), std::move(range),
                                           Unwrap(snapshot));
}

std::unique_ptr<KeyValueSnapshot> RocksDbStore::NewSnapshot() {
  return std::make_unique<RocksDbSnapshot>(db_.get());
}

absl::Status RocksDbStore::DropRange(Family family, std::string_view begin, std::string_view end) {
  // Hidden first, then removed: removing files first might lay bare older versions of their keys.
  WriteBatch batch;
  batch.DeleteRange(family, std::string(begin), std::string(end));
  VIGIL_RETURN_IF_ERROR(Write(batch, Durability::kSync));
  const rocksdb::Slice first = ToSlice(begin);
  const rocksdb::Slice last = ToSlice(end);
  return FromRocksDb(rocksdb::DeleteFilesInRange(db_.get(), HandleOf(family), &first, &last,
                                                 /*include_end=*/false));
}

absl::Status RocksDbStore::Flush() {
  space_->PrepareWrite(db_.get());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  for (const auto& family : families_) handles.push_back(family.get());
  return FromRocksDb(db_->Flush(rocksdb::FlushOptions(), handles));
}

absl::Status RocksDbStore::Checkpoint(const std::string& path) {
  rocksdb::Checkpoint* raw = nullptr;
  VIGIL_RETURN_IF_ERROR(FromRocksDb(rocksdb::Checkpoint::Create(db_.get(), &raw)));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return absl::FailedPreconditionError(fmt::format("{} exists already", path));
  }
  VIGIL_RETURN_IF_ERROR_WITH(FromRocksDb(checkpoint->CreateCheckpoint(path)),
                             fmt::format("copying the store to {}", path));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> RocksDbStore::ApproximateBytes(Family family) {
  uint64_t bytes = 0;
  if (!db_->GetIntProperty(HandleOf(family), rocksdb::DB::Properties::kLiveSstFilesSize, &bytes)) {
    return absl::UnavailableError(fmt::format("size of {} is not known", FamilyName(family)));
  }
  return bytes;
}

// What went wrong when RocksDB would not open, in words for the person who started us.
absl::Status OpenFailure(const rocksdb::Status& status, const std::string& directory) {
  const absl::Status converted = FromRocksDb(status);
  if (status.IsIOError() && MessageOf(converted).find("/LOCK") != std::string_view::npos) {
    return absl::FailedPreconditionError(
        fmt::format("data directory {} is in use by another process", directory));
  }
  if (status.IsInvalidArgument()) {
    return absl::FailedPreconditionError(
        fmt::format("data directory {} was written by a newer version of vigil, or by another "
                    "program ({})",
                    directory, MessageOf(converted)));
  }
  return Annotate(converted, fmt::format("opening data directory {}", directory));
}

absl::Status PrepareDirectory(const std::string& directory) {
  VIGIL_RETURN_IF_ERROR(MakeDirectories(directory));
  return CheckWritable(directory);
}

void RemoveIngestLeftovers(const std::string& directory) {
  std::error_code ignored;  // They only cost space.
  for (std::filesystem::directory_iterator entry(directory, ignored), end; entry != end;
       entry.increment(ignored)) {
    if (entry->path().filename().string().starts_with(kIngestPrefix)) {
      std::filesystem::remove(entry->path(), ignored);
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenRocksDb(const RocksDbOptions& options) {
  VIGIL_RETURN_IF_ERROR(PrepareDirectory(options.directory));
  auto space = std::make_shared<SpaceWatch>(options.directory);
  RocksDbTuning tuning = MakeTuning(options);
  tuning.store.listeners.push_back(space);
  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status =
      rocksdb::DB::Open(tuning.store, options.directory, tuning.families, &handles, &raw);
  if (!status.ok()) return OpenFailure(status, options.directory);
  std::unique_ptr<rocksdb::DB> db(raw);
  FamilyHandles families(handles.begin(), handles.end());
  RemoveIngestLeftovers(options.directory);  // Under the store's lock.
  return std::make_unique<RocksDbStore>(options.directory, std::move(space), std::move(db),
                                        std::move(families));
}

}  // namespace vigil::storage
