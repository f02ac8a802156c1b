// SPDX-License-Identifier: Apache-2.0
#include "storage/series/series_index.h"

#include <atomic>
#include <limits>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::vigil::testing::StatusIs;

constexpr TimeRange kEver = {std::numeric_limits<int64_t>::min(),
                             std::numeric_limits<int64_t>::max()};

std::vector<uint32_t> NumbersOf(const std::vector<SeriesIndex::Series>& series) {
  std::vector<uint32_t> numbers;
  for (const SeriesIndex::Series& one : series) numbers.push_back(one.number);
  return numbers;
}

class SeriesIndexTest : public ::testing::Test {
 protected:
  uint32_t Add(const Labels& labels) {
    return index_.GetOrAdd(labels, [this](uint64_t) { return ++last_; }).value();
  }
  // Returns whether the series is in memory.
  bool Mark(uint32_t number, int64_t partition_ms) {
    const SeriesIndex::Presence mark = {number, partition_ms};
    std::vector<uint32_t> absent;
    index_.MarkPresent({&mark, 1}, &absent);
    return absent.empty();
  }
  std::vector<uint32_t> Select(TimeRange partitions = kEver) {
    return NumbersOf(index_.Select({}, {partitions}, &cold_));
  }
  std::vector<uint32_t> Cold() const { return {cold_.begin(), cold_.end()}; }

  uint32_t last_ = 0;
  SeriesIndex index_;
  SeriesSet cold_;
};

TEST_F(SeriesIndexTest, LabelsKeepTheirNumber) {
  EXPECT_EQ(Add({{"a", "1"}}), 1u);
  EXPECT_EQ(Add({{"a", "2"}}), 2u);
  EXPECT_EQ(Add({{"a", "1"}}), 1u);
  EXPECT_EQ(index_.LabelsOf(2), Labels({{"a", "2"}}));
  EXPECT_EQ(index_.LabelsOf(3), std::nullopt);
  EXPECT_EQ(index_.size(), 2u);
}

TEST_F(SeriesIndexTest, RefusalOfANumberIsPassedOn) {
  Add({{"a", "1"}});
  const auto refuse = [](uint64_t series) -> absl::StatusOr<uint32_t> {
    return absl::ResourceExhaustedError(fmt::format("{} are enough", series));
  };
  EXPECT_THAT(index_.GetOrAdd({{"a", "2"}}, refuse),
              StatusIs(absl::StatusCode::kResourceExhausted, "1 are enough"));
  EXPECT_OK(index_.GetOrAdd({{"a", "1"}}, refuse));
  EXPECT_EQ(index_.size(), 1u);
}

TEST_F(SeriesIndexTest, RestoreIsIdempotentAndRefusesContradictions) {
  EXPECT_TRUE(index_.Restore(5, {{"a", "1"}}));
  EXPECT_TRUE(index_.Restore(5, {{"a", "1"}}));
  EXPECT_FALSE(index_.Restore(5, {{"a", "2"}}));
  EXPECT_FALSE(index_.Restore(6, {{"a", "1"}}));
  EXPECT_FALSE(index_.Restore(0, {{"a", "3"}}));
  EXPECT_EQ(index_.size(), 1u);
}

TEST_F(SeriesIndexTest, SelectsByPartitionSortedByLabels) {
  Mark(Add({{"a", "z"}}), 0);
  Mark(Add({{"a", "b"}}), 100);
  Mark(1, 100);
  Add({{"a", "without samples"}});
  EXPECT_THAT(Select(), ElementsAre(2, 1));
  EXPECT_THAT(Select({0, 99}), ElementsAre(1));
  EXPECT_THAT(Select({100, 100}), ElementsAre(2, 1));
  EXPECT_THAT(Select({1, 99}), IsEmpty());
  EXPECT_THAT(Select({200, 100}), IsEmpty());
  EXPECT_THAT(index_.LabelValues("a", {}, {{0, 0}}, &cold_), ElementsAre("z"));
  EXPECT_THAT(index_.LabelValues("a", {Matcher::NotEqual("a", "z")}, {kEver}, &cold_),
              ElementsAre("b"));
  EXPECT_THAT(index_.LabelNames({}, {kEver}, &cold_), ElementsAre("a"));
  EXPECT_THAT(index_.LabelNames({Matcher::Equal("a", "without samples")}, {kEver}, &cold_),
              IsEmpty());
}

TEST_F(SeriesIndexTest, DroppedPartitionsTellWhoHasNoneLeft) {
  Mark(Add({{"a", "1"}}), 0);
  Mark(Add({{"a", "2"}}), 0);
  Mark(2, 100);
  EXPECT_TRUE(index_.HasPartitionBefore(100));
  const SeriesSet gone = index_.DropBefore(100);
  EXPECT_THAT(std::vector<uint32_t>(gone.begin(), gone.end()), ElementsAre(1));
  EXPECT_FALSE(index_.HasPartitionBefore(100));
  EXPECT_THAT(Select(), ElementsAre(2));
  EXPECT_THAT(index_.LabelValues("a", {}, {kEver}, &cold_), ElementsAre("2"));
  EXPECT_TRUE(index_.DropBefore(100).isEmpty());
  Mark(1, 200);
  EXPECT_THAT(Select(), ElementsAre(1, 2));
}

TEST_F(SeriesIndexTest, UnmarkedSeriesVanishAndComeBack) {
  const auto members = [](const SeriesSet& set) {
    return std::vector<uint32_t>(set.begin(), set.end());
  };
  EXPECT_EQ(Add({{"a", "1"}}), 1u);
  EXPECT_EQ(Add({{"a", "2"}}), 2u);
  for (const int64_t partition_ms : {100, 200}) Mark(1, partition_ms);
  Mark(2, 100);
  const std::vector<SeriesIndex::Presence> first = {{1, 100}, {2, 100}, {3, 100}, {1, 300}};
  EXPECT_THAT(members(index_.GoneWithout(first)), ElementsAre(2));
  EXPECT_THAT(members(index_.Unmark(first)), ElementsAre(2));
  EXPECT_THAT(members(index_.Present()), ElementsAre(1));
  EXPECT_THAT(Select(), ElementsAre(1));
  const std::vector<SeriesIndex::Presence> second = {{1, 200}};
  EXPECT_THAT(members(index_.GoneWithout(second)), ElementsAre(1));
  EXPECT_THAT(Select(), ElementsAre(1));
  EXPECT_THAT(members(index_.Unmark(second)), ElementsAre(1));
  EXPECT_THAT(members(index_.Unmark(second)), IsEmpty());
  EXPECT_THAT(Select(), IsEmpty());
  Mark(1, 200);
  EXPECT_THAT(Select(), ElementsAre(1));
  EXPECT_EQ(Add({{"a", "2"}}), 2u);
}

TEST_F(SeriesIndexTest, SeriesOutsideOfMemoryAreUnmarkedToo) {
  index_.AddPartition(100, SeriesSet::bitmapOf(2, 7, 8));
  index_.AddPartition(200, SeriesSet::bitmapOf(1, 8));
  const std::vector<SeriesIndex::Presence> marks = {{7, 100}, {8, 100}};
  EXPECT_EQ(index_.Unmark(marks), SeriesSet::bitmapOf(1, 7));
  EXPECT_THAT(Select(), IsEmpty());
  EXPECT_THAT(Cold(), ElementsAre(8));
  EXPECT_FALSE(index_.HasPartitionBefore(200));
}

TEST_F(SeriesIndexTest, WhatIsEvictedIsColdAndComesBack) {
  const Labels labels = {{"a", "1"}};
  Mark(Add(labels), 0);
  Mark(Add({{"a", "2"}}), 100);
  index_.Seal();
  index_.DropSealed();
  index_.Evict(SeriesSet::bitmapOf(1, 1));
  EXPECT_EQ(index_.size(), 1u);
  EXPECT_EQ(index_.Find(labels), std::nullopt);
  EXPECT_EQ(index_.LabelsOf(1), std::nullopt);
  EXPECT_THAT(Select(), ElementsAre(2));
  EXPECT_THAT(Cold(), ElementsAre(1));
  EXPECT_THAT(Select({50, 200}), ElementsAre(2));
  EXPECT_THAT(Cold(), IsEmpty());

  EXPECT_FALSE(Mark(1, 100));
  EXPECT_TRUE(index_.Restore(1, labels));
  EXPECT_TRUE(Mark(1, 100));
  EXPECT_THAT(Select({100, 100}), ElementsAre(1, 2));
  EXPECT_THAT(Cold(), IsEmpty());
  EXPECT_EQ(index_.Find(labels), 1u);
}

TEST_F(SeriesIndexTest, ColdSeriesAreNotAskedForWithinTheWindow) {
  Mark(Add({{"a", "1"}}), 0);
  index_.Seal();
  index_.DropSealed();
  index_.Evict(SeriesSet::bitmapOf(1, 1));
  index_.SetWindowStart(50);
  index_.Select({}, {kEver, 50}, &cold_);
  EXPECT_THAT(Cold(), IsEmpty());
  index_.Select({}, {kEver, 49}, &cold_);
  EXPECT_THAT(Cold(), ElementsAre(1));
}

TEST_F(SeriesIndexTest, SeriesInHeadsAreNotEvicted) {
  const SeriesSet first = SeriesSet::bitmapOf(1, 1);
  Mark(Add({{"a", "1"}}), 0);
  index_.Evict(first);
  EXPECT_TRUE(index_.Contains(1));
  index_.Seal();
  index_.Evict(first);
  EXPECT_TRUE(index_.Contains(1));
  Mark(1, 0);
  index_.DropSealed();
  index_.Evict(first);
  EXPECT_TRUE(index_.Contains(1));
  index_.Seal();
  index_.DropSealed();
  index_.Evict(first);
  EXPECT_FALSE(index_.Contains(1));
}

TEST_F(SeriesIndexTest, PartitionsOfBlocks) {
  index_.AddPartition(100, SeriesSet::bitmapOf(2, 7, 70'000));
  EXPECT_THAT(Select(), IsEmpty());
  EXPECT_THAT(Cold(), ElementsAre(7, 70'000));
  EXPECT_TRUE(index_.Restore(70'000, {{"a", "1"}}));
  EXPECT_THAT(Select(), ElementsAre(70'000));
  EXPECT_THAT(Cold(), ElementsAre(7));
  EXPECT_TRUE(index_.AnyIn(1));
  EXPECT_FALSE(index_.AnyIn(0));
  EXPECT_EQ(index_.Present().cardinality(), 2u);
}

// What keeps a selection of a="1" must learn of each change to it, and of few others.
TEST_F(SeriesIndexTest, StampsTellWhatMayHaveChanged) {
  const std::vector<Matcher> matchers = {Matcher::Equal("a", "1")};
  PairVersions::Stamp stamp = index_.StampOf(matchers);
  const auto changed = [&] {
    const bool is_other = !index_.Holds(stamp);
    stamp = index_.StampOf(matchers);
    return is_other;
  };
  EXPECT_FALSE(changed());
  Add({{"a", "2"}});
  Mark(1, 100);
  EXPECT_FALSE(changed());
  const Labels labels = {{"a", "1"}, {"b", "x"}};
  Add(labels);
  EXPECT_TRUE(changed());
  Add(labels);
  EXPECT_FALSE(changed());
  Mark(2, 100);
  EXPECT_TRUE(changed());
  Mark(2, 100);
  Mark(1, 200);
  EXPECT_FALSE(changed());
  Mark(2, 200);
  EXPECT_TRUE(changed());
  // Heads come and go; marks stay.
  index_.Seal();
  Mark(2, 200);
  index_.DropSealed();
  EXPECT_FALSE(changed());
  index_.Seal();
  index_.DropSealed();
  index_.Evict(SeriesSet::bitmapOf(2, 1, 7));
  EXPECT_FALSE(changed());
  index_.Evict(SeriesSet::bitmapOf(1, 2));
  EXPECT_TRUE(changed());
  EXPECT_FALSE(Mark(2, 300));
  EXPECT_FALSE(changed());
  EXPECT_TRUE(index_.Restore(2, labels));
  EXPECT_TRUE(changed());
  EXPECT_TRUE(index_.Restore(2, labels));
  EXPECT_FALSE(changed());
  index_.AddPartition(400, SeriesSet::bitmapOf(1, 2));
  EXPECT_TRUE(changed());
  const std::vector<SeriesIndex::Presence> unmarked = {{2, 400}};
  index_.Unmark(unmarked);
  EXPECT_TRUE(changed());
  index_.DropBefore(100);
  EXPECT_FALSE(changed());
  index_.DropBefore(200);
  EXPECT_TRUE(changed());
}

TEST_F(SeriesIndexTest, ReadersAndWritersTogether) {
  constexpr uint32_t kSeries = 2000;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (uint32_t i = 0; i < kSeries; ++i) {
      Mark(Add({{"a", fmt::format("{}", i)}, {"b", "x"}}), 100 * (i % 3));
    }
    index_.DropBefore(100);
    done = true;
  });
  size_t largest = 0;
  while (!done) {
    const auto series = index_.Select({Matcher::Equal("b", "x")}, {{100, 200}}, &cold_);
    ASSERT_GE(series.size(), largest);
    largest = series.size();
    index_.LabelValues("a", {}, {kEver}, &cold_);
  }
  writer.join();
  EXPECT_EQ(index_.Select({}, {kEver}, &cold_).size(), 1333u);
}

}  // namespace
}  // namespace vigil::storage
