// SPDX-License-Identifier: Apache-2.0
//
// Reads log streams merged in time order. A queue holds, for each stream, what is in memory, the
// partitions not looked at and the blocks not opened, each at the first time (in the direction of
// reading) at which it can have a record. Only what comes to the front is looked into, so blocks
// outside the range or behind the last record visited are never opened.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <absl/status/status.h>

#include "storage/kv/kv_store.h"
#include "storage/logs/log_cursor.h"
#include "storage/logs/log_selection.h"
#include "storage/logs/log_stream.h"
#include "storage/records/partitioning.h"

namespace vigil::storage {

// A stream and the shard that keeps its blocks.
struct LogSource {
  uint8_t shard = 0;
  std::shared_ptr<LogStream> stream;
};

// One read, over any number of shards of one store. Not thread-safe.
class LogMerge {
 public:
  // `sources` are sorted in the order in which ties are told. `store` and `selection` must outlive
  // the merge. From here on what is read is fixed.
  LogMerge(KeyValueStore* store, RecordPartitioning partitioning, const LogSelection& selection,
           std::vector<LogSource> sources);

  // Called once.
  absl::Status Run(LogVisitor visit);

 private:
  struct Stream {
    LogSource source;
    LogStream::Snapshot snapshot;
    std::optional<NumberSet> in_memory;  // Made when a block is opened.
  };
  struct Partition {
    int64_t start_ns;
  };
  struct Block {
    std::string key;
  };
  struct Entry {
    int64_t time_ns;  // Of the cursor's record, or a bound.
    size_t stream;    // Index into streams_.
    uint64_t number;  // Of the cursor's record.
    std::variant<Partition, Block, std::unique_ptr<LogCursor>> source;

    bool IsBound() const { return !std::holds_alternative<std::unique_ptr<LogCursor>>(source); }
  };

  // Whether `a` is to be handled before `b`.
  bool Before(const Entry& a, const Entry& b) const;
  void Push(Entry entry);
  Entry Pop();
  void PushCursor(size_t stream, std::unique_ptr<LogCursor> cursor);
  void PushStream(size_t stream);
  absl::Status ListBlocks(size_t stream, const Partition& partition);
  absl::Status OpenBlock(size_t stream, const Block& block);
  // Visits the cursor's records as long as none other comes before; false to stop.
  bool VisitRun(Entry entry, LogVisitor visit);

  KeyValueStore& store_;
  const RecordPartitioning partitioning_;
  const LogSelection& selection_;
  std::vector<Stream> streams_;
  std::unique_ptr<KeyValueSnapshot> snapshot_;
  std::vector<Entry> queue_;  // A heap.
};

}  // namespace vigil::storage
