// SPDX-License-Identifier: Apache-2.0
//
// The one place where RocksDB's statuses become ours.
#pragma once

#include <absl/status/status.h>
#include <rocksdb/status.h>

namespace vigil::storage {

// DataLoss for corruption, ResourceExhausted for a full disk, Unavailable for other failures of the
// system, Internal where RocksDB says that we misuse it.
absl::Status FromRocksDb(const rocksdb::Status& status);

}  // namespace vigil::storage
