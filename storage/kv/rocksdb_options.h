// SPDX-License-Identifier: Apache-2.0
//
// How RocksDB is tuned: for the store as a whole and for each family by the way it is used.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <rocksdb/db.h>

#include "storage/kv/kv_store.h"
#include "storage/kv/rocksdb_store.h"

namespace vigil::storage {

// The store-wide options and, in the order of Family, each family's name and options. All share one
// block cache, to which write buffers are charged too.
struct RocksDbTuning {
  rocksdb::DBOptions store;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
};
RocksDbTuning MakeTuning(const RocksDbOptions& options);

// How a family's tables are packed that will not be written again soon, and the way back to those
// that may be, for DB::SetOptions. Empty for a family that makes no difference.
using ChangedOptions = std::unordered_map<std::string, std::string>;
ChangedOptions AtRestOptions(Family family);
ChangedOptions InMotionOptions(Family family);
// The former for a table that is written apart.
void PackAtRest(Family family, rocksdb::ColumnFamilyOptions* options);

}  // namespace vigil::storage
