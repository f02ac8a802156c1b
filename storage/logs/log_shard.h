// SPDX-License-Identifier: Apache-2.0
//
// The logs of one shard: streams (label sets) of records, open ones in memory and blocks of
// columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/logs/log_batch.h"
#include "storage/logs/log_merge.h"
#include "storage/logs/log_selection.h"
#include "storage/model/ids.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"
#include "storage/shard/shard_part.h"

namespace vigil::storage {

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

  // The streams that match, sorted by labels, then number: for a LogMerge over several shards.
  virtual std::vector<LogSource> Sources(TenantId tenant,
                                         const std::vector<Matcher>& matchers) const = 0;

  // The label sets of streams that match, sorted.
  virtual absl::StatusOr<std::vector<Labels>> Streams(TenantId tenant,
                                                      const std::vector<Matcher>& matchers) = 0;

  // What a limit of streams is held against: how many there are of the tenant, and whether one is
  // there already.
  virtual uint64_t StreamCount(TenantId tenant) const = 0;
  virtual bool HasStream(TenantId tenant, const Labels& labels) const = 0;

  virtual LogShardStats Stats() const = 0;
};

}  // namespace vigil::storage
