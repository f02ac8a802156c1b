// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/times_cache.h"

#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

constexpr TimestampColumnKey kKey = {TenantId{1}, 2, 0, 17};
constexpr TimeRange kAll = {0, 1'000'000'000};

void Put(KeyValueStore* store, std::string value) {
  WriteBatch batch;
  batch.Put(Family::kBlocks, kKey.Encode(), std::move(value));
  ASSERT_OK(store->Write(batch, Durability::kNoSync));
}

TEST(TimesCache, ReadsAColumnOnce) {
  MemoryStore store;
  Put(&store, EncodeTimesColumn({{10, 25}}));
  TimesCache cache(&store, nullptr);
  ASSERT_OK_AND_ASSIGN(const TimesPart times, cache.Get(kKey, kAll));
  EXPECT_THAT(*times.times_ms, ElementsAre(10, 25));
  Put(&store, "damaged");
  EXPECT_EQ(cache.Get(kKey, kAll).value().times_ms, times.times_ms);
}

TEST(TimesCache, ReadsAtItsSnapshot) {
  MemoryStore store;
  Put(&store, EncodeTimesColumn({{10, 25}}));
  const auto snapshot = store.NewSnapshot();
  Put(&store, EncodeTimesColumn({{11}}));
  TimesCache cache(&store, snapshot.get());
  ASSERT_OK_AND_ASSIGN(const TimesPart times, cache.Get(kKey, kAll));
  EXPECT_THAT(*times.times_ms, ElementsAre(10, 25));
}

TEST(TimesCache, KeepsAPartForItsRangeAndAllForOthers) {
  constexpr int64_t kStepMs = 15'000;
  std::vector<int64_t> all_ms;
  for (int64_t i = 0; i < 5760; ++i) all_ms.push_back(i * kStepMs + i % 7);
  MemoryStore store;
  Put(&store, EncodeTimesColumn(all_ms));
  DecodedTimes recent(1 << 20);
  const TimeRange late = {5700 * kStepMs, 5720 * kStepMs};
  {
    TimesCache cache(&store, nullptr, &recent);
    ASSERT_OK_AND_ASSIGN(const TimesPart part, cache.Get(kKey, late));
    EXPECT_LT(part.size(), all_ms.size() / 4);
    EXPECT_EQ(cache.Get(kKey, late).value().times_ms, part.times_ms);
    EXPECT_FALSE(recent.Find(kKey.column, late).has_value());
    ASSERT_OK_AND_ASSIGN(const TimesPart early, cache.Get(kKey, {0, kStepMs}));
    EXPECT_EQ(early.first, 0);
    ASSERT_OK_AND_ASSIGN(const TimesPart all, cache.Get(kKey, kAll));
    EXPECT_EQ(*all.times_ms, all_ms);
    EXPECT_EQ(cache.Get(kKey, late).value().times_ms, all.times_ms);
  }
  Put(&store, "damaged");
  TimesCache next(&store, nullptr, &recent);
  ASSERT_OK_AND_ASSIGN(const TimesPart kept, next.Get(kKey, late));
  EXPECT_EQ(*kept.times_ms, all_ms);
}

TEST(DecodedTimesTest, StartsAnewWhereThereIsTooMuch) {
  const auto column = [](int64_t first_ms) {
    return TimesPart(
        std::make_shared<const std::vector<int64_t>>(std::vector<int64_t>{first_ms, first_ms + 1}));
  };
  DecodedTimes times(5 * sizeof(int64_t));
  times.Put(1, column(10));
  times.Put(2, column(20));
  times.Put(2, column(30));  // Instead of the one before.
  EXPECT_EQ(times.Find(1, kAll)->min_ms, 10);
  EXPECT_EQ(times.Find(2, kAll)->min_ms, 30);
  times.Put(3, column(40));
  EXPECT_FALSE(times.Find(1, kAll).has_value());
  EXPECT_EQ(times.Find(3, kAll)->min_ms, 40);
}

TEST(TimesCache, MissingAndDamagedColumnsAreDataLoss) {
  MemoryStore store;
  TimesCache cache(&store, nullptr);
  EXPECT_THAT(cache.Get(kKey, kAll).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("missing")));
  Put(&store, "damaged");
  EXPECT_THAT(cache.Get(kKey, kAll).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("column of times")));
}

}  // namespace
}  // namespace vigil::storage
