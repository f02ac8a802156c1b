// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_loader.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <absl/functional/function_ref.h>
#include <fmt/format.h>

#include "base/log.h"
#include "base/status.h"
#include "storage/kv/index_keys.h"
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

// Calls `visit` for each tenant that has rows in `family`, whatever the shard.
absl::Status ForEachTenant(KeyValueStore& store, Family family,
                           absl::FunctionRef<absl::Status(TenantId tenant)> visit) {
  const std::unique_ptr<KeyValueIterator> iterator = store.NewIterator(family, {});
  iterator->Seek("");
  while (iterator->Valid()) {
    const TenantId tenant = KeyReader(iterator->key()).ReadTenant();
    VIGIL_RETURN_IF_ERROR(visit(tenant));
    const std::string next = PrefixEnd(KeyWriter().AppendTenant(tenant).Take());
    if (next.empty()) break;
    iterator->Seek(next);
  }
  return iterator->status();
}

// Calls `take` for each row whose key begins with `prefix`; reports those that it cannot take.
absl::Status ForEachRow(KeyValueStore& store, Family family, const std::string& prefix,
                        std::string_view what,
                        absl::FunctionRef<absl::Status(std::string_view, std::string_view)> take) {
  return ForEach(store, family, PrefixRange(prefix),
                 [&](std::string_view key, std::string_view value) {
                   const absl::Status status = take(key, value);
                   if (!status.ok()) ReportCorrupt(what, key, status);
                   return absl::OkStatus();
                 });
}

// Has `sets` take in its rows. Does not make the tenant, of which the shard may have nothing.
absl::Status LoadNumbers(KeyValueStore& store, TenantId tenant, uint8_t shard, NumberKind kind,
                         SeriesCatalog* catalog) {
  const std::string prefix = NumbersKey::Prefix(tenant, shard, kind);
  return ForEachRow(store, Family::kPostings, prefix, "row of series numbers",
                    [&](std::string_view key, std::string_view value) {
                      TenantSeries& series = catalog->FindOrCreate(tenant);
                      switch (kind) {
                        case NumberKind::kBlocks:
                          return series.blocks.Restore(key, value);
                        case NumberKind::kDead:
                          return series.dead.Restore(key, value);
                        case NumberKind::kRecent:
                          break;
                      }
                      return series.recent.Restore(key, value);
                    });
}

absl::Status LoadMetadata(KeyValueStore& store, TenantId tenant, uint8_t shard,
                          SeriesCatalog* catalog) {
  return ForEachRow(store, Family::kSeries, MetadataKey::Prefix(tenant, shard), "metadata row",
                    [&](std::string_view key, std::string_view value) -> absl::Status {
                      VIGIL_ASSIGN_OR_RETURN(const MetadataKey metric, MetadataKey::Decode(key));
                      VIGIL_ASSIGN_OR_RETURN(const MetricMetadata metadata, DecodeMetadata(value));
                      catalog->FindOrCreate(tenant).metadata.Restore(metric.metric_name, metadata);
                      return absl::OkStatus();
                    });
}

// Leaves it to be learned which labels have rows. Does not make the tenant where none has.
absl::Status NoteOlderRows(KeyValueStore& store, TenantId tenant, uint8_t shard,
                           SeriesCatalog* catalog) {
  const std::string prefix = LabelsHashKey::Prefix(tenant, shard);
  const std::unique_ptr<KeyValueIterator> rows =
      store.NewIterator(Family::kSeries, PrefixRange(prefix));
  rows->Seek(prefix);
  if (rows->Valid()) catalog->FindOrCreate(tenant).seen.NoteOlderRows();
  return rows->status();
}

// Tells the index, and the counter of series numbers, of all blocks.
void IndexBlocks(TenantSeries* series, SeriesCatalog* catalog) {
  series->blocks.ForEach([series, catalog](int64_t partition_ms, const SeriesSet& numbers) {
    series->index.AddPartition(partition_ms, numbers);
    if (!numbers.isEmpty()) catalog->RaiseNextNumber(uint64_t{numbers.maximum()} + 1);
  });
}

// Nothing tells which series live: all that have blocks are left to be found by their rows.
void NoteLostHours(TenantSeries* series, const SeriesCatalog& catalog) {
  std::optional<int64_t> last_ms;
  series->blocks.ForEach(
      [&last_ms](int64_t partition_ms, const SeriesSet&) { last_ms = partition_ms; });
  if (!last_ms.has_value()) return;
  Log(LogLevel::kWarning, "which series were seen of late is lost",
      {{"tenant", uint64_t{static_cast<uint32_t>(series->tenant)}}});
  const int64_t end_ms = catalog.partitioning().EndOf(*last_ms);
  series->recent.NoteLost(end_ms + (end_ms < std::numeric_limits<int64_t>::max() ? 1 : 0));
}

// Brings the series of the hot window into memory.
absl::Status LoadHot(TenantSeries* series, SeriesCatalog* catalog) {
  series->any_cold.store(true);
  // What is dead by mistake: the presence of a partition outlived a crash in its removal.
  series->dead.RemoveAll(0, series->index.Present());
  if (series->recent.Empty()) NoteLostHours(series, *catalog);
  series->recent.TakeExpired();
  series->index.SetWindowStart(series->recent.CertainFrom());
  VIGIL_ASSIGN_OR_RETURN(const auto hot,
                         series->rows.LabelsOf(series->recent.All() - series->dead.At(0)));
  for (const auto& [number, labels] : hot) {
    const absl::Status status = catalog->Restore(series->tenant, number, labels, /*stored=*/true);
    if (!status.ok()) ReportCorrupt("series row", fmt::to_string(number), status);
  }
  return absl::OkStatus();
}

}  // namespace

void AddCountersRow(uint32_t shard, const MetricCounters& counters, WriteBatch* batch) {
  batch->Put(Family::kMeta, CountersKey(shard),
             KeyWriter().AppendU64(counters.next_number).AppendU64(counters.next_sequence).Take());
}

void AddSequenceRow(uint32_t shard, uint64_t next_sequence, WriteBatch* batch) {
  batch->Put(Family::kMeta, SequenceKey(shard), KeyWriter().AppendU64(next_sequence).Take());
}

absl::Status ReserveSequences(KeyValueStore* store, uint32_t shard, uint64_t next_sequence) {
  WriteBatch reservation;
  AddSequenceRow(shard, next_sequence, &reservation);
  return store->Write(reservation, Durability::kSync);
}

absl::StatusOr<MetricCounters> LoadMetrics(KeyValueStore& store, uint32_t shard,
                                           SeriesCatalog* catalog) {
  VIGIL_ASSIGN_OR_RETURN(const MetricCounters counters, ReadCounters(store, shard));
  catalog->RaiseNextNumber(counters.next_number);
  const auto short_shard = static_cast<uint8_t>(shard);
  VIGIL_RETURN_IF_ERROR(ForEachTenant(store, Family::kSeries, [&](TenantId tenant) -> absl::Status {
    VIGIL_RETURN_IF_ERROR(NoteOlderRows(store, tenant, short_shard, catalog));
    return LoadMetadata(store, tenant, short_shard, catalog);
  }));
  VIGIL_RETURN_IF_ERROR(
      ForEachTenant(store, Family::kPostings, [&](TenantId tenant) -> absl::Status {
        for (const NumberKind kind :
             {NumberKind::kBlocks, NumberKind::kDead, NumberKind::kRecent}) {
          VIGIL_RETURN_IF_ERROR(LoadNumbers(store, tenant, short_shard, kind, catalog));
        }
        return absl::OkStatus();
      }));
  for (TenantSeries* series : catalog->Tenants()) {
    IndexBlocks(series, catalog);
    VIGIL_RETURN_IF_ERROR(LoadHot(series, catalog));
  }
  return counters;
}

}  // namespace vigil::storage
