// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/seen_labels.h"

#include <cstdint>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/index_keys.h"
#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

constexpr TenantId kTenant{3};
constexpr uint8_t kShard = 1;
constexpr int64_t kNoDeadline = std::numeric_limits<int64_t>::max();

Labels LabelsOf(uint32_t number) { return {{kMetricName, "m"}, {"id", fmt::format("{}", number)}}; }

class SeenLabelsTest : public ::testing::Test {
 protected:
  void PutRows(uint32_t first, uint32_t last, TenantId tenant = kTenant) {
    WriteBatch batch;
    for (uint32_t number = first; number <= last; ++number) {
      const LabelsHashKey key = {tenant, kShard, LabelsOf(number).Hash(), number};
      batch.Put(Family::kSeries, key.Encode(), "");
    }
    ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  }
  // How many of the labels may have been seen.
  static int Contained(const SeenLabels& seen, uint32_t first, uint32_t last) {
    int contained = 0;
    for (uint32_t number = first; number <= last; ++number) {
      contained += seen.MayContain(LabelsOf(number)) ? 1 : 0;
    }
    return contained;
  }

  MemoryStore store_;
  SeenLabels seen_{&store_, kTenant, kShard};
};

TEST_F(SeenLabelsTest, KnowsWhatWasAdded) {
  EXPECT_EQ(Contained(seen_, 1, 1000), 0);
  for (uint32_t number = 1; number <= 500; ++number) seen_.Add(LabelsOf(number));
  EXPECT_EQ(Contained(seen_, 1, 500), 500);
  EXPECT_EQ(Contained(seen_, 501, 1000), 0);
  ASSERT_OK_AND_ASSIGN(const bool more, seen_.Learn(kNoDeadline));
  EXPECT_FALSE(more);
}

TEST_F(SeenLabelsTest, OlderRowsMayBeAnything) {
  PutRows(1, 10'000);
  PutRows(20'001, 20'100, TenantId{4});
  seen_.NoteOlderRows();
  EXPECT_EQ(Contained(seen_, 30'000, 30'100), 101);
  seen_.Add(LabelsOf(15'000));
  // Each step gets on, though its deadline is over.
  ASSERT_OK_AND_ASSIGN(bool more, seen_.Learn(0));
  EXPECT_TRUE(more);
  for (int steps = 0; more; ++steps) {
    ASSERT_LT(steps, 10);
    ASSERT_OK_AND_ASSIGN(more, seen_.Learn(0));
  }
  EXPECT_EQ(Contained(seen_, 1, 10'000), 10'000);
  EXPECT_EQ(Contained(seen_, 15'000, 15'000), 1);
  EXPECT_EQ(Contained(seen_, 20'001, 20'100), 0);
}

TEST_F(SeenLabelsTest, ForgetsWhatIsGoneOnceThatIsMost) {
  for (uint32_t number = 1; number <= 1000; ++number) seen_.Add(LabelsOf(number));
  PutRows(901, 1000);
  seen_.NoteRemoved(900);
  EXPECT_FALSE(seen_.MostlyRemoved());  // Too few to read the others for.
  seen_.NoteRemoved(200'000);
  EXPECT_TRUE(seen_.MostlyRemoved());
  seen_.BeginAnew();
  EXPECT_FALSE(seen_.MostlyRemoved());
  seen_.Add(LabelsOf(2000));
  EXPECT_EQ(Contained(seen_, 1, 1000), 1000);
  ASSERT_OK(seen_.Learn(kNoDeadline).status());
  EXPECT_EQ(Contained(seen_, 1, 900), 0);
  EXPECT_EQ(Contained(seen_, 901, 1000), 100);
  EXPECT_EQ(Contained(seen_, 2000, 2000), 1);
}

TEST_F(SeenLabelsTest, PassesOverDamagedKeys) {
  PutRows(1, 10);
  WriteBatch batch;
  batch.Put(Family::kSeries, LabelsHashKey::Prefix(kTenant, kShard) + "odd", "");
  ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  seen_.NoteOlderRows();
  ASSERT_OK(seen_.Learn(kNoDeadline).status());
  EXPECT_EQ(Contained(seen_, 1, 20), 10);
}

}  // namespace
}  // namespace vigil::storage
