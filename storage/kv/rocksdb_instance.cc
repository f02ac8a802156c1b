// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_instance.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/rocksdb_options.h"
#include "storage/kv/rocksdb_status.h"

namespace vigil::storage {
namespace {

// What went wrong when RocksDB would not open, in words for the person who started us.
absl::Status OpenFailure(const rocksdb::Status& status, const std::string& directory) {
  const absl::Status converted = FromRocksDb(status);
  if (status.IsIOError() && MessageOf(converted).find("/LOCK") != std::string_view::npos) {
    return absl::FailedPreconditionError(
        fmt::format("data directory {} is in use by another process: stop that one, or choose "
                    "another directory with --data-dir",
                    directory));
  }
  if (status.IsInvalidArgument()) {
    return absl::FailedPreconditionError(
        fmt::format("data directory {} was written by a newer version of vigil, or by another "
                    "program ({}): run that one, or choose another directory with --data-dir",
                    directory, MessageOf(converted)));
  }
  if (status.IsCorruption()) {
    return absl::DataLossError(
        fmt::format("data directory {} is damaged ({}): put back a backup of it, or choose another "
                    "directory with --data-dir",
                    directory, MessageOf(converted)));
  }
  return Annotate(converted, fmt::format("opening data directory {}", directory));
}

}  // namespace

absl::StatusOr<std::shared_ptr<RocksDbInstance>> RocksDbInstance::Open(
    const RocksDbOptions& options, std::shared_ptr<SpaceWatch> space) {
  RocksDbTuning tuning = MakeTuning(options);
  tuning.store.listeners.push_back(std::move(space));
  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status =
      rocksdb::DB::Open(tuning.store, options.directory, tuning.families, &handles, &raw);
  if (!status.ok()) return OpenFailure(status, options.directory);
  std::unique_ptr<rocksdb::DB> db(raw);
  Handles families(handles.begin(), handles.end());
  return std::shared_ptr<RocksDbInstance>(new RocksDbInstance(std::move(db), std::move(families)));
}

absl::StatusOr<std::shared_ptr<RocksDbInstance>> RocksDbInstance::OpenForReading(
    const RocksDbOptions& options, bool whole_log) {
  RocksDbTuning tuning = MakeTuning(options);
  tuning.store.create_if_missing = false;
  tuning.store.create_missing_column_families = false;
  if (whole_log) {
    tuning.store.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  }
  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(tuning.store, options.directory,
                                                              tuning.families, &handles, &raw);
  if (!status.ok()) return OpenFailure(status, options.directory);
  std::unique_ptr<rocksdb::DB> db(raw);
  Handles families(handles.begin(), handles.end());
  return std::shared_ptr<RocksDbInstance>(new RocksDbInstance(std::move(db), std::move(families)));
}

std::vector<rocksdb::ColumnFamilyHandle*> RocksDbInstance::AllHandles() const {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  for (const auto& family : families_) handles.push_back(family.get());
  return handles;
}

}  // namespace vigil::storage
