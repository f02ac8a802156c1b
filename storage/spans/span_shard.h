// SPDX-License-Identifier: Apache-2.0
//
// The spans of one shard: all spans of a trace are in the shard that its id hashes to. Open ones
// are in memory, kept ones in column blocks, and an index leads from a trace id to its blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"
#include "storage/model/record.h"
#include "storage/shard/shard_part.h"
#include "storage/spans/span_visitor.h"

namespace vigil::storage {

struct SpanOptions {
  int64_t partition_ms = 24 * 3600 * 1000;
  size_t max_block_rows = 8192;
};

struct SpanShardStats {
  uint64_t head_spans = 0;  // As they arrived, repeats included.
  uint64_t head_bytes = 0;
};

// Thread-safe. A span that arrives twice (same trace and span id) is told once, the later one.
class SpanShard : public ShardPart {
 public:
  // `store` must outlive the shard.
  static std::unique_ptr<SpanShard> Create(uint32_t shard_number, KeyValueStore* store,
                                           const SpanOptions& options);

  // Journal form of spans, and their application once durable; as in MetricShard.
  virtual void Encode(TenantId tenant, const std::vector<Span>& spans, std::string* payload) = 0;
  virtual void Apply(TenantId tenant, std::vector<Span> spans) = 0;

  // All spans of a trace, by start time; empty if there is none.
  virtual absl::StatusOr<std::vector<Span>> Trace(TenantId tenant, TraceId trace_id) = 0;

  // Visits the spans that start in [start_ns, end_ns), roughly in time order.
  virtual absl::Status Read(TenantId tenant, int64_t start_ns, int64_t end_ns,
                            SpanVisitor visit) = 0;

  virtual SpanShardStats Stats() const = 0;
};

}  // namespace vigil::storage
