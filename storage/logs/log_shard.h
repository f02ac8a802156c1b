// SPDX-License-Identifier: Apache-2.0
//
// The logs of one shard: streams (label sets) of records, open ones in memory and blocks of
// columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"
#include "storage/model/record.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"
#include "storage/shard/shard_part.h"

namespace vigil::storage {

class LogStream;

// Records of one stream, any order.
struct LogStreamBatch {
  Labels labels;
  std::vector<LogRecord> records;

  // Filled in by LogShard::Encode: where the records go, and the number of the first of them. While
  // the batch lives, its streams do.
  std::shared_ptr<LogStream> stream;
  uint64_t first_number = 0;
};

struct LogBatch {
  std::vector<LogStreamBatch> streams;
  size_t size() const {
    size_t count = 0;
    for (const LogStreamBatch& stream : streams) count += stream.records.size();
    return count;
  }
};

struct LogOptions {
  int64_t partition_ms = 24 * 3600 * 1000;
  // Rows of a block at most.
  size_t max_block_rows = 8192;
};

struct LogShardStats {
  uint64_t streams = 0;
  uint64_t head_records = 0;
  uint64_t head_bytes = 0;
};

// Half-open, nanoseconds.
struct TimeRangeNs {
  int64_t start_ns = 0;
  int64_t end_ns = 0;
};

// What to read, and hints that let blocks be skipped unread.
struct LogSelection {
  std::vector<Matcher> stream_matchers;
  TimeRangeNs range;
  // Texts that must all occur in the record's body (its text form); checked against token filters
  // only, so the visitor still sees records without them.
  std::vector<std::string> required_substrings;
  // Only records of this trace, if it is not none. Exact.
  TraceId trace_id;
  bool newest_first = true;
};

// Gets each record with the labels of its stream and the record's number, which is unique in the
// stream and rises with arrival. Returns false to stop.
using LogVisitor =
    absl::FunctionRef<bool(const Labels& stream, uint64_t number, const LogRecord& record)>;

// Thread-safe.
class LogShard : public ShardPart {
 public:
  // `store` must outlive the shard.
  static std::unique_ptr<LogShard> Create(uint32_t shard_number, KeyValueStore* store,
                                          const LogOptions& options);

  // Journal form of a batch, and its application once durable; as in MetricShard. Encode registers
  // streams that are new and numbers the records, which it notes in `batch` for Apply: both are to
  // be the same after a replay. A batch that is encoded again gets new numbers.
  virtual void Encode(TenantId tenant, LogBatch& batch, std::string* payload) = 0;
  // Requires: `batch` went through Encode.
  virtual void Apply(TenantId tenant, LogBatch batch) = 0;

  // Visits the selected records of all matching streams merged in time order (ties: by the stream's
  // labels, then number); newest first is exactly the reverse. Holds about one block per stream.
  virtual absl::Status Read(TenantId tenant, const LogSelection& selection, LogVisitor visit) = 0;

  // The label sets of streams that match, sorted.
  virtual absl::StatusOr<std::vector<Labels>> Streams(TenantId tenant,
                                                      const std::vector<Matcher>& matchers) = 0;

  virtual LogShardStats Stats() const = 0;
};

}  // namespace vigil::storage
