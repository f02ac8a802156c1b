// SPDX-License-Identifier: Apache-2.0
//
// A disk for segments in memory that fails when it is told to, and that can lose power: what was
// not synced then is there in part, page by page, as chance has it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "base/mutex.h"
#include "storage/journal/segment_directory.h"

namespace vigil::storage::testing {

// Thread-safe. What directories are opened on it share it.
class FaultDisk {
 public:
  FaultDisk() = default;

  // Borrows the disk.
  std::unique_ptr<SegmentDirectory> Open();

  // The `nth` operation from now on (1 is the next) fails, of whatever kind it is, and so do the
  // `count` - 1 after it. A write leaves some of its bytes, a sync syncs some pages and forgets
  // that the others are not.
  void FailAt(int64_t nth, absl::Status error, int64_t count = 1);
  void ClearFaults() { FailAt(1, absl::OkStatus(), 0); }
  // How many operations failed.
  int64_t failures() const;
  // Writes take at most that many bytes at a time.
  void SetLongestWrite(size_t bytes);
  // Another disk has taken the place of this one.
  void SetVanished(bool vanished);
  int64_t syncs() const;
  // Syncs wait until they are let go.
  void HoldSyncs(bool hold);
  // Returns when one waits.
  void AwaitHeldSync();

  // The disk as it is found after the process was killed, or after power was lost.
  std::unique_ptr<FaultDisk> AfterKill() const;
  std::unique_ptr<FaultDisk> AfterPowerLoss(uint64_t seed) const;

  // The files as they are, for tests to look at and to damage.
  std::map<uint64_t, std::string> Files() const;
  void SetFile(uint64_t number, std::string contents);
  void RemoveFile(uint64_t number);

 private:
  friend class FaultFile;
  friend class FaultDirectory;

  struct File {
    std::string cached;
    std::string durable;
    std::set<uint64_t> dirty;  // Pages of `cached` that are not in `durable`.
    bool named = false;        // Its name is durable.
  };
  using FilePtr = std::shared_ptr<File>;

  absl::Status NextOutcomeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void PersistPage(const File& from, uint64_t page, std::string* to);

  mutable Mutex mutex_;
  std::map<uint64_t, FilePtr> files_ ABSL_GUARDED_BY(mutex_);
  // Gone, but that is not durable yet.
  std::map<uint64_t, FilePtr> removed_ ABSL_GUARDED_BY(mutex_);
  int64_t skip_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  int64_t failures_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t syncs_ ABSL_GUARDED_BY(mutex_) = 0;
  CondVar sync_changed_;
  bool hold_syncs_ ABSL_GUARDED_BY(mutex_) = false;
  bool sync_waits_ ABSL_GUARDED_BY(mutex_) = false;
  size_t longest_write_ ABSL_GUARDED_BY(mutex_) = SIZE_MAX;
  bool vanished_ ABSL_GUARDED_BY(mutex_) = false;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_){7};
};

}  // namespace vigil::storage::testing
