// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/block_deleter.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/block/metric_block.h"
#include "storage/kv/keys.h"
#include "storage/metrics/corruption.h"

namespace vigil::storage {
namespace {

absl::StatusOr<TimesPtr> ReadTimes(KeyValueStore& store, const TimestampColumnKey& key) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                         store.Get(Family::kBlocks, key.Encode()));
  if (!bytes.has_value()) return absl::DataLossError("its column of times is missing");
  VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<int64_t> times_ms, DecodeTimesColumn(*bytes),
                              "column of times");
  return std::make_shared<const std::vector<int64_t>>(std::move(times_ms));
}

// Removes what lies in `range` from a pair of columns.
template <typename T>
void Remove(TimeRange range, std::vector<int64_t>* times_ms, std::vector<T>* values,
            std::set<int64_t>* deleted_ms) {
  size_t kept = 0;
  for (size_t i = 0; i < times_ms->size(); ++i) {
    if (range.Contains((*times_ms)[i])) {
      deleted_ms->insert((*times_ms)[i]);
      continue;
    }
    (*times_ms)[kept] = (*times_ms)[i];
    (*values)[kept++] = std::move((*values)[i]);
  }
  times_ms->resize(kept);
  values->resize(kept);
}

// A block has samples of one kind. Its times stand in it: who else shares the old column of times
// is not known.
std::string Encode(const SampleColumns& columns) {
  return columns.times_ms.empty()
             ? EncodeHistogramBlock(columns.histogram_times_ms, columns.histograms)
             : EncodeFloatBlock(columns.times_ms, columns.values);
}

}  // namespace

absl::StatusOr<bool> BlockDeleter::DeleteFromBlock(const BlockKey& key, std::string_view block,
                                                   TimeRange range, std::set<int64_t>* deleted_ms,
                                                   WriteBatch* batch) {
  SampleColumns columns;
  const auto times_of = [this, &key](uint64_t id, TimeRange) {
    return ReadTimes(store_, {key.tenant, key.shard, key.partition_start_ms, id});
  };
  const absl::Status status = DecodeMetricBlock(block, times_of, &columns);
  if (!status.ok()) {
    if (status.code() != absl::StatusCode::kDataLoss) return status;
    ReportCorrupt("metric block", key.Encode(), status);
    return true;
  }
  const size_t before = columns.times_ms.size() + columns.histogram_times_ms.size();
  Remove(range, &columns.times_ms, &columns.values, deleted_ms);
  Remove(range, &columns.histogram_times_ms, &columns.histograms, deleted_ms);
  const size_t after = columns.times_ms.size() + columns.histogram_times_ms.size();
  if (after == before) return true;
  batch->Delete(Family::kBlocks, key.Encode());
  if (after == 0) return false;
  // The sequence stays: it says which of two samples for one instant is newer.
  BlockKey rest = key;
  rest.first_ms =
      columns.times_ms.empty() ? columns.histogram_times_ms.front() : columns.times_ms.front();
  batch->Put(Family::kBlocks, rest.Encode(), Encode(columns));
  return true;
}

absl::StatusOr<BlockDeleter::Outcome> BlockDeleter::Delete(int64_t partition_ms, uint32_t metric,
                                                           uint32_t number, TimeRange range,
                                                           WriteBatch* batch) {
  const std::string prefix = BlockKey{.tenant = tenant_,
                                      .shard = shard_,
                                      .partition_start_ms = partition_ms,
                                      .metric = metric,
                                      .series = number}
                                 .SeriesPrefix();
  std::set<int64_t> deleted_ms;
  bool any_stays = false;
  WriteBatch changes;
  VIGIL_RETURN_IF_ERROR(
      ForEach(store_, Family::kBlocks, PrefixRange(prefix),
              [&](std::string_view encoded_key, std::string_view block) -> absl::Status {
                VIGIL_ASSIGN_OR_RETURN(const BlockKey key, BlockKey::Decode(encoded_key));
                if (key.first_ms > range.end_ms) {
                  any_stays = true;
                  return absl::OkStatus();
                }
                VIGIL_ASSIGN_OR_RETURN(const bool stays,
                                       DeleteFromBlock(key, block, range, &deleted_ms, &changes));
                any_stays |= stays;
                return absl::OkStatus();
              }));
  for (const WriteBatch::Entry& entry : changes.entries()) {
    if (entry.kind == WriteBatch::Kind::kDelete) {
      batch->Delete(entry.family, entry.key);
    } else {
      batch->Put(entry.family, entry.key, entry.value);
    }
  }
  return Outcome{deleted_ms.size(), !any_stays};
}

}  // namespace vigil::storage
