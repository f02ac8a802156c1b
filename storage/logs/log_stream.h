// SPDX-License-Identifier: Apache-2.0
//
// One stream of logs: its labels, the number of its next record, its records in memory and the
// partitions where it has blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/base/thread_annotations.h>

#include "base/mutex.h"
#include "storage/logs/stream_row.h"
#include "storage/model/ids.h"
#include "storage/model/record.h"
#include "storage/records/chunk_list.h"
#include "storage/series/labels.h"

namespace vigil::storage {

// A record with its number, which is unique in the stream and rises with arrival.
struct NumberedRecord {
  uint64_t number = 0;
  LogRecord record;
};

inline int64_t TimeOf(const NumberedRecord& entry) { return entry.record.time_ns; }
inline const LogRecord& RecordOf(const NumberedRecord& entry) { return entry.record; }

using LogChunks = ChunkList<NumberedRecord>;

// Thread-safe.
class LogStream {
 public:
  LogStream(TenantId tenant, uint64_t number, StreamRow row);

  TenantId tenant() const { return tenant_; }
  uint64_t number() const { return number_; }
  const Labels& labels() const { return labels_; }

  // Takes `count` record numbers and returns the first.
  uint64_t TakeNumbers(uint64_t count);
  // Numbers given out from now on are `next_record` or higher.
  void SkipNumbersBelow(uint64_t next_record);

  // Whether the labels are in the journal or the stream's row: so it is once a record was applied.
  bool Defined() const;

  // Adds records to the open head; they are numbered from `first_number` on.
  void Append(uint64_t first_number, std::vector<LogRecord> records);

  // As in ShardPart. SealHead tells whether there is something to seal.
  bool SealHead();
  void DropSealed();
  std::vector<LogChunks::View> Sealed() const;

  // What readers start from: the records in memory, and where blocks may be.
  struct Snapshot {
    std::vector<LogChunks::View> records;
    std::vector<int64_t> partitions;  // Starts, ascending.
  };
  Snapshot TakeSnapshot() const;

  // Notes that flush number `flush` writes blocks into the partition.
  void AddPartition(int64_t start_ns, uint64_t flush);
  // Forgets partitions before `first_kept_ns` that no flush after `through_flush` writes to.
  void ForgetPartitions(int64_t first_kept_ns, uint64_t through_flush);
  // The oldest partition that may have blocks.
  std::optional<int64_t> OldestPartition() const;
  // Whether neither memory nor blocks have records of it.
  bool Empty() const;

  StreamRow Row() const;

 private:
  struct Partition {
    int64_t start_ns;
    uint64_t flush;  // The last one that wrote to it; 0 before this process.
  };

  std::vector<int64_t> PartitionStartsLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const TenantId tenant_;
  const uint64_t number_;
  const Labels labels_;

  mutable Mutex mutex_;
  uint64_t next_record_ ABSL_GUARDED_BY(mutex_);
  LogChunks open_ ABSL_GUARDED_BY(mutex_);
  LogChunks sealed_ ABSL_GUARDED_BY(mutex_);
  std::vector<Partition> partitions_ ABSL_GUARDED_BY(mutex_);  // Ascending.
};

}  // namespace vigil::storage
