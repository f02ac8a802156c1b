// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/subject.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerting/alert.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using vigil::testing::StatusIs;

const storage::Labels kLabels = {{"alertname", "High"}, {"model", "x"}, {"severity", "page"}};

bool Names(const std::string& text) {
  const auto subject = ParseAlertSubject(text);
  EXPECT_OK(subject) << text;
  return subject.ok() && subject->Matches(kLabels);
}

TEST(AlertSubjectTest, NamesAlertsAsPeopleDo) {
  for (const char* const text :
       {"High", " High ", "High{}", "High{model=\"x\"}", "High{model=x}", "{alertname=\"High\"}",
        "alertname=High", "{severity=~\"page|warn\",model!=\"y\"}", "severity=page",
        "severity!~\"warn.*\"", "alertname=~\"[A-Z][a-z]{3}\""}) {
    EXPECT_TRUE(Names(text)) << text;
  }
  for (const char* const text :
       {"Low", "high", "High{model=\"y\"}", "{alertname=\"Low\"}", "model=y", "Low{model=\"x\"}"}) {
    EXPECT_FALSE(Names(text)) << text;
  }
}

TEST(AlertSubjectTest, TakesFingerprints) {
  const std::string fingerprint = fmt::format("{:016x}", Fingerprint(kLabels));
  EXPECT_TRUE(Names(fingerprint));
  EXPECT_FALSE(Names("0123456789abcdef"));
  // A name of fifteen letters is a name.
  EXPECT_OK(ParseAlertSubject("abcdefabcdefabc"));
  EXPECT_FALSE(ParseAlertSubject("abcdefabcdefabc")->fingerprint.has_value());
}

TEST(AlertSubjectTest, KnowsTheLabelsThatAreGiven) {
  ASSERT_OK_AND_ASSIGN(const AlertSubject subject,
                       ParseAlertSubject("High{model=\"x\",job=~\"a.*\",zone!=\"b\"}"));
  EXPECT_EQ(subject.NamedLabels(), storage::Labels({{"alertname", "High"}, {"model", "x"}}));
}

TEST(AlertSubjectTest, WhatNamesNothingIsRefused) {
  for (const char* const text : {"", " ", "{}", "{ }", "High{model}", "{model=~\"(\"}"}) {
    EXPECT_THAT(ParseAlertSubject(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace vigil::alerting
