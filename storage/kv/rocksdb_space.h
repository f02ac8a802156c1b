// SPDX-License-Identifier: Apache-2.0
//
// Keeps RocksDB away from the end of the disk, and gets it going again when it hit it. RocksDB
// stops itself then until DB::Resume is called; its own watcher would do so only when as much is
// free as all write buffers might take, which a small disk never has again, so it is switched off.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include <absl/status/status.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include "base/mutex.h"

namespace vigil::storage {

// Thread-safe. Handed to RocksDB as a listener.
class SpaceWatch final : public rocksdb::EventListener {
 public:
  explicit SpaceWatch(std::string directory) : directory_(std::move(directory)) {}

  // ResourceExhausted unless `bytes` may be added: the last part of the disk is kept for what gives
  // space back (deletions, and the flushes and compactions behind them).
  absl::Status CheckFree(uint64_t bytes) const;

  // Called before each write. Resumes `db` if it stopped for want of space and there is some now,
  // and sees to it that it can be resumed if this write is the one that finds the disk full.
  void PrepareWrite(rocksdb::DB* db);

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;
  void OnMemTableSealed(const rocksdb::MemTableInfo& info) override;

 private:
  void ResumeIfPossible(rocksdb::DB* db);

  const std::string directory_;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> buffers_may_be_empty_{true};
  Mutex resume_mutex_;
  int64_t next_attempt_ns_ ABSL_GUARDED_BY(resume_mutex_) = 0;
};

}  // namespace vigil::storage
