// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/data_policy.h"

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::vigil::testing::StatusIs;

storage::Labels Job(std::string_view job) { return storage::Labels({{"job", job}}); }

TEST(SeenSeriesTest, RemembersWhatIsMissingUntilItIsForgotten) {
  SeenSeries seen;
  EXPECT_TRUE(seen.Update({{Job("a"), Job("a")}, {Job("b"), Job("b")}}, 10, 100));
  EXPECT_FALSE(seen.Update({{Job("a"), Job("a")}, {Job("b"), Job("b")}}, 20, 100));
  EXPECT_TRUE(seen.Update({{Job("a"), Job("a")}}, 30, 100));
  EXPECT_FALSE(seen.Update({{Job("a"), Job("a")}}, 40, 100));
  EXPECT_EQ(seen.entries().at(Job("b")).missing_since_ms, 30);
  EXPECT_EQ(seen.entries().at(Job("a")).missing_since_ms, 0);
  EXPECT_TRUE(seen.Update({{Job("a"), Job("a")}}, 130, 100));
  EXPECT_FALSE(seen.entries().contains(Job("b")));
}

TEST(SeenSeriesTest, WhatComesBackIsThere) {
  SeenSeries seen;
  seen.Update({{Job("a"), Job("a")}}, 10, 100);
  seen.Update({}, 20, 100);
  EXPECT_TRUE(seen.Update({{Job("a"), Job("a")}}, 30, 100));
  EXPECT_EQ(seen.entries().at(Job("a")).missing_since_ms, 0);
}

TEST(SeriesPeakTest, ThePeakLeavesWithTheWindow) {
  SeriesPeak peak;
  EXPECT_TRUE(peak.Update(5, 0, 100));
  EXPECT_FALSE(peak.Update(3, 50, 100));
  EXPECT_FALSE(peak.Update(2, 90, 100));
  EXPECT_EQ(peak.peak(), 5);
  EXPECT_TRUE(peak.Update(1, 100, 100));
  EXPECT_EQ(peak.peak(), 3);
  EXPECT_TRUE(peak.Update(4, 110, 100));
  EXPECT_EQ(peak.peak(), 4);
}

TEST(DataStateTest, RoundTrip) {
  SeenSeries seen;
  seen.Update({{Job("a"), Job("a")}, {Job("b"), storage::Labels({{"x", "\xff\"y"}})}}, 10, 100);
  seen.Update({{Job("a"), Job("a")}}, 20, 100);
  SeriesPeak peak;
  peak.Update(7, 15, 100);
  SeenSeries seen_again;
  SeriesPeak peak_again;
  ASSERT_OK(DecodeDataState(EncodeDataState(seen, peak), &seen_again, &peak_again));
  EXPECT_EQ(seen_again.entries().size(), 2u);
  EXPECT_EQ(seen_again.entries().at(Job("b")).missing_since_ms, 20);
  EXPECT_EQ(peak_again.peak(), 7);
  EXPECT_EQ(peak_again.peak_at_ms(), 15);
}

TEST(DataStateTest, DamageIsReported) {
  SeenSeries seen;
  SeriesPeak peak;
  for (const char* const text : {"", "{", "[]", "{\"seen\":1}", "{\"seen\":[{}]}",
                                 "{\"seen\":[],\"most_series\":\"x\",\"most_series_at\":0}"}) {
    EXPECT_THAT(DecodeDataState(text, &seen, &peak), StatusIs(absl::StatusCode::kDataLoss)) << text;
  }
}

}  // namespace
}  // namespace vigil::alerting
