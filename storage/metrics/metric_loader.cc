// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_loader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <absl/functional/function_ref.h>
#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/corruption.h"
#include "storage/metrics/metric_payload.h"
#include "storage/series/labels.h"

namespace vigil::storage {
namespace {

std::string CountersKey(uint32_t shard) { return fmt::format("metrics/{}", shard); }
std::string SequenceKey(uint32_t shard) { return fmt::format("metrics/{}/sequence", shard); }

absl::StatusOr<uint64_t> ReadSequence(KeyValueStore& store, uint32_t shard) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                         store.Get(Family::kMeta, SequenceKey(shard)));
  if (!row.has_value()) return 1;
  KeyReader reader(*row);
  const uint64_t next_sequence = reader.ReadU64();
  VIGIL_RETURN_IF_ERROR(reader.Finish("next block sequence"));
  return next_sequence;
}

absl::StatusOr<MetricCounters> ReadCounters(KeyValueStore& store, uint32_t shard) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                         store.Get(Family::kMeta, CountersKey(shard)));
  MetricCounters counters;
  VIGIL_ASSIGN_OR_RETURN(const uint64_t next_sequence, ReadSequence(store, shard));
  counters.next_sequence = next_sequence;
  if (!row.has_value()) return counters;
  KeyReader reader(*row);
  counters.next_number = reader.ReadU64();
  counters.next_sequence = std::max(next_sequence, reader.ReadU64());
  VIGIL_RETURN_IF_ERROR(reader.Finish("metric counters"));
  return counters;
}

// Calls `visit` for each row that a shard has in `family`, tenant by tenant. Jumps over the rows of
// other shards, which stand between.
absl::Status ForEachRow(
    KeyValueStore& store, Family family, uint32_t shard,
    absl::FunctionRef<void(TenantId tenant, std::string_view key, std::string_view value)> visit) {
  const std::unique_ptr<KeyValueIterator> iterator = store.NewIterator(family, {});
  iterator->Seek("");
  while (iterator->Valid()) {
    KeyReader reader(iterator->key());
    const TenantId tenant = reader.ReadTenant();
    const std::string prefix = ShardPrefix(tenant, static_cast<uint8_t>(shard));
    for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix);
         iterator->Next()) {
      visit(tenant, iterator->key(), iterator->value());
    }
    const std::string next = PrefixEnd(KeyWriter().AppendTenant(tenant).Take());
    if (next.empty()) break;
    iterator->Seek(next);
  }
  return iterator->status();
}

absl::Status LoadSeries(TenantId tenant, const SeriesKey& key, std::string_view value,
                        SeriesCatalog* catalog) {
  if (key.number == 0 || key.number > kMaxSeriesNumber) {
    return absl::DataLossError(fmt::format("series number {} is out of range", key.number));
  }
  VIGIL_ASSIGN_OR_RETURN(const Labels labels, Labels::FromPacked(value));
  return catalog->Restore(tenant, static_cast<uint32_t>(key.number), labels, /*stored=*/true);
}

absl::Status LoadSeriesRow(TenantId tenant, std::string_view key, std::string_view value,
                           SeriesCatalog* catalog) {
  if (const auto series = SeriesKey::Decode(key); series.ok()) {
    return LoadSeries(tenant, *series, value, catalog);
  }
  VIGIL_ASSIGN_OR_RETURN(const MetadataKey metric, MetadataKey::Decode(key));
  VIGIL_ASSIGN_OR_RETURN(const MetricMetadata metadata, DecodeMetadata(value));
  catalog->FindOrCreate(tenant).metadata.Restore(metric.metric_name, metadata);
  return absl::OkStatus();
}

// Tells the index, and the counter of series numbers, of all blocks.
void IndexBlocks(TenantSeries& series, SeriesCatalog* catalog) {
  series.blocks.ForEach([&series, catalog](int64_t partition_ms, const SeriesSet& numbers) {
    std::vector<SeriesIndex::Presence> marks;
    marks.reserve(numbers.cardinality());
    for (const uint32_t number : numbers) marks.push_back({number, partition_ms});
    series.index.MarkPresent(marks);
    if (!numbers.isEmpty()) catalog->RaiseNextNumber(uint64_t{numbers.maximum()} + 1);
  });
}

}  // namespace

void AddCountersRow(uint32_t shard, const MetricCounters& counters, WriteBatch* batch) {
  batch->Put(Family::kMeta, CountersKey(shard),
             KeyWriter().AppendU64(counters.next_number).AppendU64(counters.next_sequence).Take());
}

void AddSequenceRow(uint32_t shard, uint64_t next_sequence, WriteBatch* batch) {
  batch->Put(Family::kMeta, SequenceKey(shard), KeyWriter().AppendU64(next_sequence).Take());
}

absl::StatusOr<MetricCounters> LoadMetrics(KeyValueStore& store, uint32_t shard,
                                           SeriesCatalog* catalog) {
  VIGIL_ASSIGN_OR_RETURN(const MetricCounters counters, ReadCounters(store, shard));
  catalog->RaiseNextNumber(counters.next_number);
  VIGIL_RETURN_IF_ERROR(
      ForEachRow(store, Family::kSeries, shard,
                 [catalog](TenantId tenant, std::string_view key, std::string_view value) {
                   const absl::Status status = LoadSeriesRow(tenant, key, value, catalog);
                   if (!status.ok()) ReportCorrupt("series row", key, status);
                 }));
  VIGIL_RETURN_IF_ERROR(ForEachRow(
      store, Family::kPostings, shard,
      [catalog](TenantId tenant, std::string_view key, std::string_view value) {
        const absl::Status status = catalog->FindOrCreate(tenant).blocks.Restore(key, value);
        if (!status.ok()) ReportCorrupt("block presence row", key, status);
      }));
  for (TenantSeries* series : catalog->Tenants()) IndexBlocks(*series, catalog);
  return counters;
}

}  // namespace vigil::storage
