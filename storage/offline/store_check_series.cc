// SPDX-License-Identifier: Apache-2.0
//
// The part of StoreCheck for the rows by which series are found when they are not in memory: see
// docs/format/series_rows.md.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/index_keys.h"
#include "storage/kv/keys.h"
#include "storage/metrics/series_rows.h"
#include "storage/offline/store_check.h"
#include "storage/series/set_codec.h"

namespace vigil::storage {

absl::Status StoreCheck::CheckLabelsHash(const LabelsHashKey& key, std::string_view value) {
  if (!value.empty()) {
    return absl::DataLossError(
        fmt::format("the row of series {} by its labels' hash has a value", key.number));
  }
  hashed_[{key.tenant, key.shard}].add(key.number);
  return absl::OkStatus();
}

void StoreCheck::ExpectPostings(const SeriesKey& series, const Labels& labels) {
  const auto number = static_cast<uint32_t>(series.number);
  const uint32_t group = GroupOf(number);
  std::vector<uint32_t>& expected = expected_postings_[{series.tenant, series.shard, group}];
  expected.resize(kGroupSize);
  // Each label is in two sets: of its name and of name and value.
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    expected[number % kGroupSize] += 2;
  }
}

absl::Status StoreCheck::CheckPosting(const PostingKey& key, std::string_view encoded_key,
                                      std::string_view value) {
  const std::string_view pair = encoded_key.substr(0, encoded_key.size() - sizeof(uint64_t));
  if (posting_pair_ != pair) {
    CountPostings();
    posting_pair_ = pair;
    posting_group_ = {key.tenant, key.shard, key.group};
  }
  if (DecodeGroup(value, key.group, &posting_set_)) return absl::OkStatus();
  return absl::DataLossError(
      fmt::format("which series have {}=\"{}\" is damaged", key.name, key.value));
}

void StoreCheck::CountPostings() {
  const auto expected = expected_postings_.find(posting_group_);
  for (const uint32_t number : posting_set_) {
    if (expected == expected_postings_.end()) break;
    uint32_t& missing = expected->second[number % kGroupSize];
    if (missing > 0) --missing;
  }
  posting_set_ = SeriesSet();
}

absl::Status StoreCheck::CheckPostings(std::string_view key, std::string_view value) {
  if (const auto posting = PostingKey::Decode(key); posting.ok()) {
    return CheckPosting(*posting, key, value);
  }
  VIGIL_ASSIGN_OR_RETURN(const NumbersKey row, NumbersKey::Decode(key));
  if (row.kind == NumberKind::kBlocks) {
    auto& presence = presence_rows_[{row.tenant, row.shard}];
    if (presence == nullptr) presence = std::make_unique<BlockPresence>(row.tenant, row.shard);
    return presence->Restore(key, value);
  }
  SeriesSet numbers;
  if (DecodeGroup(value, row.group, &numbers)) return absl::OkStatus();
  return absl::DataLossError(row.kind == NumberKind::kDead
                                 ? "which series are to be removed is damaged"
                                 : "which series were seen of late is damaged");
}

// Of series that have blocks: rows of others are on their way out.
void StoreCheck::CheckSeriesAreFound() {
  CountPostings();
  for (const auto& [id, presence] : presence_) {
    const SeriesSet with_blocks = presence->Union();
    SeriesSet lost = with_blocks - hashed_[id];
    for (const uint32_t number : with_blocks) {
      const auto expected = expected_postings_.find({id.first, id.second, GroupOf(number)});
      const bool all =
          expected != expected_postings_.end() && expected->second[number % kGroupSize] == 0;
      if (!all) lost.add(number);
    }
    if (lost.isEmpty()) continue;
    Note(Family::kPostings,
         fmt::format("{} series of shard {} are not found by their labels: older samples of theirs "
                     "would not be read",
                     lost.cardinality(), id.second));
    for (const uint32_t number : lost) {
      groups_to_rebuild_.insert({id.first, id.second, GroupOf(number)});
    }
  }
}

absl::Status StoreCheck::RebuildSeriesRows(KeyValueStore* target) const {
  for (const auto& [tenant, shard, group] : groups_to_rebuild_) {
    const auto series = series_.find({tenant, shard});
    if (series == series_.end()) continue;
    WriteBatch batch;
    // No flush takes this sequence, and a group that is rebuilt again has all of its series again.
    uint64_t sequence = 0;
    // The whole copy is made anew after a crash.
    SeriesRowWriter writer(target, tenant, shard, &sequence, &batch,
                           [] { return absl::OkStatus(); });
    for (const uint32_t number : MembersOf(series->second, group)) {
      const auto row =
          offline_.store().Get(Family::kSeries, SeriesKey{tenant, shard, number}.Encode());
      if (!row.ok() || !row->has_value()) continue;
      absl::StatusOr<Labels> labels = Labels::FromPacked(**row);
      if (labels.ok()) VIGIL_RETURN_IF_ERROR(writer.Add(number, *std::move(labels)));
    }
    VIGIL_RETURN_IF_ERROR(writer.Finish());
    VIGIL_RETURN_IF_ERROR(target->Write(batch, Durability::kSync));
  }
  return absl::OkStatus();
}

}  // namespace vigil::storage
