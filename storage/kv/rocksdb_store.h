// SPDX-License-Identifier: Apache-2.0
//
// The key-value store on RocksDB: what vigil runs on. Each Family is a column family with a tuning
// of its own (rocksdb_options.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"

namespace vigil::storage {

struct RocksDbOptions {
  // Made if it is missing, with its parents.
  std::string directory;
  // What cached blocks and write buffers may take together.
  size_t memory_bytes = size_t{256} << 20;
  // How long the write-ahead log may grow before what it protects is written to tables. Bounds the
  // time that opening after a crash takes.
  uint64_t max_log_bytes = uint64_t{512} << 20;
  // Flushes and compactions that run at once; they share the machine with queries.
  int background_jobs = 2;
};

// Opens the store, recovering what its log holds. PermissionDenied when the directory cannot be
// written, FailedPrecondition when another process has it open or a newer vigil wrote it, DataLoss
// when it is damaged; all name the directory.
//
// Writes that find the disk full fail with ResourceExhausted; once there is space again, the next
// write succeeds. Iterators and snapshots must go before the store does.
absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenRocksDb(const RocksDbOptions& options);

}  // namespace vigil::storage
