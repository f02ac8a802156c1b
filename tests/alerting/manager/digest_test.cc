// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/digest.h"

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

ToldAlert Told(uint64_t fingerprint, bool resolved) {
  ToldAlert told;
  told.fingerprint = fingerprint;
  told.resolved = resolved;
  return told;
}

TEST(Digest, HasAGroupIdThatNamesItsBudget) {
  EXPECT_EQ(DigestGroupId("{}/{a=\"b\"}#2"), "{}/{a=\"b\"}#2:digest");
  EXPECT_EQ(BudgetOfDigest("{}/{a=\"b\"}#2:digest"), "{}/{a=\"b\"}#2");
  EXPECT_EQ(BudgetOfDigest("{}:{a=\"b:digest\"}"), "");
  EXPECT_EQ(DigestKey("{}", "team"), "{}:digest/team");
}

TEST(Digest, TellsWhatFiresFirst) {
  DigestWriter writer;
  writer.Add(Told(1, true), true);
  writer.Add(Told(2, false), false);
  writer.Add(Told(3, false), true);
  const Notification told = writer.Finish(0);
  EXPECT_EQ(told.reason, "digest");
  ASSERT_EQ(told.alerts.size(), 3u);
  EXPECT_EQ(told.alerts[0].fingerprint, 2u);
  EXPECT_EQ(told.alerts[1].fingerprint, 3u);
  EXPECT_EQ(told.alerts[2].fingerprint, 1u);
  EXPECT_EQ(told.came_and_went, 0);
}

TEST(Digest, CountsWhatCameAndWent) {
  DigestWriter writer;
  writer.Add(Told(1, true), false);
  writer.Add(Told(2, false), false);
  const Notification told = writer.Finish(4);
  ASSERT_EQ(told.alerts.size(), 1u);
  EXPECT_EQ(told.came_and_went, 5);
}

TEST(Digest, TellsAnAlertOfTwoGroupsOnce) {
  DigestWriter writer;
  writer.Add(Told(1, false), false);
  writer.Add(Told(1, false), false);
  EXPECT_EQ(writer.Finish(0).alerts.size(), 1u);
}

TEST(Digest, ListsSoManyAndCountsTheRest) {
  DigestWriter writer;
  for (uint64_t i = 0; i < kMaxDigestAlerts; ++i) writer.Add(Told(i, true), true);
  writer.Add(Told(999, false), true);
  const Notification told = writer.Finish(0);
  EXPECT_EQ(told.alerts.size(), static_cast<size_t>(kMaxDigestAlerts));
  EXPECT_EQ(told.alerts[0].fingerprint, 999u);
  EXPECT_EQ(told.truncated, 1);
}

}  // namespace
}  // namespace vigil::alerting
