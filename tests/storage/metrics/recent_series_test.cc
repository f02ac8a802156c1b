// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/recent_series.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TenantId kTenant{2};
constexpr uint8_t kShard = 7;
constexpr int64_t kWindowMs = 300;  // So that an hour has 100 ms.

std::vector<uint32_t> Members(const SeriesSet& set) { return {set.begin(), set.end()}; }

class RecentSeriesTest : public ::testing::Test {
 protected:
  void Write() {
    WriteBatch batch;
    recent_.AddRows(&batch);
    ASSERT_OK(store_.Write(batch, Durability::kNoSync));
    recent_.RowsWritten();
  }
  std::vector<uint32_t> Stored() {
    RecentSeries restored(kTenant, kShard, kWindowMs);
    EXPECT_OK(ForEach(store_, Family::kPostings, {},
                      [&restored](std::string_view key, std::string_view value) {
                        return restored.Restore(key, value);
                      }));
    EXPECT_EQ(restored.WindowStart(), recent_.WindowStart());
    return Members(restored.All());
  }

  MemoryStore store_;
  RecentSeries recent_{kTenant, kShard, kWindowMs};
};

TEST_F(RecentSeriesTest, WhatHasLeftTheWindowIsTakenOnce) {
  recent_.Note(1, 1000);
  recent_.Note(2, 1000);
  recent_.Note(2, 1450);
  EXPECT_EQ(recent_.WindowStart(), 1100);
  EXPECT_THAT(Members(recent_.TakeExpired()), ElementsAre(1));
  EXPECT_TRUE(recent_.TakeExpired().isEmpty());
  EXPECT_THAT(Members(recent_.All()), ElementsAre(2));
}

TEST_F(RecentSeriesTest, NothingIsNewerThanTheNewest) {
  EXPECT_EQ(recent_.newest_ms(), INT64_MIN);
  recent_.Note(1, 1234);
  recent_.Note(2, 1000);
  EXPECT_EQ(recent_.newest_ms(), 1234);
  Write();
  RecentSeries restored(kTenant, kShard, kWindowMs);
  ASSERT_OK(ForEach(store_, Family::kPostings, {},
                    [&restored](std::string_view key, std::string_view value) {
                      return restored.Restore(key, value);
                    }));
  EXPECT_GE(restored.newest_ms(), 1234);
  RecentSeries lost(kTenant, kShard, kWindowMs);
  lost.NoteLost(2000);
  EXPECT_EQ(lost.newest_ms(), 2000);
}

TEST_F(RecentSeriesTest, NoRowsAreWrittenUntilTheWindowHasLeftWhatWasLost) {
  EXPECT_TRUE(recent_.Empty());
  recent_.NoteLost(2000);
  recent_.Note(1, 1900);
  EXPECT_FALSE(recent_.Empty());
  EXPECT_EQ(recent_.WindowStart(), 1600);
  EXPECT_EQ(recent_.CertainFrom(), 2000);
  WriteBatch batch;
  recent_.AddRows(&batch);
  EXPECT_TRUE(batch.empty());
  recent_.RowsWritten();
  recent_.Note(2, 2150);
  recent_.Note(3, 2350);
  EXPECT_EQ(recent_.CertainFrom(), 2000);
  recent_.TakeExpired();
  Write();
  EXPECT_THAT(Stored(), ElementsAre(2, 3));
}

TEST_F(RecentSeriesTest, LateSeriesExpireAtOnceUnlessTheyWereSeenLater) {
  recent_.Note(1, 1000);
  recent_.Note(1, 200);
  recent_.Note(2, 200);
  recent_.Note(3, INT64_MIN);
  EXPECT_THAT(Members(recent_.TakeExpired()), ElementsAre(2, 3));
  EXPECT_EQ(recent_.WindowStart(), 700);
}

TEST_F(RecentSeriesTest, RowsAreThoseOfTheWindow) {
  EXPECT_THAT(Stored(), IsEmpty());
  recent_.Note(1, 1000);
  Write();
  EXPECT_THAT(Stored(), ElementsAre(1));
  recent_.Note(2, 5000);
  Write();
  EXPECT_THAT(Members(recent_.TakeExpired()), ElementsAre(1));
  Write();
  EXPECT_THAT(Stored(), ElementsAre(2));
}

TEST_F(RecentSeriesTest, WhatWasThawedHasUntilTheNextFlushButOne) {
  recent_.NoteThawed(3);
  recent_.NoteThawed(4);
  EXPECT_TRUE(recent_.TakeExpired().isEmpty());
  EXPECT_EQ(recent_.WindowStart(), INT64_MIN);
  recent_.Note(4, 1000);
  EXPECT_THAT(Members(recent_.TakeExpired()), ElementsAre(3));
  EXPECT_TRUE(recent_.TakeExpired().isEmpty());
}

}  // namespace
}  // namespace vigil::storage
