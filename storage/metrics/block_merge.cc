// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/block_merge.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/status.h"
#include "storage/metrics/block_writer.h"
#include "storage/metrics/corruption.h"
#include "storage/metrics/sample_merge.h"

namespace vigil::storage {
namespace {

// What a compaction made of enough samples is as good as it gets.
bool IsLong(const MetricBlockHeader& header) {
  return header.thorough && header.count >= kMaxSamplesPerBlock / 2;
}

// Whether the block asks to be merged with its neighbours.
bool IsWanted(const MetricBlockHeader& header, MergeExtent extent) {
  return extent == MergeExtent::kNew ? !header.thorough : !IsLong(header);
}

// Whether a stretch of a single block shall be written anew.
bool IsWantedAlone(const MetricBlockHeader& header, MergeExtent extent) {
  return extent == MergeExtent::kEverything && !header.thorough;
}

}  // namespace

std::vector<MergeStretch> PlanMerge(std::span<const StoredBlock> blocks, MergeExtent extent) {
  std::vector<MergeStretch> stretches;
  bool open = false;  // The last stretch may grow.
  for (size_t begin = 0, end = 0; begin < blocks.size(); begin = end) {
    // Blocks that overlap are merged all together or not at all. They ascend by their first times.
    bool wanted = false;
    int64_t max_ms = blocks[begin].header.max_ms;
    for (end = begin; end < blocks.size() && (end == begin || blocks[end].header.min_ms <= max_ms);
         ++end) {
      max_ms = std::max(max_ms, blocks[end].header.max_ms);
      wanted |= IsWanted(blocks[end].header, extent);
    }
    wanted |= end - begin > 1 && extent == MergeExtent::kEverything;
    if (wanted && open) {
      stretches.back().end = end;
    } else if (wanted) {
      stretches.push_back({begin, end});
    }
    open = wanted;
  }
  std::erase_if(stretches, [&](const MergeStretch& stretch) {
    return stretch.end - stretch.begin == 1 && !IsWantedAlone(blocks[stretch.begin].header, extent);
  });
  return stretches;
}

absl::StatusOr<SampleColumns> MergeBlocks(std::span<const StoredBlock> blocks, TimesLookup times_of,
                                          std::vector<size_t>* left_out) {
  std::vector<size_t> by_age(blocks.size());
  std::iota(by_age.begin(), by_age.end(), size_t{0});
  std::sort(by_age.begin(), by_age.end(), [&blocks](size_t a, size_t b) {
    return blocks[a].key.sequence < blocks[b].key.sequence;
  });
  SampleColumns merged;
  for (const size_t i : by_age) {
    SampleColumns samples;
    const absl::Status status = DecodeMetricBlock(blocks[i].bytes, times_of, &samples);
    if (status.code() == absl::StatusCode::kDataLoss) {
      ReportCorrupt("metric block", blocks[i].key.Encode(), status);
      left_out->push_back(i);
      continue;
    }
    VIGIL_RETURN_IF_ERROR(status);
    Overlay(std::move(samples), &merged);
  }
  return merged;
}

}  // namespace vigil::storage
