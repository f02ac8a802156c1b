// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/refusals.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"

namespace vigil::storage {
namespace {

TEST(RefusalsTest, EachReasonHasAName) {
  std::set<std::string_view> names;
  for (int i = 0; i < kRefusalCount; ++i) names.insert(RefusalName(static_cast<Refusal>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(kRefusalCount));
  EXPECT_FALSE(names.contains(""));
}

TEST(RefusalsTest, CountsByReason) {
  CountRefused(Refusal::kLogBody, 3);
  CountRefused(Refusal::kTime);
  EXPECT_THAT(RefusedSoFar(),
              ::testing::ElementsAre(::testing::Pair("time", 1), ::testing::Pair("log_body", 3)));
  EXPECT_THAT(ExposeMetrics(),
              ::testing::HasSubstr("vigil_refused_records_total{reason=\"log_body\"} 3\n"));
}

}  // namespace
}  // namespace vigil::storage
