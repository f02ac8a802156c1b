// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/block_writer.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <string>

#include "storage/block/metric_block.h"
#include "storage/kv/record_keys.h"

namespace vigil::storage {
namespace {

template <typename T>
std::span<const T> Slice(std::span<const T> column, size_t begin, size_t end) {
  return column.subspan(begin, end - begin);
}
template <typename T>
std::span<const T> Slice(const std::vector<T>& column, size_t begin, size_t end) {
  return Slice(std::span<const T>(column), begin, end);
}

}  // namespace

std::vector<BlockWriter::Stretch> BlockWriter::Cut(std::span<const int64_t> times_ms) const {
  std::vector<Stretch> stretches;
  for (size_t begin = 0, end = 0; begin < times_ms.size(); begin = end) {
    const size_t most = std::min(times_ms.size(), begin + kMaxSamplesPerBlock);
    const auto first = times_ms.begin();
    end =
        std::upper_bound(first + begin, first + most, partitioning_.EndOf(times_ms[begin])) - first;
    stretches.push_back({begin, end, partitioning_.StartOf(times_ms[begin])});
  }
  return stretches;
}

std::vector<BlockWriter::Stretch> BlockWriter::CutHistograms(const SampleColumns& columns) const {
  std::vector<Stretch> stretches;
  for (const Stretch& stretch : Cut(columns.histogram_times_ms)) {
    for (size_t begin = stretch.begin; begin < stretch.end;) {
      const size_t end = begin + FittingHistograms(Slice(columns.histograms, begin, stretch.end));
      stretches.push_back({begin, end, stretch.partition_ms});
      begin = end;
    }
  }
  return stretches;
}

void BlockWriter::SurveyTimes(std::span<const int64_t> times_ms, uint32_t series) {
  for (const Stretch& stretch : Cut(times_ms)) {
    columns_[HashOf(Slice(times_ms, stretch.begin, stretch.end))].uses += series;
  }
}

void BlockWriter::CountUses(const SampleColumns& columns, uint32_t uses) {
  SurveyTimes(columns.times_ms, uses);
  for (const Stretch& stretch : CutHistograms(columns)) {
    columns_[HashOf(Slice(columns.histogram_times_ms, stretch.begin, stretch.end))].uses += uses;
  }
}

void BlockWriter::Survey(const SampleColumns& columns) { CountUses(columns, 1); }

void BlockWriter::SurveyShared(const SampleColumns& columns) { CountUses(columns, 2); }

void BlockWriter::ForgetColumns() {
  columns_.clear();
  size_bytes_ = 0;
}

BlockWriter::ColumnHash BlockWriter::HashOf(std::span<const int64_t> times_ms) {
  if (!std::ranges::equal(times_ms, hashed_ms_)) {
    hashed_ms_.assign(times_ms.begin(), times_ms.end());
    const XXH128_hash_t hash = XXH3_128bits(times_ms.data(), times_ms.size_bytes());
    hash_ = {hash.high64, hash.low64};
  }
  return hash_;
}

std::optional<uint64_t> BlockWriter::SharedColumn(int64_t partition_ms,
                                                  std::span<const int64_t> times_ms) {
  const auto found = columns_.find(HashOf(times_ms));
  if (found == columns_.end() || found->second.uses < 2 || found->second.refused) {
    return std::nullopt;
  }
  Column& column = found->second;
  if (column.id != 0) {
    // Samples are hostile input: equal hashes prove nothing.
    const bool same = std::equal(times_ms.begin(), times_ms.end(), column.times_ms.begin(),
                                 column.times_ms.end());
    return same ? std::optional(column.id) : std::nullopt;
  }
  std::string encoded = EncodeTimesColumn(times_ms, target_.effort);
  if (encoded.size() < kMinSharedColumnBytes) {
    column.refused = true;
    return std::nullopt;
  }
  column.id = (*target_.next_sequence)++;
  column.times_ms.assign(times_ms.begin(), times_ms.end());
  const TimestampColumnKey key = {target_.tenant, target_.shard, partition_ms, column.id};
  target_.rows->emplace_back(key.Encode(), std::move(encoded));
  size_bytes_ += times_ms.size_bytes();
  return column.id;
}

void BlockWriter::Put(uint32_t number, uint32_t metric, int64_t partition_ms, int64_t first_ms,
                      std::string block) {
  const BlockKey key = {.tenant = target_.tenant,
                        .shard = target_.shard,
                        .partition_start_ms = partition_ms,
                        .metric = metric,
                        .series = number,
                        .first_ms = first_ms,
                        .sequence = (*target_.next_sequence)++};
  target_.rows->emplace_back(key.Encode(), std::move(block));
  target_.presence->Add(partition_ms, number);
  written_partitions_.insert(partition_ms);
}

void BlockWriter::Write(uint32_t number, uint32_t metric, const SampleColumns& columns) {
  for (const auto& [begin, end, partition_ms] : Cut(columns.times_ms)) {
    const auto times_ms = Slice(columns.times_ms, begin, end);
    Put(number, metric, partition_ms, times_ms.front(),
        EncodeFloatBlock(times_ms, Slice(columns.values, begin, end),
                         SharedColumn(partition_ms, times_ms), target_.effort));
  }
  for (const auto& [begin, end, partition_ms] : CutHistograms(columns)) {
    const auto times_ms = Slice(columns.histogram_times_ms, begin, end);
    Put(number, metric, partition_ms, times_ms.front(),
        EncodeHistogramBlock(times_ms, Slice(columns.histograms, begin, end),
                             SharedColumn(partition_ms, times_ms), target_.effort));
  }
}

}  // namespace vigil::storage
