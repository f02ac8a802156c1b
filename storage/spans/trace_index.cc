// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/trace_index.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

namespace vigil::storage {
namespace {

std::string IndexKey(const SpanBlockKey& block, const TraceId& trace_id) {
  return TraceIndexKey{.tenant = block.tenant,
                       .trace_id = trace_id,
                       .partition_start_ns = block.partition_start_ns,
                       .sequence = block.sequence}
      .Encode();
}

}  // namespace

void AddTraceIndex(const SpanBlockKey& block, std::span<const Span* const> spans,
                   WriteBatch* batch) {
  absl::flat_hash_map<TraceId, std::vector<SpanId>> span_ids;
  for (const Span* span : spans) span_ids[span->trace_id].push_back(span->span_id);
  for (const auto& [trace_id, ids] : span_ids) {
    batch->Put(Family::kTraceIndex, IndexKey(block, trace_id), EncodeSpanIds(ids));
  }
}

void RemoveTraceIndex(const SpanBlockKey& block, const TraceIdColumn& trace_ids,
                      WriteBatch* batch) {
  const absl::flat_hash_set<TraceId> distinct(trace_ids.values.begin(), trace_ids.values.end());
  for (const TraceId& trace_id : distinct) {
    batch->Delete(Family::kTraceIndex, IndexKey(block, trace_id));
  }
}

std::string EncodeSpanIds(std::span<const SpanId> span_ids) {
  std::string bytes;
  bytes.reserve(span_ids.size() * sizeof(SpanId));
  for (const SpanId& id : span_ids) bytes += id.AsBytes();
  return bytes;
}

absl::StatusOr<std::vector<SpanId>> DecodeSpanIds(std::string_view bytes) {
  if (bytes.size() % sizeof(SpanId) != 0) {
    return absl::DataLossError(fmt::format("trace index: {} bytes of span ids", bytes.size()));
  }
  std::vector<SpanId> span_ids;
  for (size_t at = 0; at < bytes.size(); at += sizeof(SpanId)) {
    span_ids.push_back(SpanId::FromBytes(bytes.substr(at, sizeof(SpanId))));
  }
  return span_ids;
}

}  // namespace vigil::storage
