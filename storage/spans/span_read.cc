// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_read.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <absl/container/flat_hash_map.h>

#include "base/status.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/records/corrupt_block.h"
#include "storage/spans/trace_index.h"

namespace vigil::storage {
namespace {

bool ByStart(const Span& a, const Span& b) {
  return std::tie(a.start_ns, a.trace_id, a.span_id) < std::tie(b.start_ns, b.trace_id, b.span_id);
}

// The keys of the blocks that have spans of the trace, oldest first.
absl::StatusOr<std::vector<SpanBlockKey>> BlocksOfTrace(const SpanSource& source,
                                                        const TraceId& trace_id,
                                                        const KeyValueSnapshot& snapshot) {
  std::vector<SpanBlockKey> blocks;
  VIGIL_RETURN_IF_ERROR_WITH(
      ForEach(
          *source.store, Family::kTraceIndex,
          PrefixRange(TraceIndexKey::Prefix(source.tenant, trace_id)),
          [&](std::string_view encoded, std::string_view) -> absl::Status {
            VIGIL_ASSIGN_OR_RETURN(const TraceIndexKey key, TraceIndexKey::Decode(encoded));
            blocks.push_back({source.tenant, source.shard, key.partition_start_ns, key.sequence});
            return absl::OkStatus();
          },
          &snapshot),
      "looking up a trace");
  std::sort(blocks.begin(), blocks.end(),
            [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
  return blocks;
}

// Appends the spans of the trace in an encoded block.
absl::Status AppendTraceSpans(std::string_view bytes, const TraceId& trace_id,
                              std::vector<Span>* spans) {
  VIGIL_ASSIGN_OR_RETURN(const RowBlockReader reader, RowBlockReader::Open(bytes));
  VIGIL_ASSIGN_OR_RETURN(SpanBlockRows rows, SpanBlockRows::Read(reader));
  std::vector<size_t> wanted;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (rows.trace_ids[row] == trace_id) wanted.push_back(row);
  }
  if (wanted.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const SpanBlock block, SpanBlock::Read(reader, std::move(rows)));
  for (const size_t row : wanted) spans->push_back(block.Row(row));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Span>> ReadTrace(const SpanSource& source, const TraceId& trace_id,
                                            const std::vector<SpanRef>& in_memory) {
  const std::unique_ptr<KeyValueSnapshot> snapshot = source.store->NewSnapshot();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<SpanBlockKey> blocks,
                         BlocksOfTrace(source, trace_id, *snapshot));
  std::vector<Span> arrived;
  for (const SpanBlockKey& block : blocks) {
    const std::string key = block.Encode();
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::optional<std::string> bytes,
                                source.store->Get(Family::kSpanBlocks, key, snapshot.get()),
                                "reading a span block");
    // Retention gives space back at once, whatever snapshots there are.
    if (!bytes) continue;
    const absl::Status read = AppendTraceSpans(*bytes, trace_id, &arrived);
    if (!read.ok()) ReportCorruptBlock(Family::kSpanBlocks, key, read);
  }
  for (const SpanRef& span : in_memory) arrived.push_back(*span);

  absl::flat_hash_map<SpanId, size_t> latest;
  for (size_t i = 0; i < arrived.size(); ++i) latest[arrived[i].span_id] = i;
  std::vector<Span> spans;
  for (size_t i = 0; i < arrived.size(); ++i) {
    if (latest[arrived[i].span_id] == i) spans.push_back(std::move(arrived[i]));
  }
  std::sort(spans.begin(), spans.end(), &ByStart);
  return spans;
}

std::vector<const Span*> LatestByStart(const std::vector<SpanChunks::View>& views) {
  absl::flat_hash_set<SpanIdentity> seen;
  std::vector<const Span*> spans;
  for (auto view = views.rbegin(); view != views.rend(); ++view) {
    for (auto span = view->records.rbegin(); span != view->records.rend(); ++span) {
      if (seen.insert(IdentityOf(*span)).second) spans.push_back(&*span);
    }
  }
  std::sort(spans.begin(), spans.end(),
            [](const Span* a, const Span* b) { return ByStart(*a, *b); });
  return spans;
}

SpanRangeRead::SpanRangeRead(const SpanSource& source, const RecordPartitioning& partitioning,
                             int64_t start_ns, int64_t end_ns,
                             const std::vector<SpanChunks::View>& in_memory)
    : source_(source), start_ns_(start_ns), end_ns_(end_ns), memory_(LatestByStart(in_memory)) {
  // Identities of all, also of those outside the range: they replace what is in blocks, too.
  for (const Span* span : memory_) in_memory_.insert(IdentityOf(*span));
  std::erase_if(memory_, [this](const Span* span) { return !InRange(span->start_ns); });
  snapshot_ = source.store->NewSnapshot();
  blocks_ =
      source.store->NewIterator(Family::kSpanBlocks, BlockRange(partitioning), snapshot_.get());
  index_ = source.store->NewIterator(Family::kTraceIndex,
                                     PrefixRange(KeyWriter().AppendTenant(source.tenant).Take()),
                                     snapshot_.get());
}

KeyRange SpanRangeRead::BlockRange(const RecordPartitioning& partitioning) const {
  const auto prefix = [&](int64_t time_ns) {
    return PartitionPrefix(source_.tenant, source_.shard, partitioning.StartOf(time_ns));
  };
  return {prefix(start_ns_), PrefixEnd(prefix(end_ns_ - 1))};
}

absl::Status SpanRangeRead::Run(SpanVisitor visit) {
  for (blocks_->Seek({}); blocks_->Valid(); blocks_->Next()) {
    const absl::StatusOr<bool> more = VisitBlock(blocks_->key(), blocks_->value(), visit);
    if (!more.ok()) {
      if (!absl::IsDataLoss(more.status())) return more.status();
      ReportCorruptBlock(Family::kSpanBlocks, blocks_->key(), more.status());
    } else if (!*more) {
      return absl::OkStatus();
    }
  }
  VIGIL_RETURN_IF_ERROR_WITH(blocks_->status(), "reading span blocks");
  VisitMemoryUntil(std::numeric_limits<int64_t>::max(), visit);
  return absl::OkStatus();
}

absl::StatusOr<bool> SpanRangeRead::VisitBlock(std::string_view key, std::string_view value,
                                               SpanVisitor visit) {
  VIGIL_ASSIGN_OR_RETURN(const SpanBlockKey block_key, SpanBlockKey::Decode(key));
  VIGIL_ASSIGN_OR_RETURN(const RowBlockReader reader, RowBlockReader::Open(value));
  if (!reader.times() || reader.times()->max < start_ns_ || reader.times()->min >= end_ns_) {
    return true;
  }
  VIGIL_ASSIGN_OR_RETURN(SpanBlockRows rows, SpanBlockRows::Read(reader));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<uint32_t> selected,
                         SelectRows(rows, block_key.sequence));
  if (selected.empty()) return true;
  VIGIL_ASSIGN_OR_RETURN(const SpanBlock block, SpanBlock::Read(reader, std::move(rows)));
  for (const uint32_t row : selected) {
    if (!VisitMemoryUntil(block.rows().starts[row], visit)) return false;
    if (!visit(block.Row(row))) return false;
  }
  return true;
}

bool SpanRangeRead::VisitMemoryUntil(int64_t time_ns, SpanVisitor visit) {
  while (next_memory_ < memory_.size() && memory_[next_memory_]->start_ns <= time_ns) {
    if (!visit(*memory_[next_memory_++])) return false;
  }
  return true;
}

absl::StatusOr<std::vector<uint32_t>> SpanRangeRead::SelectRows(const SpanBlockRows& rows,
                                                                uint64_t sequence) {
  std::vector<uint32_t> selected;
  std::vector<TraceId> traces;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!InRange(rows.starts[row])) continue;
    if (in_memory_.contains({rows.trace_ids[row], rows.span_ids[row]})) continue;
    selected.push_back(static_cast<uint32_t>(row));
    traces.push_back(rows.trace_ids[row]);
  }
  std::sort(traces.begin(), traces.end());
  traces.erase(std::unique(traces.begin(), traces.end()), traces.end());
  absl::flat_hash_set<SpanIdentity> later;
  for (const TraceId& trace_id : traces) {
    VIGIL_RETURN_IF_ERROR(AddLater(trace_id, sequence, &later));
  }
  std::erase_if(selected, [&](uint32_t row) {
    return later.contains({rows.trace_ids[row], rows.span_ids[row]});
  });
  return selected;
}

absl::Status SpanRangeRead::AddLater(const TraceId& trace_id, uint64_t sequence,
                                     absl::flat_hash_set<SpanIdentity>* later) {
  const std::string prefix = TraceIndexKey::Prefix(source_.tenant, trace_id);
  for (index_->Seek(prefix); index_->Valid() && index_->key().starts_with(prefix); index_->Next()) {
    VIGIL_ASSIGN_OR_RETURN(const TraceIndexKey key, TraceIndexKey::Decode(index_->key()));
    if (key.sequence <= sequence) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::vector<SpanId> span_ids, DecodeSpanIds(index_->value()));
    for (const SpanId& span_id : span_ids) later->insert({trace_id, span_id});
  }
  return Annotate(index_->status(), "reading the trace index");
}

}  // namespace vigil::storage
