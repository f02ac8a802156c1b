// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/block_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "storage/metrics/block_writer.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr auto kQuick = CodecEffort::kQuick;
constexpr auto kThorough = CodecEffort::kThorough;

// A block of constant values at the instants first_ms, first_ms + 10, ...
StoredBlock Block(int64_t first_ms, size_t count, uint64_t sequence, CodecEffort effort,
                  double value = 0) {
  std::vector<int64_t> times_ms;
  for (size_t i = 0; i < count; ++i) times_ms.push_back(first_ms + static_cast<int64_t>(i) * 10);
  StoredBlock block;
  block.key.first_ms = first_ms;
  block.key.sequence = sequence;
  block.bytes = EncodeFloatBlock(times_ms, std::vector<double>(count, value), std::nullopt, effort);
  block.header = PeekMetricBlock(block.bytes).value();
  return block;
}

std::vector<std::pair<size_t, size_t>> Plan(const std::vector<StoredBlock>& blocks,
                                            MergeExtent extent) {
  std::vector<std::pair<size_t, size_t>> plan;
  for (const MergeStretch& stretch : PlanMerge(blocks, extent)) {
    plan.emplace_back(stretch.begin, stretch.end);
  }
  return plan;
}

absl::StatusOr<TimesPtr> NoTimes(uint64_t, TimeRange) {
  return absl::DataLossError("no such column");
}

TEST(BlockMerge, NewBlocksAreMergedWithEachOther) {
  const std::vector<StoredBlock> blocks = {Block(0, 10, 1, kThorough), Block(1000, 10, 2, kQuick),
                                           Block(2000, 10, 3, kQuick)};
  EXPECT_THAT(Plan(blocks, MergeExtent::kNew), ElementsAre(Pair(1, 3)));
  EXPECT_THAT(Plan(blocks, MergeExtent::kEverything), ElementsAre(Pair(0, 3)));
}

TEST(BlockMerge, ASingleBlockIsWrittenAnewOnlyForGood) {
  const std::vector<StoredBlock> quick = {Block(0, 10, 1, kQuick)};
  EXPECT_THAT(Plan(quick, MergeExtent::kNew), IsEmpty());
  EXPECT_THAT(Plan(quick, MergeExtent::kEverything), ElementsAre(Pair(0, 1)));
  const std::vector<StoredBlock> thorough = {Block(0, 10, 1, kThorough)};
  EXPECT_THAT(Plan(thorough, MergeExtent::kEverything), IsEmpty());
}

TEST(BlockMerge, LongBlocksStayAndPartStretches) {
  const std::vector<StoredBlock> blocks = {Block(0, 10, 1, kQuick), Block(1000, 10, 2, kThorough),
                                           Block(2000, kMaxSamplesPerBlock / 2, 3, kThorough),
                                           Block(1'000'000, 10, 4, kQuick)};
  EXPECT_THAT(Plan(blocks, MergeExtent::kEverything), ElementsAre(Pair(0, 2), Pair(3, 4)));
}

TEST(BlockMerge, WhatOverlapsIsMergedTogether) {
  // A late block reaches into one that would stay.
  const std::vector<StoredBlock> blocks = {Block(0, kMaxSamplesPerBlock, 1, kThorough),
                                           Block(500, 3, 9, kQuick),
                                           Block(1'000'000, 10, 4, kThorough)};
  EXPECT_THAT(Plan(blocks, MergeExtent::kNew), ElementsAre(Pair(0, 2)));
  EXPECT_THAT(Plan(blocks, MergeExtent::kEverything), ElementsAre(Pair(0, 3)));
}

TEST(BlockMerge, TheHighestSequenceWins) {
  const std::vector<StoredBlock> blocks = {Block(0, 3, 7, kQuick, 7), Block(10, 3, 5, kQuick, 5),
                                           Block(20, 2, 6, kQuick, 6)};
  std::vector<size_t> left_out;
  ASSERT_OK_AND_ASSIGN(const SampleColumns merged, MergeBlocks(blocks, NoTimes, &left_out));
  EXPECT_THAT(merged.times_ms, ElementsAre(0, 10, 20, 30));
  EXPECT_THAT(merged.values, ElementsAre(7, 7, 7, 6));
  EXPECT_THAT(left_out, IsEmpty());
}

TEST(BlockMerge, DamagedBlocksAreLeftOut) {
  std::vector<StoredBlock> blocks = {Block(0, 3, 1, kQuick, 1), Block(100, 3, 2, kQuick, 2),
                                     Block(200, 3, 3, kQuick, 3)};
  blocks[1].bytes.back() ^= 1;
  std::vector<size_t> left_out;
  ASSERT_OK_AND_ASSIGN(const SampleColumns merged, MergeBlocks(blocks, NoTimes, &left_out));
  EXPECT_THAT(merged.times_ms, ElementsAre(0, 10, 20, 200, 210, 220));
  EXPECT_THAT(left_out, ElementsAre(1));
}

TEST(BlockMerge, AStoreThatCannotBeReadIsAnError) {
  StoredBlock block = Block(0, 3, 1, kQuick);
  block.bytes = EncodeFloatBlock({{0, 10, 20}}, {{1, 2, 3}}, 17);
  std::vector<size_t> left_out;
  const auto unavailable = [](uint64_t, TimeRange) -> absl::StatusOr<TimesPtr> {
    return absl::UnavailableError("try again");
  };
  EXPECT_THAT(MergeBlocks({{block}}, unavailable, &left_out).status(),
              vigil::testing::StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace vigil::storage
