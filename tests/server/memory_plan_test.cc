// SPDX-License-Identifier: Apache-2.0
#include "server/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

constexpr uint64_t kMiB = 1 << 20;

TEST(MemoryPlanTest, TheSharesLeaveRoomForTheRest) {
  for (const uint64_t limit : {128 * kMiB, 300 * kMiB, 2048 * kMiB, 16384 * kMiB, 262144 * kMiB}) {
    for (const unsigned cores : {1u, 2u, 16u, 128u}) {
      const MemoryPlan plan = DivideMemory(limit, cores);
      const double planned =
          static_cast<double>(plan.store_bytes + plan.max_head_bytes + plan.max_bytes_in_flight) +
          24.0 * static_cast<double>(plan.max_queries) *
              static_cast<double>(plan.max_query_samples);
      EXPECT_LT(planned + static_cast<double>(plan.arriving_bytes),
                0.61 * static_cast<double>(limit));
      EXPECT_LE(plan.head_flush_bytes, plan.max_head_bytes);
      EXPECT_LE(static_cast<size_t>(plan.max_request_bytes), plan.max_bytes_in_flight);
      EXPECT_GE(plan.max_queries, 2u);
      EXPECT_GT(plan.max_query_samples, 100'000);
    }
  }
}

TEST(MemoryPlanTest, ALargeMachineIsNotUsedUp) {
  const MemoryPlan plan = DivideMemory(262144 * kMiB, 64);
  EXPECT_EQ(plan.store_bytes, 256 * kMiB);
  EXPECT_EQ(plan.max_head_bytes, 2048 * kMiB);
  EXPECT_EQ(plan.max_request_bytes, static_cast<int>(64 * kMiB));
  EXPECT_EQ(plan.max_query_samples, 50'000'000);
}

TEST(MemoryPlanTest, WhatIsSaidHolds) {
  Config config;
  config.memory_limit_bytes = 300 * kMiB;
  config.admission.max_request_bytes = 12345;
  config.queries.max_running = 3;
  ASSERT_OK(ApplyMemoryPlan(&config));
  EXPECT_EQ(config.admission.max_request_bytes, 12345u);
  EXPECT_EQ(config.queries.max_running, 3u);
  EXPECT_EQ(config.storage.head_flush_bytes, 18 * kMiB);
  EXPECT_EQ(config.kept_selection_bytes, 6 * kMiB);
  EXPECT_EQ(config.storage.max_series_bytes, 105 * kMiB);
  EXPECT_GT(config.max_query_samples, 0);
}

TEST(MemoryPlanTest, TheDefaultIsAShareOfTheMachine) {
  Config config;
  ASSERT_OK(ApplyMemoryPlan(&config));
  EXPECT_GE(config.memory_limit_bytes, kMinMemoryLimitBytes);
  EXPECT_GT(config.storage.store_memory_bytes, 0u);
}

TEST(MemoryPlanTest, WhatDoesNotGoTogetherIsRefused) {
  Config config;
  config.memory_limit_bytes = 10 * kMiB;
  EXPECT_THAT(ApplyMemoryPlan(&config),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--memory-limit")));
  Config heads;
  heads.storage.head_flush_bytes = 1000 * kMiB;
  heads.admission.max_head_bytes = 10 * kMiB;
  EXPECT_THAT(ApplyMemoryPlan(&heads),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("flush_bytes")));
}

TEST(MemoryPlanTest, MemoryIsShortBeforeTheLimit) {
  EXPECT_EQ(JudgeMemory(50, 100), MemoryState::kPlenty);
  EXPECT_EQ(JudgeMemory(90, 100), MemoryState::kShort);
}

}  // namespace
}  // namespace vigil::server
