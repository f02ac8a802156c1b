// SPDX-License-Identifier: Apache-2.0
//
// An open rocksdb::DB with its column families. The store opens another when this one has stopped.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>
#include <rocksdb/db.h>

#include "storage/kv/kv_store.h"
#include "storage/kv/rocksdb_space.h"
#include "storage/kv/rocksdb_store.h"

namespace vigil::storage {

// Shared by the store and everything that reads from it. Thread-safe as rocksdb::DB is.
class RocksDbInstance {
 public:
  // The errors are those of OpenRocksDb.
  static absl::StatusOr<std::shared_ptr<RocksDbInstance>> Open(const RocksDbOptions& options,
                                                               std::shared_ptr<SpaceWatch> space);
  // To be looked at only; see OfflineRocksDb. `whole_log`: a log that ends in a torn or damaged
  // record is DataLoss.
  static absl::StatusOr<std::shared_ptr<RocksDbInstance>> OpenForReading(
      const RocksDbOptions& options, bool whole_log);

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* HandleOf(Family family) const {
    return families_[static_cast<size_t>(family)].get();
  }
  std::vector<rocksdb::ColumnFamilyHandle*> AllHandles() const;

 private:
  using Handles = std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>>;
  RocksDbInstance(std::unique_ptr<rocksdb::DB> db, Handles families)
      : db_(std::move(db)), families_(std::move(families)) {}

  const std::unique_ptr<rocksdb::DB> db_;
  const Handles families_;  // Behind db_: handles go first.
};

}  // namespace vigil::storage
