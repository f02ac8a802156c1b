// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/standing_view.h"

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerting/manager/alert_manager.h"
#include "alerting/manager/config.h"
#include "base/clock.h"
#include "storage/kv/memory_store.h"
#include "tests/alerting/manager/scripted_notifier.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kStartMs = 1'767'225'600'000;
constexpr char kConfig[] = R"(
route:
  receiver: team
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 1h
  routes:
  - {receiver: team, matchers: [job=a], continue: true}
  - {receiver: night, matchers: [job=a], mute_time_intervals: [always]}
  - {receiver: nobody, matchers: [job=b]}
receivers:
- name: team
  webhook_configs: [{url: "http://team/"}, {url: "http://team/2", send_resolved: false}]
- name: night
  webhook_configs: [{url: "http://night/"}]
- name: nobody
time_intervals:
- {name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]}
inhibit_rules:
- {source_matchers: [job=source], target_matchers: [job=target]}
)";

class StandingTest : public ::testing::Test {
 protected:
  StandingTest() {
    manager_ =
        AlertManager::Create(
            {.random = [] { return 0.5; }, .make_silence_id = [] { return std::string("s1"); }},
            *ParseManagerConfig("config", kConfig), &store_, &notifier_, kStartMs)
            .value();
  }

  static storage::Labels Job(const char* job) { return {{"alertname", "A"}, {"job", job}}; }

  void Post(const char* job) {
    Alert alert;
    alert.labels = Job(job);
    alert.starts_at_ms = kStartMs;
    alert.ends_at_ms = kStartMs + kMillisPerHour;
    ASSERT_OK(manager_->Post({alert}, kStartMs));
  }

  AlertStanding At(const char* job, int64_t after_ms) {
    manager_->RunDue(kStartMs + after_ms);
    return manager_->Standing(Job(job), kStartMs + after_ms);
  }

  ScriptedNotifier notifier_;
  storage::MemoryStore store_;
  std::unique_ptr<AlertManager> manager_;
};

TEST_F(StandingTest, WhatIsNotThereHasRoutesToo) {
  const AlertStanding standing = At("c", 0);
  EXPECT_FALSE(standing.alert.has_value());
  ASSERT_EQ(standing.routes.size(), 1u);
  EXPECT_EQ(standing.routes[0].route, "{}");
  EXPECT_EQ(standing.routes[0].receiver, "team");
  EXPECT_EQ(standing.routes[0].integrations.size(), 2u);
  EXPECT_FALSE(standing.routes[0].next_flush_ms.has_value());
}

TEST_F(StandingTest, WaitsThenIsTold) {
  Post("a");
  const AlertStanding before = At("a", 0);
  ASSERT_TRUE(before.alert.has_value());
  ASSERT_EQ(before.routes.size(), 2u);
  EXPECT_EQ(before.routes[0].next_flush_ms, kStartMs + 10'000);
  EXPECT_FALSE(before.routes[0].flushed);
  EXPECT_THAT(before.routes[1].muted_by, ::testing::ElementsAre("always"));
  const AlertStanding after = At("a", 10'000);
  EXPECT_EQ(after.routes[0].next_flush_ms, kStartMs + 70'000);
  EXPECT_TRUE(after.routes[0].flushed);
  ASSERT_EQ(after.routes[0].integrations.size(), 2u);
  for (const IntegrationStanding& one : after.routes[0].integrations) {
    EXPECT_EQ(one.told_at_ms, kStartMs + 10'000);
    EXPECT_FALSE(one.waiting.has_value());
  }
  EXPECT_FALSE(after.routes[0].integrations[1].send_resolved);
  EXPECT_EQ(after.routes[1].integrations[0].told_at_ms, 0);
}

TEST_F(StandingTest, WhatFailsWaits) {
  notifier_.Answer("", "500");
  Post("a");
  const AlertStanding once = At("a", 10'000);
  ASSERT_TRUE(once.routes[0].integrations[0].waiting.has_value());
  const WaitingNotification& waiting = *once.routes[0].integrations[0].waiting;
  EXPECT_EQ(waiting.attempts, 1);
  EXPECT_EQ(waiting.next_attempt_ms, kStartMs + 10'500);
  EXPECT_THAT(waiting.last_error, HasSubstr("500"));
  EXPECT_FALSE(once.routes[0].integrations[0].breaker_open);
  EXPECT_TRUE(At("a", 30'000).routes[0].integrations[0].breaker_open);
}

TEST_F(StandingTest, WhatIsUnderWayIsKnown) {
  notifier_.Answer("", "hang");
  Post("a");
  EXPECT_TRUE(At("a", 10'000).routes[0].integrations[0].waiting->in_flight);
}

TEST_F(StandingTest, BudgetsAndFlapsAreKnown) {
  constexpr char kBudget[] = R"(
route: {receiver: team, group_by: [job], group_wait: 10s, notification_budget: {limit: 1, per: 10m},
        flap_detection: {changes: 2, within: 1h, calm: 10m}}
receivers: [{name: team, webhook_configs: [{url: "http://team/"}]}]
)";
  ASSERT_OK_AND_ASSIGN(ManagerConfig config, ParseManagerConfig("config", kBudget));
  ASSERT_OK(manager_->SetConfig(std::move(config), kStartMs));
  Post("a");
  Post("c");
  EXPECT_FALSE(At("a", 10'000).routes[0].held_until_ms.has_value());
  EXPECT_EQ(At("c", 10'000).routes[0].held_until_ms, kStartMs + 610'000);
  EXPECT_EQ(At("c", 10'000).flapping, "");
  // It ends and begins again.
  Alert alert;
  alert.labels = Job("c");
  alert.starts_at_ms = kStartMs;
  alert.ends_at_ms = kStartMs + 20'000;
  ASSERT_OK(manager_->Post({alert}, kStartMs + 20'000));
  alert.starts_at_ms = kStartMs + 30'000;
  alert.ends_at_ms = kStartMs + kMillisPerHour;
  ASSERT_OK(manager_->Post({alert}, kStartMs + 30'000));
  EXPECT_THAT(At("c", 30'000).flapping, HasSubstr("fired 2 times within 1h"));
  // The digest tells it.
  notifier_.Answer("", "500");
  const AlertStanding waiting = At("c", 610'000);
  ASSERT_TRUE(waiting.routes[0].integrations[0].waiting.has_value());
  EXPECT_EQ(waiting.routes[0].integrations[0].waiting->attempts, 1);
}

TEST_F(StandingTest, WhatKeepsItQuietIsNamed) {
  Silence silence;
  silence.matchers = {storage::Matcher::Equal("job", "b")};
  silence.starts_at_ms = kStartMs;
  silence.ends_at_ms = kStartMs + kMillisPerHour;
  silence.created_by = "alice";
  silence.comment = "why";
  ASSERT_OK(manager_->SetSilence(silence, kStartMs));
  const AlertStanding silenced = At("b", 0);
  ASSERT_EQ(silenced.silences.size(), 1u);
  EXPECT_EQ(silenced.silences[0].created_by, "alice");
  EXPECT_TRUE(silenced.routes[0].integrations.empty());
  EXPECT_TRUE(manager_->Standing(Job("b"), kStartMs + 2 * kMillisPerHour).silences.empty());
  Post("source");
  Post("target");
  EXPECT_EQ(At("target", 0).inhibited_by, Job("source"));
  EXPECT_FALSE(At("source", 0).inhibited_by.has_value());
}

}  // namespace
}  // namespace vigil::alerting
