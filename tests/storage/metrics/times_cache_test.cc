// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/times_cache.h"

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

void Put(KeyValueStore* store, std::string value) {
  WriteBatch batch;
  batch.Put(Family::kBlocks, kKey.Encode(), std::move(value));
  ASSERT_OK(store->Write(batch, Durability::kNoSync));
}

TEST(TimesCache, ReadsAColumnOnce) {
  MemoryStore store;
  Put(&store, EncodeTimesColumn({{10, 25}}));
  TimesCache cache(&store, nullptr);
  ASSERT_OK_AND_ASSIGN(const TimesPtr times, cache.Get(kKey));
  EXPECT_THAT(*times, ElementsAre(10, 25));
  Put(&store, "damaged");
  EXPECT_EQ(cache.Get(kKey).value(), times);
}

TEST(TimesCache, ReadsAtItsSnapshot) {
  MemoryStore store;
  Put(&store, EncodeTimesColumn({{10, 25}}));
  const auto snapshot = store.NewSnapshot();
  Put(&store, EncodeTimesColumn({{11}}));
  TimesCache cache(&store, snapshot.get());
  ASSERT_OK_AND_ASSIGN(const TimesPtr times, cache.Get(kKey));
  EXPECT_THAT(*times, ElementsAre(10, 25));
}

TEST(TimesCache, MissingAndDamagedColumnsAreDataLoss) {
  MemoryStore store;
  TimesCache cache(&store, nullptr);
  EXPECT_THAT(cache.Get(kKey).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("missing")));
  Put(&store, "damaged");
  EXPECT_THAT(cache.Get(kKey).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("column of times")));
}

}  // namespace
}  // namespace vigil::storage
