// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/series_rules.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

absl::Status Check(const Labels& labels) {
  TenantLimits limits;
  limits.max_labels_per_series = 3;
  limits.max_label_name_bytes = 10;
  limits.max_label_value_bytes = 20;
  return CheckSeriesLabels(labels, limits);
}

auto Refused(const std::string& about, const std::string& why) {
  return StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(about), HasSubstr(why)));
}

TEST(SeriesRulesTest, WhatIsWithinTheLimitsPasses) {
  EXPECT_OK(Check({{kMetricName, "m"}}));
  EXPECT_OK(Check({{kMetricName, std::string(20, 'm')}, {"0123456789", "ü"}, {"b", "c"}}));
}

TEST(SeriesRulesTest, MessagesNameTheLabelAndTheLimit) {
  EXPECT_THAT(Check({{"job", "x"}}), Refused("{job=\"x\"}", "no metric name"));
  EXPECT_THAT(Check({}), Refused("{}", "no metric name"));
  EXPECT_THAT(Check({{kMetricName, "m"}, {"a", "1"}, {"b", "1"}, {"c", "1"}}),
              Refused("\"m\"", "4 labels; the limit (limits.max_labels_per_series) is 3"));
  EXPECT_THAT(
      Check({{kMetricName, "m"}, {"0123456789x", "1"}}),
      Refused("\"0123456789x\"", "11 bytes; the limit (limits.max_label_name_bytes) is 10"));
  EXPECT_THAT(Check({{kMetricName, "m"}, {"a", std::string(21, 'v')}}),
              Refused("\"a\"", "21 bytes; the limit (limits.max_label_value_bytes) is 20"));
  EXPECT_THAT(Check({{kMetricName, "m"}, {"a\xFF", "1"}}), Refused("label name", "UTF-8"));
  EXPECT_THAT(Check({{kMetricName, "m"}, {"a", "\xC3"}}), Refused("label \"a\"", "UTF-8"));
}

TEST(SeriesRulesTest, MessagesStayShort) {
  EXPECT_LT(Check({{kMetricName, "m"}, {"a", std::string(100'000, 'v')}}).message().size(), 400u);
  EXPECT_LT(Check({{"a", std::string(20, 'v')}}).message().size(), 400u);
}

TEST(SeriesRulesTest, MetadataIsCutBetweenCharacters) {
  std::string help(kMaxHelpBytes - 1, 'h');
  const MetricMetadata tidy = TidyMetadata({MetricType::kGauge, "by\xFF", help + "ü"});
  EXPECT_EQ(tidy.type, MetricType::kGauge);
  EXPECT_EQ(tidy.unit, "by\xEF\xBF\xBD");
  EXPECT_EQ(tidy.help, help);
  const std::string broken(kMaxHelpBytes, '\xFF');
  EXPECT_TRUE(IsValidUtf8(TidyMetadata({MetricType::kGauge, "", broken}).help));
}

TEST(SeriesRulesTest, TypeAndUnitAsLabels) {
  const Labels labels = {{kMetricName, "m"}, {"__type__", "own"}, {"__unit__", "own"}};
  EXPECT_EQ(WithTypeAndUnit(labels, {MetricType::kCounter, "seconds", ""}),
            (Labels{{kMetricName, "m"}, {"__type__", "counter"}, {"__unit__", "seconds"}}));
  EXPECT_EQ(WithTypeAndUnit(labels, {MetricType::kUnknown, "", "help"}),
            (Labels{{kMetricName, "m"}}));
}

}  // namespace
}  // namespace vigil::storage
