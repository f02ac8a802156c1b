// SPDX-License-Identifier: Apache-2.0
//
// Gets RocksDB going again after the disk was full. RocksDB stops itself then and waits for DB::
// Resume; its own watcher asks for as much free space as all write buffers might take, which a
// small disk never has again, so it is switched off.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include "base/mutex.h"

namespace vigil::storage {

// Thread-safe. Handed to RocksDB as a listener.
class SpaceWatch final : public rocksdb::EventListener {
 public:
  explicit SpaceWatch(std::string directory) : directory_(std::move(directory)) {}

  // Resumes `db` if it stopped for want of space and there is some now. Cheap otherwise; called
  // before every write.
  void ResumeIfPossible(rocksdb::DB* db);

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;

 private:
  const std::string directory_;
  std::atomic<bool> stopped_{false};
  Mutex resume_mutex_;
  int64_t next_attempt_ns_ ABSL_GUARDED_BY(resume_mutex_) = 0;
};

}  // namespace vigil::storage
