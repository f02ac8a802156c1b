// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/series_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

constexpr TenantId kA{1};
constexpr TenantId kB{2};

class SeriesLimitsTest : public ::testing::Test {
 protected:
  static LimitSettings Settings() {
    LimitSettings settings;
    settings.defaults.max_series = 5;
    settings.defaults.max_series_per_metric = 2;
    return settings;
  }
  LimitBook book_{Settings(), [](TenantId) { return ""; }};
  SeriesLimits limits_{&book_};
};

TEST_F(SeriesLimitsTest, BoundsATenant) {
  for (const char* metric : {"a", "a", "b", "b", "c"}) ASSERT_OK(limits_.Take(kA, {metric}));
  EXPECT_THAT(limits_.Take(kA, {"d"}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("has 5 series; the limit (limits.max_series) is 5")));
  EXPECT_OK(limits_.Take(kB, {"d"}));
  EXPECT_EQ(limits_.SeriesOf(kA), 5u);
}

TEST_F(SeriesLimitsTest, BoundsAMetric) {
  for (const char* metric : {"a", "a"}) ASSERT_OK(limits_.Take(kA, {metric}));
  EXPECT_THAT(
      limits_.Take(kA, {"a"}),
      StatusIs(absl::StatusCode::kResourceExhausted,
               HasSubstr("metric a has 2 series; the limit (limits.max_series_per_metric) is 2")));
  EXPECT_OK(limits_.Take(kA, {"b"}));
  limits_.Release(kA, {"a"});
  EXPECT_OK(limits_.Take(kA, {"a"}));
}

TEST_F(SeriesLimitsTest, WhatIsThereCountsThoughItIsTooMuch) {
  for (int i = 0; i < 7; ++i) limits_.Count(kA, {"a"});
  EXPECT_EQ(limits_.SeriesOf(kA), 7u);
  EXPECT_FALSE(limits_.Take(kA, {"b"}).ok());
  for (int i = 0; i < 9; ++i) limits_.Release(kA, {"a"});  // Never below none.
  EXPECT_EQ(limits_.SeriesOf(kA), 0u);
}

TEST_F(SeriesLimitsTest, BoundsTheMemoryOfAllTogether) {
  SeriesLimits limits(&book_, 3000);
  ASSERT_OK(limits.Take(kA, {"a", 500}));
  ASSERT_OK(limits.Take(kB, {"a", 1000}));
  const uint64_t two = limits.Bytes();
  EXPECT_GT(two, 1500u);
  EXPECT_THAT(limits.Take(kB, {"b", 1000}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("which is what the memory limit (--memory-limit")));
  EXPECT_EQ(limits.Bytes(), two);
  limits.Release(kB, {"a", 1000});
  EXPECT_OK(limits.Take(kB, {"b", 1000}));
  limits.Count(kA, {"a", 2000});  // What is there counts, though it is too much.
  EXPECT_GT(limits.Bytes(), 3000u);
}

TEST_F(SeriesLimitsTest, TellsWhoHasMost) {
  limits_.Count(kA, {"a"});
  limits_.Count(kB, {"a"});
  limits_.Count(kB, {"b"});
  limits_.Count(kDefaultTenant, {"a"});
  limits_.Release(kDefaultTenant, {"a"});
  const std::vector<SeriesLimits::Usage> usages = limits_.Usages();
  ASSERT_EQ(usages.size(), 2u);
  EXPECT_EQ(usages[0].tenant, kB);
  EXPECT_EQ(usages[0].series, 2u);
  EXPECT_EQ(usages[1].tenant, kA);
}

}  // namespace
}  // namespace vigil::storage
