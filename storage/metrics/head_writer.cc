// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/head_writer.h"

#include <limits>
#include <optional>
#include <string>

#include <absl/status/status.h>

#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/corruption.h"
#include "storage/metrics/exemplar_rows.h"

namespace vigil::storage {

std::vector<uint32_t> HeadWriter::Write(MetricHead* head) {
  head->SortRows();
  std::vector<uint32_t> new_rows;
  const std::vector<MetricHead::Member> members = head->Members();
  for (size_t begin = 0, end = 0; begin < members.size(); begin = end) {
    while (end < members.size() && members[end].tenant == members[begin].tenant) ++end;
    WriteTenant(*head, Members(members).subspan(begin, end - begin), &new_rows);
  }
  WriteExemplarsOf(*head, &new_rows);
  return new_rows;
}

void HeadWriter::WriteExemplarsOf(const MetricHead& head, std::vector<uint32_t>* new_rows) {
  const uint64_t sequence = next_sequence_++;
  head.exemplars().ForEach(
      [&](TenantId tenant, uint32_t number, const std::vector<Exemplar>& exemplars) {
        const SeriesKey key = {tenant, options_.shard, number};
        const std::optional<Labels> labels = catalog_.FindOrCreate(tenant).index.LabelsOf(number);
        if (!labels.has_value()) {
          ReportCorrupt("journaled exemplars", key.Encode(), absl::DataLossError("unknown series"));
          return;
        }
        const ExemplarKey row = {tenant, options_.shard, 0, MetricHash(labels->MetricName()),
                                 number, sequence};
        WriteExemplars(row, exemplars, options_.partitioning, options_.expired_before_ms,
                       target_.batch);
        // Of a series without samples: the entry that defined it is trimmed with this batch.
        if (head.Contains(number) || catalog_.states().Has(number, kSeriesStored)) return;
        target_.batch->Put(Family::kSeries, key.Encode(), std::string(labels->packed()));
        new_rows->push_back(number);
      });
}

void HeadWriter::WriteTenant(const MetricHead& head, Members members,
                             std::vector<uint32_t>* new_rows) {
  const TenantId tenant = members.front().tenant;
  TenantSeries& series = catalog_.FindOrCreate(tenant);
  BlockWriter writer({tenant, options_.shard, target_.blocks, &series.blocks, &next_sequence_},
                     options_.partitioning);
  const TimeRange range = {options_.expired_before_ms, std::numeric_limits<int64_t>::max()};
  SampleColumns columns;
  for (const MetricHead::Member& member : members) {
    columns.Clear();
    head.Read(member.number, range, &columns);
    writer.Survey(columns);
  }
  for (const MetricHead::Member& member : members) {
    columns.Clear();
    head.Read(member.number, range, &columns);
    const std::optional<Labels> labels = series.index.LabelsOf(member.number);
    const SeriesKey key = {tenant, options_.shard, member.number};
    if (!labels.has_value()) {
      ReportCorrupt("journaled samples", key.Encode(), absl::DataLossError("unknown series"));
      continue;
    }
    writer.Write(member.number, MetricHash(labels->MetricName()), columns);
    // Also when all its samples have expired: the entry that defined it is trimmed with this batch.
    if (catalog_.states().Has(member.number, kSeriesStored)) continue;
    target_.batch->Put(Family::kSeries, key.Encode(), std::string(labels->packed()));
    new_rows->push_back(member.number);
  }
  for (const int64_t partition_ms : writer.partitions()) {
    partitions_.emplace_back(tenant, partition_ms);
  }
}

}  // namespace vigil::storage
