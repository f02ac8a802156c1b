// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/block_presence.h"

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

std::vector<WriteBatch::Entry> Rows(const BlockPresence& presence) {
  WriteBatch batch;
  presence.AddRows(&batch);
  return batch.entries();
}

std::map<int64_t, std::vector<uint32_t>> Contents(const BlockPresence& presence) {
  std::map<int64_t, std::vector<uint32_t>> contents;
  presence.ForEach([&contents](int64_t partition, const SeriesSet& numbers) {
    contents[partition] = {numbers.begin(), numbers.end()};
  });
  return contents;
}

TEST(BlockPresenceTest, RowsReadBack) {
  BlockPresence presence(kTenant, 7);
  for (const uint32_t number : {1u, 255u, 256u, 65535u, 65536u, 0xFFFFFFFFu}) {
    presence.Add(-100, number);
  }
  for (uint32_t number = 0; number < 4096; ++number) presence.Add(0, 3 * number + 1);  // Bitmap.
  for (uint32_t number = 0; number < 4095; ++number) presence.Add(100, 3 * number + 1);
  const std::vector<WriteBatch::Entry> rows = Rows(presence);
  EXPECT_EQ(rows.size(), 3 + 1 + 1u);
  BlockPresence restored(kTenant, 7);
  for (const WriteBatch::Entry& row : rows) {
    EXPECT_EQ(row.family, Family::kPostings);
    EXPECT_LE(row.value.size(), 8192u);
    EXPECT_OK(restored.Restore(row.key, row.value));
  }
  EXPECT_EQ(Contents(restored), Contents(presence));
  EXPECT_THAT(Rows(restored), IsEmpty());
}

TEST(BlockPresenceTest, OnlyChangedRowsAreWritten) {
  BlockPresence presence(kTenant, 7);
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

TEST(BlockPresenceTest, PartitionsOfASeries) {
  BlockPresence presence(kTenant, 7);
  for (const int64_t partition : {-100, 0, 100, 200}) presence.Add(partition, 5);
  presence.Add(300, 6);
  EXPECT_THAT(presence.PartitionsOf(5, kEver), ElementsAre(-100, 0, 100, 200));
  EXPECT_THAT(presence.PartitionsOf(5, {0, 150}), ElementsAre(0, 100));
  EXPECT_THAT(presence.PartitionsOf(6, {0, 299}), IsEmpty());
}

TEST(BlockPresenceTest, DropsPartitions) {
  BlockPresence presence(kTenant, 7);
  for (const int64_t partition : {-100, 0, 100}) presence.Add(partition, 5);
  EXPECT_TRUE(presence.HasPartitionBefore(100));
  presence.DropBefore(100);
  EXPECT_FALSE(presence.HasPartitionBefore(100));
  EXPECT_THAT(presence.PartitionsOf(5, kEver), ElementsAre(100));
  EXPECT_EQ(Rows(presence).size(), 1u);
}

TEST(BlockPresenceTest, WhatIsRemovedIsWritten) {
  BlockPresence presence(kTenant, 7);
  presence.Add(0, 5);
  presence.Add(0, 6);
  presence.RowsWritten();
  presence.Remove(0, 5);
  presence.Remove(0, 9);    // Was not there.
  presence.Remove(100, 5);  // No such partition.
  EXPECT_THAT(presence.PartitionsOf(5, kEver), IsEmpty());
  const std::vector<WriteBatch::Entry> rows = Rows(presence);
  ASSERT_EQ(rows.size(), 1u);
  BlockPresence restored(kTenant, 7);
  EXPECT_OK(restored.Restore(rows[0].key, rows[0].value));
  EXPECT_THAT(restored.PartitionsOf(5, kEver), IsEmpty());
  EXPECT_THAT(restored.PartitionsOf(6, kEver), ElementsAre(0));
}

TEST(BlockPresenceTest, ADamagedRowHidesNoSeries) {
  BlockPresence presence(kTenant, 7);
  presence.Add(0, 70000);
  const WriteBatch::Entry row = Rows(presence).front();
  for (const std::string& value : {std::string("x"), std::string(8193, 'x')}) {
    BlockPresence restored(kTenant, 7);
    EXPECT_THAT(restored.Restore(row.key, value), StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_THAT(restored.PartitionsOf(70000, kEver), ElementsAre(0));
    EXPECT_THAT(restored.PartitionsOf(131071, kEver), ElementsAre(0));
    EXPECT_THAT(restored.PartitionsOf(131072, kEver), IsEmpty());
  }
  BlockPresence restored(kTenant, 7);
  EXPECT_THAT(restored.Restore(row.key + "x", row.value), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(restored.Restore(row.key.substr(1), row.value),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_TRUE(Contents(restored).empty());
}

}  // namespace
}  // namespace vigil::storage
