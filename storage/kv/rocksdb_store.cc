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

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/status.h"
#include "storage/kv/rocksdb_instance.h"
#include "storage/kv/rocksdb_options.h"
#include "storage/kv/rocksdb_reader.h"
#include "storage/kv/rocksdb_space.h"
#include "storage/kv/rocksdb_status.h"

namespace vigil::storage {
namespace {

// Tables on their way in; a crash may leave one behind, which the next Open removes.
constexpr std::string_view kIngestPrefix = "ingest-";
// What RocksDB's log adds to keys and values of an entry, at most.
constexpr size_t kBatchEntryOverhead = 16;
// Block by block what is alike has been taken out; what keys and headers have in common, the
// quickest of codecs finds as well.
constexpr rocksdb::CompressionType kQuickCompression = rocksdb::kLZ4Compression;
// Between attempts to open the store again: one that fails may have read the whole log.
constexpr int64_t kNanosBetweenAttempts = 200 * kNanosPerMilli;

using Entries = std::vector<std::pair<std::string, std::string>>;

bool Adds(const WriteBatch& batch) {
  return std::any_of(batch.entries().begin(), batch.entries().end(),
                     [](const auto& entry) { return entry.kind == WriteBatch::Kind::kPut; });
}

uint64_t TotalBytes(const Entries& entries) {
  uint64_t bytes = 0;
  for (const auto& [key, value] : entries) bytes += key.size() + value.size();
  return bytes;
}

absl::StatusOr<rocksdb::WriteBatch> ToRocksDb(const WriteBatch& batch,
                                              const RocksDbInstance& instance) {
  rocksdb::WriteBatch converted(batch.size_bytes() + batch.entries().size() * kBatchEntryOverhead);
  for (const WriteBatch::Entry& entry : batch.entries()) {
    rocksdb::ColumnFamilyHandle* family = instance.HandleOf(entry.family);
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
  return converted;
}

absl::Status WriteTable(const RocksDbInstance& instance, Family family, const std::string& path,
                        const Entries& entries, TableEffort effort) {
  rocksdb::ColumnFamilyHandle* handle = instance.HandleOf(family);
  rocksdb::Options table = instance.db().GetOptions(handle);
  if (effort == TableEffort::kQuick) {
    // RocksDB takes a table that comes from outside for one that has come to rest.
    table.bottommost_compression = rocksdb::kDisableCompressionOption;
    table.compression = kQuickCompression;
  } else {
    PackAtRest(family, &table);
  }
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), table, handle);
  VIGIL_RETURN_IF_ERROR(FromRocksDb(writer.Open(path)));
  for (const auto& [key, value] : entries) {
    VIGIL_RETURN_IF_ERROR(FromRocksDb(writer.Put(key, value)));
  }
  return FromRocksDb(writer.Finish());
}

// While it lives, compactions of the family pack as for data at rest: RocksDB cannot be told so for
// one of them. Another that runs meanwhile packs better than it need.
class AtRest {
 public:
  AtRest(const RocksDbInstance& instance, Family family) : instance_(instance), family_(family) {
    Set(AtRestOptions(family));
  }
  ~AtRest() { Set(InMotionOptions(family_)); }
  AtRest(const AtRest&) = delete;
  AtRest& operator=(const AtRest&) = delete;

 private:
  void Set(const ChangedOptions& options) {
    if (options.empty()) return;
    const absl::Status status =
        FromRocksDb(instance_.db().SetOptions(instance_.HandleOf(family_), options));
    if (status.ok()) return;
    // What is packed meanwhile is larger, or took longer, than it need; nothing is wrong with it.
    Log(LogLevel::kWarning, "cannot change how tables are packed",
        {{"family", FamilyName(family_)}, {"error", status.ToString()}});
  }

  const RocksDbInstance& instance_;
  const Family family_;
};

// A rocksdb::DB that found the disk full takes no writes until DB::Resume. Resume does not get over
// a log whose last record is torn (it may go on writing to it, which Debian's RocksDB, built with
// assertions, answers by ending the process; or fail for good). So the store is closed and opened
// again, as a restart would do, at a moment when nobody reads.
class RocksDbStore final : public KeyValueStore {
 public:
  RocksDbStore(const RocksDbOptions& options, std::shared_ptr<SpaceWatch> space,
               std::shared_ptr<RocksDbInstance> instance)
      : options_(options), space_(std::move(space)), instance_(std::move(instance)) {}

  absl::Status Write(const WriteBatch& batch, Durability durability) override;
  absl::Status SyncLog() override;
  absl::Status Ingest(Family family, const Entries& entries, TableEffort effort) override;
  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key,
                                                 const KeyValueSnapshot* snapshot) override;
  std::unique_ptr<KeyValueIterator> NewIterator(Family family, KeyRange range,
                                                const KeyValueSnapshot* snapshot,
                                                CacheUse cache) override;
  std::unique_ptr<KeyValueSnapshot> NewSnapshot() override;
  absl::Status DropRange(Family family, std::string_view begin, std::string_view end) override;
  absl::Status Flush() override;
  absl::Status Compact(Family family, const KeyRange& range, std::atomic<bool>* stop) override;
  absl::Status Checkpoint(const std::string& path) override;
  absl::StatusOr<uint64_t> ApproximateBytes(Family family) override;

 private:
  using Instance = std::shared_ptr<const RocksDbInstance>;

  // What to read from. ResourceExhausted when it could not be opened again.
  absl::StatusOr<Instance> InstanceToRead();
  // What to change. ResourceExhausted also when it has stopped.
  absl::StatusOr<Instance> InstanceToChange();
  void ReopenIfPossibleLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const RocksDbOptions options_;
  const std::shared_ptr<SpaceWatch> space_;
  std::atomic<uint64_t> next_ingest_{0};
  std::atomic<bool> unsynced_{true};  // Something may have been written without a sync.
  Mutex sync_mutex_;                  // Held while it is synced.
  Mutex compact_mutex_;               // Held by Compact.

  Mutex mutex_;
  std::shared_ptr<RocksDbInstance> instance_ ABSL_GUARDED_BY(mutex_);
  int64_t next_attempt_ns_ ABSL_GUARDED_BY(mutex_) = 0;
};

absl::StatusOr<RocksDbStore::Instance> RocksDbStore::InstanceToRead() {
  const MutexLock lock(&mutex_);
  if (instance_ == nullptr || space_->stopped()) ReopenIfPossibleLocked();
  if (instance_ != nullptr) return instance_;
  return absl::ResourceExhaustedError(fmt::format(
      "data directory {} cannot be opened again since its disk was full", options_.directory));
}

absl::StatusOr<RocksDbStore::Instance> RocksDbStore::InstanceToChange() {
  VIGIL_ASSIGN_OR_RETURN(Instance instance, InstanceToRead());
  if (!space_->stopped()) return instance;
  return absl::ResourceExhaustedError(fmt::format(
      "data directory {} takes no changes since its disk was full", options_.directory));
}

void RocksDbStore::ReopenIfPossibleLocked() {
  // Others get at the instance under the lock only: if it is ours alone, it stays so.
  if (instance_.use_count() > 1 || MonotonicNs() < next_attempt_ns_) return;
  if (!space_->CheckFreeToOpen().ok()) return;
  instance_.reset();
  space_->Reset();
  auto opened = RocksDbInstance::Open(options_, space_);
  if (opened.ok()) {
    instance_ = *std::move(opened);
    Log(LogLevel::kInfo, "disk has space again, store reopened",
        {{"directory", options_.directory}});
  } else {
    next_attempt_ns_ = MonotonicNs() + kNanosBetweenAttempts;
    Log(LogLevel::kError, "reopening the store failed", {{"error", opened.status().ToString()}});
  }
}

absl::Status RocksDbStore::Write(const WriteBatch& batch, Durability durability) {
  VIGIL_RETURN_IF_ERROR(batch.Check());
  if (Adds(batch)) VIGIL_RETURN_IF_ERROR(space_->CheckFree(batch.size_bytes()));
  VIGIL_ASSIGN_OR_RETURN(const Instance instance, InstanceToChange());
  VIGIL_ASSIGN_OR_RETURN(rocksdb::WriteBatch converted, ToRocksDb(batch, *instance));
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSync;
  const absl::Status status = FromRocksDb(instance->db().Write(options, &converted));
  // After it, or a sync before it would take the mark away.
  if (durability == Durability::kNoSync) unsynced_.store(true);
  VIGIL_RETURN_IF_ERROR(status);
  // The log may be a file without a name by now; then nothing of this is kept.
  return space_->CheckThere();
}

absl::Status RocksDbStore::SyncLog() {
  // Not DB::SyncWAL: it does not wait for its turn among the writes, and when one of them has just
  // failed it syncs a broken log, which is another failed assertion.
  const MutexLock lock(&sync_mutex_);  // Nobody is told so before it is done.
  if (!unsynced_.exchange(false)) return absl::OkStatus();
  const absl::StatusOr<Instance> instance = InstanceToChange();
  absl::Status status = instance.status();
  if (status.ok()) {
    rocksdb::WriteBatch nothing;
    rocksdb::WriteOptions options;
    options.sync = true;
    status = FromRocksDb((*instance)->db().Write(options, &nothing));
  }
  if (!status.ok()) unsynced_.store(true);
  return status;
}

absl::Status RocksDbStore::Ingest(Family family, const Entries& entries, TableEffort effort) {
  VIGIL_RETURN_IF_ERROR(CheckAscending(entries));
  if (entries.empty()) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(space_->CheckFree(TotalBytes(entries)));
  VIGIL_ASSIGN_OR_RETURN(const Instance instance, InstanceToChange());
  const std::string path =
      fmt::format("{}/{}{}.sst", options_.directory, kIngestPrefix, next_ingest_.fetch_add(1));
  absl::Status status = WriteTable(*instance, family, path, entries, effort);
  // RocksDB would do this while it keeps all writers waiting.
  rocksdb::ColumnFamilyHandle* const handle = instance->HandleOf(family);
  if (status.ok()) status = FromRocksDb(instance->db().Flush(rocksdb::FlushOptions(), handle));
  if (status.ok()) {
    rocksdb::IngestExternalFileOptions options;
    options.move_files = true;
    options.write_global_seqno = false;
    status = FromRocksDb(instance->db().IngestExternalFile(handle, {path}, options));
  }
  if (!status.ok()) {
    std::error_code ignored;  // What is left behind goes when the store is opened next.
    std::filesystem::remove(path, ignored);
  }
  return status;
}

absl::StatusOr<std::optional<std::string>> RocksDbStore::Get(Family family, std::string_view key,
                                                             const KeyValueSnapshot* snapshot) {
  VIGIL_ASSIGN_OR_RETURN(const Instance instance, InstanceToRead());
  VIGIL_ASSIGN_OR_RETURN(const rocksdb::Snapshot* at, RocksDbSnapshot::Unwrap(snapshot));
  rocksdb::ReadOptions options;
  options.snapshot = at;
  std::string value;
  const rocksdb::Status status =
      instance->db().Get(options, instance->HandleOf(family), ToSlice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  VIGIL_RETURN_IF_ERROR(FromRocksDb(status));
  return value;
}

std::unique_ptr<KeyValueIterator> RocksDbStore::NewIterator(Family family, KeyRange range,
                                                            const KeyValueSnapshot* snapshot,
                                                            CacheUse cache) {
  absl::StatusOr<Instance> instance = InstanceToRead();
  if (!instance.ok()) return std::make_unique<FailedIterator>(instance.status());
  const absl::StatusOr<const rocksdb::Snapshot*> at = RocksDbSnapshot::Unwrap(snapshot);
  if (!at.ok()) return std::make_unique<FailedIterator>(at.status());
  return std::make_unique<RocksDbIterator>(*std::move(instance), family, std::move(range), *at,
                                           cache);
}

std::unique_ptr<KeyValueSnapshot> RocksDbStore::NewSnapshot() {
  absl::StatusOr<Instance> instance = InstanceToRead();
  return std::make_unique<RocksDbSnapshot>(instance.ok() ? *std::move(instance) : nullptr);
}

absl::Status RocksDbStore::DropRange(Family family, std::string_view begin, std::string_view end) {
  // Hidden first, then removed: removing files first might lay bare older versions of their keys.
  WriteBatch batch;
  batch.DeleteRange(family, std::string(begin), std::string(end));
  VIGIL_RETURN_IF_ERROR(Write(batch, Durability::kSync));
  VIGIL_ASSIGN_OR_RETURN(const Instance instance, InstanceToChange());
  const rocksdb::Slice first = ToSlice(begin);
  const rocksdb::Slice last = ToSlice(end);
  return FromRocksDb(rocksdb::DeleteFilesInRange(&instance->db(), instance->HandleOf(family),
                                                 &first, &last, /*include_end=*/false));
}

absl::Status RocksDbStore::Flush() {
  VIGIL_ASSIGN_OR_RETURN(const Instance instance, InstanceToChange());
  return FromRocksDb(instance->db().Flush(rocksdb::FlushOptions(), instance->AllHandles()));
}

absl::Status RocksDbStore::Compact(Family family, const KeyRange& range, std::atomic<bool>* stop) {
  const MutexLock lock(&compact_mutex_);
  VIGIL_ASSIGN_OR_RETURN(const Instance instance, InstanceToChange());
  const AtRest at_rest(*instance, family);
  rocksdb::CompactRangeOptions options;
  options.canceled = stop;
  options.exclusive_manual_compaction = false;
  // Also what lies in the lowest level already: it may have been ingested or written in haste.
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const rocksdb::Slice lower = ToSlice(range.lower);
  const rocksdb::Slice upper = ToSlice(range.upper);
  const absl::Status status = FromRocksDb(instance->db().CompactRange(
      options, instance->HandleOf(family), &lower, range.upper.empty() ? nullptr : &upper));
  if (stop != nullptr && stop->load()) return absl::CancelledError("told to stop");
  return status;
}

absl::Status RocksDbStore::Checkpoint(const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const Instance instance, InstanceToChange());
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return absl::FailedPreconditionError(fmt::format("{} exists already", path));
  }
  rocksdb::Checkpoint* raw = nullptr;
  VIGIL_RETURN_IF_ERROR(FromRocksDb(rocksdb::Checkpoint::Create(&instance->db(), &raw)));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  VIGIL_RETURN_IF_ERROR_WITH(FromRocksDb(checkpoint->CreateCheckpoint(path)),
                             fmt::format("copying the store to {}", path));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> RocksDbStore::ApproximateBytes(Family family) {
  VIGIL_ASSIGN_OR_RETURN(const Instance instance, InstanceToRead());
  uint64_t bytes = 0;
  if (!instance->db().GetIntProperty(instance->HandleOf(family),
                                     rocksdb::DB::Properties::kLiveSstFilesSize, &bytes)) {
    return absl::UnavailableError(fmt::format("size of {} is not known", FamilyName(family)));
  }
  return bytes;
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
  VIGIL_RETURN_IF_ERROR(MakeDirectories(options.directory));
  VIGIL_RETURN_IF_ERROR(CheckWritable(options.directory));
  auto space = std::make_shared<SpaceWatch>(options.directory);
  VIGIL_ASSIGN_OR_RETURN(std::shared_ptr<RocksDbInstance> instance,
                         RocksDbInstance::Open(options, space));
  RemoveIngestLeftovers(options.directory);  // Under the store's lock.
  return std::make_unique<RocksDbStore>(options, std::move(space), std::move(instance));
}

}  // namespace vigil::storage
