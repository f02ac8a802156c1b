// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/held_back.h"

#include <vector>

#include <gtest/gtest.h>

#include "alerting/manager/config.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

constexpr int64_t kNowMs = 1'767'225'600'000;
constexpr char kConfig[] = R"(
route: {receiver: team, routes: [{receiver: team, mute_time_intervals: [always]}]}
receivers: [{name: team}]
time_intervals:
- {name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]}
inhibit_rules:
- {source_matchers: [job=source], target_matchers: [job=target]}
)";

class HeldBackTest : public ::testing::Test {
 protected:
  StoredAlert* Put(const char* job, const char* host) {
    Alert alert;
    alert.labels = {{"alertname", "A"}, {"host", host}, {"job", job}};
    alert.starts_at_ms = kNowMs;
    alert.ends_at_ms = kNowMs + 1000;
    return alerts_.Put(alert, kNowMs, 1000)->alert;
  }

  const ManagerConfig config_ = *ParseManagerConfig("config", kConfig);
  AlertStore alerts_;
  SilenceStore silences_;
};

TEST_F(HeldBackTest, AlertsOfTheSameCausesStandTogether) {
  Silence silence;
  silence.matchers = {storage::Matcher::Equal("host", "b")};
  silence.starts_at_ms = kNowMs;
  silence.ends_at_ms = kNowMs + 1000;
  silence.created_by = "alice";
  silence.comment = "why";
  ASSERT_OK(silences_.Set(silence, "s1", kNowMs).status());
  StoredAlert* const source = Put("source", "a");
  StoredAlert* const one = Put("target", "a");
  StoredAlert* const two = Put("target", "b");
  StoredAlert* const three = Put("target", "c");
  StoredAlert* const four = Put("other", "b");
  const Muter muter(&config_, &alerts_, &silences_);
  const std::vector<StoredAlert*> all = {source, one, two, three, four};
  std::vector<StoredAlert*> told = all;
  muter.DropMuted(config_.route, kNowMs, &told);
  ASSERT_EQ(told.size(), 1u);
  const uint64_t by = source->fingerprint;
  const std::vector<HeldAlerts> expected = {
      {{four->fingerprint}, std::nullopt, {"s1"}, {}},
      {{one->fingerprint, three->fingerprint}, by, {}, {}},
      {{two->fingerprint}, by, {"s1"}, {}},
  };
  EXPECT_EQ(HeldBack(muter, config_.route, all, told, kNowMs), expected);
  EXPECT_TRUE(HeldBack(muter, config_.route, told, told, kNowMs).empty());
}

TEST_F(HeldBackTest, IntervalsHoldAll) {
  StoredAlert* const one = Put("x", "a");
  const Muter muter(&config_, &alerts_, &silences_);
  const std::vector<HeldAlerts> expected = {{{one->fingerprint}, std::nullopt, {}, {"always"}}};
  EXPECT_EQ(HeldBack(muter, config_.route.routes[0], {one}, {}, kNowMs), expected);
}

}  // namespace
}  // namespace vigil::alerting
