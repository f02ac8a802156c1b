// SPDX-License-Identifier: Apache-2.0
//
// What can still be read of a damaged directory, and how a copy of one is made to open at all.
#pragma once

#include <string>
#include <string_view>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include "storage/kv/kv_store.h"
#include "storage/kv/rocksdb_offline.h"

namespace vigil::storage {

// Entries that cannot be read. Their keys lie above `after` and below `before`; an empty `after`
// stands for the beginning, an empty `before` for the end of the family.
struct Gap {
  std::string after;
  std::string before;
  absl::Status reason;
};

// Calls `visit(key, value)` for each entry of a family that can be read, in order, and `gap` for
// each stretch of damaged blocks between them. Returns the first failure of `visit`.
absl::Status WalkReadable(
    OfflineRocksDb& offline, Family family,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)> visit,
    absl::FunctionRef<void(const Gap& gap)> gap);

// Whether the records of the catalogue reach to its end. A record of a wrong length at the end
// looks to RocksDB as if the writing of it had been cut off: it is passed over without a word, and
// with it the tables that it names. DataLoss if that is so.
absl::Status CheckCatalogueEnd(const std::string& directory);

// The directories below must be copies that nobody needs: they are changed.

// Makes the store's catalogue anew from the tables and logs that can be read.
absl::Status RebuildCatalogue(const std::string& directory);

// Takes a table file that cannot be opened out of the catalogue.
absl::Status ForgetTable(const std::string& directory, const std::string& path);

}  // namespace vigil::storage
