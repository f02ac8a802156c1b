// SPDX-License-Identifier: Apache-2.0
//
// A data directory that nobody serves, opened to be looked at: nothing in it is changed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"

namespace vigil::storage {

class RocksDbInstance;

// Thread-safe. Two processes may look at one directory; whoever looks keeps servers away with a
// DirectoryHold.
class OfflineRocksDb {
 public:
  enum class LogMode {
    kWhole,       // Every record of the log must be there, down to the last byte.
    kUntilDamage  // Takes the log up to the first record that cannot be read, as a server does.
  };
  struct Options {
    std::string directory;
    LogMode log_mode = LogMode::kUntilDamage;
    size_t cache_bytes = size_t{64} << 20;
  };
  // DataLoss when the catalogue, or with kWhole the log, is damaged; FailedPrecondition when the
  // directory was written by another version.
  static absl::StatusOr<std::unique_ptr<OfflineRocksDb>> Open(const Options& options);
  ~OfflineRocksDb();

  // Writes fail. Lives as long as this does.
  KeyValueStore& store() { return *store_; }

  struct Table {
    std::string path;
    Family family = Family::kMeta;
    uint64_t size_bytes = 0;
    // Keys in it, both ends included.
    std::string smallest;
    std::string largest;
  };
  // The table files that are in use, in the order of families, then of keys.
  std::vector<Table> Tables() const;
  // How many bytes of tables lie below `key`, as their indexes tell: rises with the key, block by
  // block.
  uint64_t OffsetOf(Family family, const std::string& key) const;

 private:
  OfflineRocksDb(std::shared_ptr<const RocksDbInstance> instance,
                 std::unique_ptr<KeyValueStore> store);

  const std::shared_ptr<const RocksDbInstance> instance_;
  const std::unique_ptr<KeyValueStore> store_;
};

// Whether a table file can be read at all: its footer, index and properties.
absl::Status CanOpenTable(const std::string& path);

// Reads a table file from end to end and verifies each of its checksums. DataLoss says what is
// wrong.
absl::Status VerifyTable(const std::string& path);

}  // namespace vigil::storage
