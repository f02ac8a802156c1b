// SPDX-License-Identifier: Apache-2.0
//
// Reads of spans: one trace, or all that start in a range. Both are given what is in memory first
// and take their snapshot of the store afterwards, so that a flush in between leaves a span in both
// places rather than in neither; equal identities tell.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/block/row_block_reader.h"
#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"
#include "storage/model/record.h"
#include "storage/records/partitioning.h"
#include "storage/spans/span_block.h"
#include "storage/spans/span_head.h"
#include "storage/spans/span_visitor.h"

namespace vigil::storage {

// Where spans are read from.
struct SpanSource {
  KeyValueStore* store;
  uint8_t shard;
  TenantId tenant;
};

// The spans of a trace, by start; `in_memory` in order of arrival.
absl::StatusOr<std::vector<Span>> ReadTrace(const SpanSource& source, const TraceId& trace_id,
                                            const std::vector<SpanRef>& in_memory);

// Of spans in order of arrival the last one of each identity, by start.
std::vector<const Span*> LatestByStart(const std::vector<SpanChunks::View>& views);

// One read of the spans that start in [start_ns, end_ns). Not thread-safe.
class SpanRangeRead {
 public:
  // `source.store` and `in_memory` (in order of arrival) must outlive the read.
  SpanRangeRead(const SpanSource& source, const RecordPartitioning& partitioning, int64_t start_ns,
                int64_t end_ns, const std::vector<SpanChunks::View>& in_memory);

  // Called once. Blocks in the order of their partitions, spans in memory in between.
  absl::Status Run(SpanVisitor visit);

 private:
  bool InRange(int64_t time_ns) const { return time_ns >= start_ns_ && time_ns < end_ns_; }
  KeyRange BlockRange(const RecordPartitioning& partitioning) const;
  // These return false when the visitor wants no more.
  absl::StatusOr<bool> VisitBlock(std::string_view key, std::string_view value, SpanVisitor visit);
  bool VisitMemoryUntil(int64_t time_ns, SpanVisitor visit);

  // The rows of block number `sequence` to be told.
  absl::StatusOr<std::vector<uint32_t>> SelectRows(const SpanBlockRows& rows, uint64_t sequence);
  // Adds the spans of the trace that are in blocks after `sequence` to `later`.
  absl::Status AddLater(const TraceId& trace_id, uint64_t sequence,
                        absl::flat_hash_set<SpanIdentity>* later);

  const SpanSource source_;
  const int64_t start_ns_;
  const int64_t end_ns_;
  std::vector<const Span*> memory_;  // Latest ones, by start.
  size_t next_memory_ = 0;
  absl::flat_hash_set<SpanIdentity> in_memory_;
  std::unique_ptr<KeyValueSnapshot> snapshot_;
  std::unique_ptr<KeyValueIterator> blocks_;
  std::unique_ptr<KeyValueIterator> index_;
};

}  // namespace vigil::storage
