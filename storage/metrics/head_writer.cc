// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/head_writer.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <absl/status/status.h>

#include "base/status.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/corruption.h"
#include "storage/metrics/exemplar_rows.h"
#include "storage/metrics/metric_loader.h"
#include "storage/metrics/series_rows.h"

namespace vigil::storage {
namespace {

// Of the samples in `columns`, which ascend; the beginning of time if there are none.
int64_t LastTime(const SampleColumns& columns) {
  int64_t last_ms = std::numeric_limits<int64_t>::min();
  if (!columns.times_ms.empty()) last_ms = columns.times_ms.back();
  if (columns.histogram_times_ms.empty()) return last_ms;
  return std::max(last_ms, columns.histogram_times_ms.back());
}

// The series with samples or exemplars in the head, ascending by tenant, then number.
std::vector<MetricHead::Member> MembersOf(const MetricHead& head) {
  std::vector<MetricHead::Member> members = head.Members();
  head.exemplars().ForEach([&](TenantId tenant, uint32_t number, const std::vector<Exemplar>&) {
    if (!head.Contains(number)) members.push_back({tenant, number});
  });
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
    return std::pair(a.tenant, a.number) < std::pair(b.tenant, b.number);
  });
  return members;
}

// Reads series by series, ascending, a chunk at a time.
class ChunkReader {
 public:
  // Borrows `head`.
  ChunkReader(const MetricHead* head, TimeRange range) : head_(*head), range_(range) {}

  // Valid until a series of another chunk is asked for.
  const SampleColumns& Of(uint32_t number) {
    if (const uint32_t chunk = ChunkOf(number); chunk_ != chunk) {
      chunk_ = chunk;
      head_.ReadChunk(chunk, range_, &columns_);
    }
    return columns_[SlotOf(number)];
  }

 private:
  const MetricHead& head_;
  const TimeRange range_;
  std::optional<uint32_t> chunk_;
  TileColumns columns_;
};

void Survey(const MetricHead& head, std::span<const MetricHead::Member> members, TimeRange range,
            BlockWriter* writer) {
  ChunkReader chunk(&head, range);
  for (size_t begin = 0, end = 0; begin < members.size(); begin = end) {
    const uint32_t number = ChunkOf(members[begin].number);
    SlotSet slots = 0;  // Other series of the chunk may be another tenant's.
    for (; end < members.size() && ChunkOf(members[end].number) == number; ++end) {
      slots |= SlotRange(SlotOf(members[end].number), 1);
    }
    const auto count = [&](SlotSet group, std::span<const int64_t> times_ms) {
      if ((group & slots) != 0) writer->SurveyTimes(times_ms, std::popcount(group & slots));
    };
    if (head.VisitTimes(number, range, count)) continue;
    for (const MetricHead::Member& member : members.subspan(begin, end - begin)) {
      writer->Survey(chunk.Of(member.number));
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<uint32_t>> HeadWriter::Write(MetricHead* head) {
  head->SortRows();
  std::vector<uint32_t> new_rows;
  const std::vector<MetricHead::Member> members = MembersOf(*head);
  for (size_t begin = 0, end = 0; begin < members.size(); begin = end) {
    while (end < members.size() && members[end].tenant == members[begin].tenant) ++end;
    VIGIL_RETURN_IF_ERROR(
        WriteTenant(*head, Members(members).subspan(begin, end - begin), &new_rows));
  }
  VIGIL_RETURN_IF_ERROR(WriteExemplarsOf(*head));
  return new_rows;
}

absl::Status HeadWriter::WriteExemplarsOf(const MetricHead& head) {
  const uint64_t sequence = next_sequence_++;
  absl::Status first_failure;
  head.exemplars().ForEach(
      [&](TenantId tenant, uint32_t number, const std::vector<Exemplar>& exemplars) {
        if (!first_failure.ok()) return;
        absl::StatusOr<std::optional<Labels>> labels =
            SeriesCatalog::LabelsOf(catalog_.FindOrCreate(tenant), number);
        if (labels.ok() && !labels->has_value()) labels = absl::DataLossError("unknown series");
        if (labels.status().code() == absl::StatusCode::kDataLoss) {
          const SeriesKey key = {tenant, options_.shard, number};
          ReportCorrupt("journaled exemplars", key.Encode(), labels.status());
          return;
        }
        first_failure = labels.status();
        if (!labels.ok()) return;
        const ExemplarKey row = {tenant, options_.shard, 0, MetricHash((*labels)->MetricName()),
                                 number, sequence};
        WriteExemplars(row, exemplars, options_.partitioning, options_.expired_before_ms,
                       target_.batch);
      });
  return first_failure;
}

absl::Status HeadWriter::WriteTenant(const MetricHead& head, Members members,
                                     std::vector<uint32_t>* new_rows) {
  const TenantId tenant = members.front().tenant;
  TenantSeries& series = catalog_.FindOrCreate(tenant);
  BlockWriter writer({tenant, options_.shard, target_.blocks, &series.blocks, &next_sequence_},
                     options_.partitioning);
  SeriesRowWriter rows(&store_, tenant, options_.shard, &next_sequence_, target_.batch, [this] {
    return ReserveSequences(&store_, options_.shard, next_sequence_);
  });
  const TimeRange range = {options_.expired_before_ms, std::numeric_limits<int64_t>::max()};
  Survey(head, members, range, &writer);
  ChunkReader chunk(&head, range);
  for (const MetricHead::Member& member : members) {
    const SampleColumns& columns = chunk.Of(member.number);
    const bool stored = catalog_.states().Has(member.number, kSeriesStored);
    series.recent.Note(member.number, LastTime(columns));
    if (stored) {
      if (columns.Empty()) continue;
      uint32_t metric = 0;
      const auto note = [&metric](std::string_view name) { metric = MetricHash(name); };
      if (series.index.VisitMetric(member.number, note)) {
        writer.Write(member.number, metric, columns);
        continue;
      }
    }
    VIGIL_ASSIGN_OR_RETURN(std::optional<Labels> labels,
                           SeriesCatalog::LabelsOf(series, member.number));
    if (!labels.has_value()) {
      const SeriesKey key = {tenant, options_.shard, member.number};
      ReportCorrupt("journaled samples", key.Encode(), absl::DataLossError("unknown series"));
      continue;
    }
    writer.Write(member.number, MetricHash(labels->MetricName()), columns);
    // Also when all its samples have expired, or it has exemplars alone: the entry that defined it
    // is trimmed with this batch.
    if (stored) continue;
    // No partition will go with which it would be buried.
    if (columns.Empty()) series.dead.Add(0, member.number);
    VIGIL_RETURN_IF_ERROR(rows.Add(member.number, *std::move(labels)));
    new_rows->push_back(member.number);
  }
  for (const int64_t partition_ms : writer.partitions()) {
    partitions_.emplace_back(tenant, partition_ms);
  }
  return rows.Finish();
}

}  // namespace vigil::storage
