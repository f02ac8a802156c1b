// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/number_sets.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::vigil::testing::StatusIs;

constexpr TenantId kTenant{2};
constexpr TimeRange kEver = {INT64_MIN, INT64_MAX};

std::vector<WriteBatch::Entry> Rows(const NumberSets& presence) {
  WriteBatch batch;
  presence.AddRows(&batch);
  return batch.entries();
}

std::map<int64_t, std::vector<uint32_t>> Contents(const NumberSets& presence) {
  std::map<int64_t, std::vector<uint32_t>> contents;
  presence.ForEach([&contents](int64_t partition, const SeriesSet& numbers) {
    contents[partition] = {numbers.begin(), numbers.end()};
  });
  return contents;
}

TEST(NumberSetsTest, RowsReadBack) {
  NumberSets presence(kTenant, 7, NumberKind::kBlocks);
  for (const uint32_t number : {1u, 255u, 256u, 65535u, 65536u, 0xFFFFFFFFu}) {
    presence.Add(-100, number);
  }
  for (uint32_t number = 0; number < 4096; ++number) presence.Add(0, 3 * number + 1);
  for (uint32_t number = 0; number < 4095; ++number) presence.Add(100, 3 * number + 1);
  const std::vector<WriteBatch::Entry> rows = Rows(presence);
  EXPECT_EQ(rows.size(), 3 + 1 + 1u);
  NumberSets restored(kTenant, 7, NumberKind::kBlocks);
  for (const WriteBatch::Entry& row : rows) {
    EXPECT_EQ(row.family, Family::kPostings);
    EXPECT_LE(row.value.size(), 8193u);
    EXPECT_OK(restored.Restore(row.key, row.value));
  }
  EXPECT_EQ(Contents(restored), Contents(presence));
  EXPECT_THAT(Rows(restored), IsEmpty());
}

TEST(NumberSetsTest, OnlyChangedRowsAreWritten) {
  NumberSets presence(kTenant, 7, NumberKind::kBlocks);
  presence.Add(0, 1);
  presence.Add(0, 70000);
  EXPECT_EQ(Rows(presence).size(), 2u);
  EXPECT_EQ(Rows(presence).size(), 2u);  // The write failed.
  presence.RowsWritten();
  presence.Add(0, 1);
  EXPECT_THAT(Rows(presence), IsEmpty());
  presence.Add(0, 2);
  EXPECT_EQ(Rows(presence).size(), 1u);
}

TEST(NumberSetsTest, PartitionsOfASeries) {
  NumberSets presence(kTenant, 7, NumberKind::kBlocks);
  for (const int64_t partition : {-100, 0, 100, 200}) presence.Add(partition, 5);
  presence.Add(300, 6);
  EXPECT_THAT(presence.InstantsOf(5, kEver), ElementsAre(-100, 0, 100, 200));
  EXPECT_THAT(presence.InstantsOf(5, {0, 150}), ElementsAre(0, 100));
  EXPECT_THAT(presence.InstantsOf(6, {0, 299}), IsEmpty());
}

TEST(NumberSetsTest, RowsOfWhatWasRemovedGo) {
  NumberSets dead(kTenant, 7, NumberKind::kDead);
  dead.AddAll(0, SeriesSet::bitmapOf(3, 1, 2, 70'000));
  EXPECT_EQ(Rows(dead).size(), 2u);
  dead.RowsWritten();
  dead.RemoveAll(0, SeriesSet::bitmapOf(3, 2, 70'000, 9));
  const std::vector<WriteBatch::Entry> rows = Rows(dead);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].kind, WriteBatch::Kind::kPut);
  EXPECT_EQ(rows[1].kind, WriteBatch::Kind::kDelete);
  EXPECT_EQ(dead.At(0).cardinality(), 1u);
  EXPECT_TRUE(dead.At(1).isEmpty());
  dead.RemoveAll(0, SeriesSet::bitmapOf(1, 1));
  EXPECT_TRUE(dead.Union().isEmpty());
}

TEST(NumberSetsTest, DropsPartitions) {
  NumberSets presence(kTenant, 7, NumberKind::kBlocks);
  for (const int64_t partition : {-100, 0, 100}) presence.Add(partition, 5);
  EXPECT_TRUE(presence.HasBefore(100));
  presence.DropBefore(100);
  EXPECT_FALSE(presence.HasBefore(100));
  EXPECT_THAT(presence.InstantsOf(5, kEver), ElementsAre(100));
  EXPECT_EQ(Rows(presence).size(), 1u);
}

TEST(NumberSetsTest, ADamagedRowHidesNoSeries) {
  NumberSets presence(kTenant, 7, NumberKind::kBlocks);
  presence.Add(0, 70000);
  const WriteBatch::Entry row = Rows(presence).front();
  for (const std::string& value : {std::string("x"), std::string(8194, 'x')}) {
    NumberSets restored(kTenant, 7, NumberKind::kBlocks);
    EXPECT_THAT(restored.Restore(row.key, value), StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_THAT(restored.InstantsOf(70000, kEver), ElementsAre(0));
    EXPECT_THAT(restored.InstantsOf(131071, kEver), ElementsAre(0));
    EXPECT_THAT(restored.InstantsOf(131072, kEver), IsEmpty());
  }
  NumberSets restored(kTenant, 7, NumberKind::kBlocks);
  EXPECT_THAT(restored.Restore(row.key + "x", row.value), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(restored.Restore(row.key.substr(1), row.value),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_TRUE(Contents(restored).empty());
}

}  // namespace
}  // namespace vigil::storage
