// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_offline.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include "base/status.h"
#include "storage/kv/rocksdb_instance.h"
#include "storage/kv/rocksdb_reader.h"
#include "storage/kv/rocksdb_status.h"

namespace vigil::storage {
namespace {

absl::Status RefuseChange() {
  return absl::FailedPreconditionError("the directory is open for reading only");
}

// Snapshots are not needed where nothing changes.
class ReadOnlyStore final : public KeyValueStore {
 public:
  explicit ReadOnlyStore(std::shared_ptr<const RocksDbInstance> instance)
      : instance_(std::move(instance)) {}

  absl::Status Write(const WriteBatch&, Durability) override { return RefuseChange(); }
  absl::Status SyncLog() override { return RefuseChange(); }
  absl::Status Ingest(Family, const std::vector<std::pair<std::string, std::string>>&,
                      TableEffort) override {
    return RefuseChange();
  }
  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key,
                                                 const KeyValueSnapshot*) override {
    std::string value;
    const rocksdb::Status status = instance_->db().Get(
        rocksdb::ReadOptions(), instance_->HandleOf(family), ToSlice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    VIGIL_RETURN_IF_ERROR(FromRocksDb(status));
    return value;
  }
  std::unique_ptr<KeyValueIterator> NewIterator(Family family, KeyRange range,
                                                const KeyValueSnapshot*, CacheUse cache) override {
    return std::make_unique<RocksDbIterator>(instance_, family, std::move(range), nullptr, cache);
  }
  std::unique_ptr<KeyValueSnapshot> NewSnapshot() override {
    return std::make_unique<RocksDbSnapshot>(nullptr);
  }
  absl::Status DropRange(Family, std::string_view, std::string_view) override {
    return RefuseChange();
  }
  absl::Status Flush() override { return RefuseChange(); }
  absl::Status Compact(Family, const KeyRange&, std::atomic<bool>*) override {
    return RefuseChange();
  }
  absl::Status Checkpoint(const std::string&) override { return RefuseChange(); }
  absl::StatusOr<uint64_t> ApproximateBytes(Family family) override {
    uint64_t bytes = 0;
    instance_->db().GetIntProperty(instance_->HandleOf(family),
                                   rocksdb::DB::Properties::kLiveSstFilesSize, &bytes);
    return bytes;
  }

 private:
  const std::shared_ptr<const RocksDbInstance> instance_;
};

std::optional<Family> FamilyNamed(std::string_view name) {
  if (name == rocksdb::kDefaultColumnFamilyName) return Family::kMeta;
  for (int i = 0; i < kFamilyCount; ++i) {
    if (name == FamilyName(static_cast<Family>(i))) return static_cast<Family>(i);
  }
  return std::nullopt;
}

}  // namespace

OfflineRocksDb::OfflineRocksDb(std::shared_ptr<const RocksDbInstance> instance,
                               std::unique_ptr<KeyValueStore> store)
    : instance_(std::move(instance)), store_(std::move(store)) {}

OfflineRocksDb::~OfflineRocksDb() = default;

absl::StatusOr<std::unique_ptr<OfflineRocksDb>> OfflineRocksDb::Open(const Options& options) {
  RocksDbOptions rocksdb;
  rocksdb.directory = options.directory;
  rocksdb.memory_bytes = options.cache_bytes;
  VIGIL_ASSIGN_OR_RETURN(
      std::shared_ptr<const RocksDbInstance> instance,
      RocksDbInstance::OpenForReading(rocksdb, options.log_mode == LogMode::kWhole));
  auto store = std::make_unique<ReadOnlyStore>(instance);
  return std::unique_ptr<OfflineRocksDb>(new OfflineRocksDb(std::move(instance), std::move(store)));
}

std::vector<OfflineRocksDb::Table> OfflineRocksDb::Tables() const {
  std::vector<rocksdb::LiveFileMetaData> files;
  instance_->db().GetLiveFilesMetaData(&files);
  std::vector<Table> tables;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const std::optional<Family> family = FamilyNamed(file.column_family_name);
    if (!family.has_value()) continue;
    tables.push_back({.path = file.db_path + file.name,
                      .family = *family,
                      .size_bytes = file.size,
                      .smallest = file.smallestkey,
                      .largest = file.largestkey});
  }
  std::sort(tables.begin(), tables.end(), [](const Table& a, const Table& b) {
    return std::tie(a.family, a.smallest, a.path) < std::tie(b.family, b.smallest, b.path);
  });
  return tables;
}

uint64_t OfflineRocksDb::OffsetOf(Family family, const std::string& key) const {
  rocksdb::SizeApproximationOptions options;
  options.files_size_error_margin = -1;  // As exact as the indexes are.
  const rocksdb::Range range("", key);
  uint64_t offset = 0;
  const rocksdb::Status status =
      instance_->db().GetApproximateSizes(options, instance_->HandleOf(family), &range, 1, &offset);
  return status.ok() ? offset : 0;
}

absl::Status CanOpenTable(const std::string& path) {
  rocksdb::SstFileReader reader{rocksdb::Options()};
  return FromRocksDb(reader.Open(path));
}

absl::Status VerifyTable(const std::string& path) {
  rocksdb::SstFileReader reader{rocksdb::Options()};
  VIGIL_RETURN_IF_ERROR(FromRocksDb(reader.Open(path)));
  return FromRocksDb(reader.VerifyChecksum());
}

}  // namespace vigil::storage
