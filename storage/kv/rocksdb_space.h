// SPDX-License-Identifier: Apache-2.0
//
// Keeps RocksDB away from the end of the disk, and notices when it hit it and stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include <absl/status/status.h>
#include <rocksdb/listener.h>

#include "storage/kv/disk_space.h"

namespace vigil::storage {

// Thread-safe. Handed to RocksDB as a listener.
class SpaceWatch final : public rocksdb::EventListener {
 public:
  explicit SpaceWatch(const std::string& directory) : directory_(directory), disk_(directory) {}

  // See DiskSpace.
  absl::Status CheckFree(uint64_t bytes) const { return disk_.CheckFree(bytes); }
  absl::Status CheckThere() const { return disk_.CheckThere(); }

  // As above for what opening the store takes: it writes what the log holds to tables.
  absl::Status CheckFreeToOpen() const;

  // Whether RocksDB takes no more writes since the disk was full. It stays so for this rocksdb::DB.
  bool stopped() const { return stopped_.load(std::memory_order_acquire); }
  // A new rocksdb::DB is about to be opened.
  void Reset() { stopped_.store(false, std::memory_order_release); }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;

 private:
  const std::string directory_;
  const DiskSpace disk_;
  std::atomic<bool> stopped_{false};
};

}  // namespace vigil::storage
