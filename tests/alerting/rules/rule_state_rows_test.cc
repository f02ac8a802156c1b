// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_state_rows.h"

#include <memory>
#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::vigil::testing::StatusIs;

TrackedAlert SampleAlert() {
  TrackedAlert tracked;
  tracked.alert.state = AlertState::kFiring;
  tracked.alert.labels = storage::Labels({{"alertname", "A"}, {"path", "C:\\x \"y\"\n\xC3\xBC"}});
  tracked.alert.annotations = storage::Labels({{"summary", "s"}});
  tracked.alert.value = 0.1;
  tracked.alert.active_at_ms = 1;
  tracked.alert.fired_at_ms = 2;
  tracked.alert.keep_firing_since_ms = 3;
  tracked.resolved_at_ms = 4;
  tracked.last_sent_at_ms = 5;
  tracked.valid_until_ms = 6;
  return tracked;
}

const RuleAddress kAddress = {"f.yml;g", 2, "A", "0123456789abcdef"};

TEST(RuleStateRowsTest, RoundTrip) {
  for (const AlertState state :
       {AlertState::kInactive, AlertState::kPending, AlertState::kFiring}) {
    for (const double value : {0.1, -1e300, std::numeric_limits<double>::infinity(), 0.0}) {
      TrackedAlert tracked = SampleAlert();
      tracked.alert.state = state;
      tracked.alert.value = value;
      const std::string encoded = EncodeRuleAlert(kAddress, tracked);
      ASSERT_OK_AND_ASSIGN(const RuleAlertRow row, DecodeRuleAlert(encoded));
      EXPECT_EQ(row.address.group_key, kAddress.group_key);
      EXPECT_EQ(row.address.signature, kAddress.signature);
      EXPECT_EQ(row.alert.alert.labels, tracked.alert.labels);
      EXPECT_FALSE(row.alert.unsaved);
      // All fields went through if the row comes out the same.
      EXPECT_EQ(EncodeRuleAlert(row.address, row.alert), encoded);
    }
  }
}

TEST(RuleStateRowsTest, Reasons) {
  for (const AlertReason reason :
       {AlertReason::kNone, AlertReason::kNoData, AlertReason::kPartialData,
        AlertReason::kRecovered, AlertReason::kLateData}) {
    TrackedAlert tracked = SampleAlert();
    tracked.alert.reason = reason;
    tracked.alert.reason_since_ms = reason == AlertReason::kNone ? 0 : 7;
    const std::string encoded = EncodeRuleAlert(kAddress, tracked);
    ASSERT_OK_AND_ASSIGN(const RuleAlertRow row, DecodeRuleAlert(encoded));
    EXPECT_EQ(row.alert.alert.reason, reason);
    EXPECT_EQ(EncodeRuleAlert(row.address, row.alert), encoded);
    // What is not so is not written: rows are as they were before there were reasons.
    EXPECT_EQ(encoded.find("reason") == std::string::npos, reason == AlertReason::kNone);
  }
}

TEST(RuleStateRowsTest, DataOfARule) {
  EXPECT_EQ(RuleDataKey(kAddress), "rules/f.yml;g/2/A/state");
  const std::string encoded = EncodeRuleData(kAddress, "{\"seen\":[]}");
  ASSERT_OK_AND_ASSIGN(const RuleAlertRow row, DecodeRuleAlert(encoded));
  EXPECT_EQ(row.address.index, kAddress.index);
  EXPECT_EQ(row.data_state, "{\"seen\":[]}");
}

TEST(RuleStateRowsTest, EvidenceComesBack) {
  TrackedAlert tracked = SampleAlert();
  ASSERT_OK_AND_ASSIGN(const RuleAlertRow without,
                       DecodeRuleAlert(EncodeRuleAlert(kAddress, tracked)));
  EXPECT_EQ(without.alert.alert.evidence, nullptr);
  for (const Evidence& evidence :
       {Evidence{5.5, "a > 5.5", {"t1", "t2"}}, Evidence{std::nullopt, "absent(a)", {}}}) {
    tracked.alert.evidence = std::make_shared<const Evidence>(evidence);
    ASSERT_OK_AND_ASSIGN(const RuleAlertRow row,
                         DecodeRuleAlert(EncodeRuleAlert(kAddress, tracked)));
    ASSERT_NE(row.alert.alert.evidence, nullptr);
    EXPECT_EQ(*row.alert.alert.evidence, evidence);
  }
}

TEST(RuleStateRowsTest, KeysNameThePlaceAndTheAlert) {
  const std::string key = RuleAlertKey(kAddress, SampleAlert().alert.labels);
  EXPECT_EQ(key.substr(0, 20), "rules/f.yml;g/2/A/" + key.substr(18, 2));
  EXPECT_EQ(key.size(), 18u + 16u);
  EXPECT_NE(key, RuleAlertKey(kAddress, storage::Labels({{"alertname", "A"}})));
}

TEST(RuleStateRowsTest, SignaturesTellRulesApart) {
  Rule rule;
  rule.alert = "A";
  Rule labelled = rule;
  labelled.labels = {{"a", "b"}};
  Rule recording;
  recording.record = "A";
  Rule changed = rule;
  changed.expr = "up";
  changed.for_ms = 5;
  EXPECT_NE(RuleSignature(rule), RuleSignature(labelled));
  EXPECT_NE(RuleSignature(rule), RuleSignature(recording));
  EXPECT_EQ(RuleSignature(rule), RuleSignature(changed));
}

TEST(RuleStateRowsTest, HostileBytesAreDataLoss) {
  const std::string good = EncodeRuleAlert(kAddress, SampleAlert());
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_THAT(DecodeRuleAlert(good.substr(0, length)), StatusIs(absl::StatusCode::kDataLoss));
  }
  for (const char* const text : {"null", "[]", "1", "{}", R"({"version":2})", R"({"version":"1"})",
                                 R"({"version":1})", "\xff\xfe"}) {
    EXPECT_THAT(DecodeRuleAlert(text), StatusIs(absl::StatusCode::kDataLoss)) << text;
    EXPECT_THAT(DecodeRuleAlive(text), StatusIs(absl::StatusCode::kDataLoss)) << text;
  }
  std::mt19937 random(3);
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    DecodeRuleAlert(bytes).status().IgnoreError();
  }
}

TEST(RuleStateRowsTest, AliveRoundTrips) {
  ASSERT_OK_AND_ASSIGN(const int64_t time_ms, DecodeRuleAlive(EncodeRuleAlive(1'767'225'600'123)));
  EXPECT_EQ(time_ms, 1'767'225'600'123);
}

}  // namespace
}  // namespace vigil::alerting
