// SPDX-License-Identifier: Apache-2.0
//
// Restarts and the steps of the clock are not to be noticed: random histories send the same whether
// the manager runs through, is killed after every event, or sees the time in steps.
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alerting/manager/alert_manager.h"
#include "alerting/manager/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "storage/kv/memory_store.h"
#include "tests/alerting/manager/scripted_notifier.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

constexpr int64_t kStartMs = 1'767'225'600'000;
constexpr int kEvents = 120;
constexpr char kConfig[] = R"(
route:
  receiver: team
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 5m
  routes:
  - {receiver: quiet, matchers: ['host=~"0|1"'], continue: true, group_wait: 25s}
  - {receiver: team, matchers: [host="2"], group_by: ['...'], group_interval: 90s}
receivers:
- {name: team, webhook_configs: [{url: "http://team/1"}, {url: "http://team/2"}]}
- {name: quiet, webhook_configs: [{url: "http://quiet/", send_resolved: false}]}
)";

// Few notifications, and alerts that flap.
constexpr char kFatigueConfig[] = R"(
route:
  receiver: team
  group_by: [alertname, host]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 15m
  flap_detection: {changes: 3, within: 3h, calm: 25m}
  notification_budget: {limit: 6, per: 5m}
  routes:
  - {receiver: quiet, matchers: ['host=~"0|1"'], continue: true, group_wait: 25s}
  - {receiver: team, matchers: [host="2"], flap_detection: off, notification_budget: {limit: 1, per: 5m}}
receivers:
- {name: team, webhook_configs: [{url: "http://team/1"}, {url: "http://team/2"}]}
- {name: quiet, webhook_configs: [{url: "http://quiet/", send_resolved: false}]}
)";

struct Event {
  int64_t after_ms = 0;
  std::string name;
  std::string host;
  bool resolved = false;
};

// How a history is lived through.
struct Style {
  int64_t step_ms = 0;  // 0: from event to event.
  bool restart = false;
};

std::vector<Event> MakeHistory(uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](uint32_t n) { return random() % n; };
  std::vector<Event> events;
  for (int i = 0; i < kEvents; ++i) {
    events.push_back({1000 * static_cast<int64_t>(below(40) * below(10)),
                      std::string(1, static_cast<char>('A' + below(3))), std::to_string(below(4)),
                      below(5) < 2});
  }
  return events;
}

// What is sent in a life.
class Life {
 public:
  explicit Life(Style style, const char* config = kConfig) : style_(style), config_(config) {
    Restart();
  }

  std::string Live(const std::vector<Event>& events) {
    for (const Event& event : events) {
      Advance(event.after_ms);
      Send(event);
      if (style_.restart) Restart();
    }
    Advance(kMillisPerHour);
    return sent_;
  }

 private:
  void Restart() {
    manager_.reset();
    ASSERT_OK_AND_ASSIGN(ManagerConfig config, ParseManagerConfig("f", config_));
    AlertManagerOptions options;
    options.random = [] { return 0.5; };
    ASSERT_OK_AND_ASSIGN(
        manager_, AlertManager::Create(options, std::move(config), &store_, &notifier_, now_ms_));
    Run();
  }

  void Advance(int64_t by_ms) {
    const int64_t until_ms = now_ms_ + by_ms;
    while (style_.step_ms > 0 && now_ms_ + style_.step_ms < until_ms) {
      now_ms_ += style_.step_ms;
      Run();
    }
    now_ms_ = until_ms;
    Run();
  }

  void Send(const Event& event) {
    Alert alert;
    alert.labels = {{"alertname", event.name}, {"host", event.host}};
    alert.starts_at_ms = event.resolved ? 0 : now_ms_;
    alert.ends_at_ms = event.resolved ? now_ms_ : now_ms_ + 100 * kMillisPerDay;
    storage::WriteBatch batch;
    ASSERT_OK(manager_->Receive({alert}, now_ms_, &batch));
    ASSERT_OK(store_.Write(batch, storage::Durability::kSync));
    Run();
  }

  void Run() {
    manager_->RunDue(now_ms_);
    for (const ScriptedNotifier::Sent& sent : notifier_.TakeSent()) {
      const auto body = nlohmann::json::parse(sent.delivery.body);
      sent_ += fmt::format("{} {} {} {}\n", sent.delivery.url,
                           body["notification_reason"].get<std::string>(), body["alerts"].dump(),
                           body.value("cameAndWent", 0));
    }
  }

  const Style style_;
  const std::string config_;
  int64_t now_ms_ = kStartMs;
  storage::MemoryStore store_;
  ScriptedNotifier notifier_;
  std::unique_ptr<AlertManager> manager_;
  std::string sent_;
};

class History : public ::testing::TestWithParam<uint32_t> {};

TEST_P(History, IsToldTheSameInEveryStyle) {
  SetLogLevel(LogLevel::kError);
  const std::vector<Event> events = MakeHistory(GetParam());
  const std::string expected = Life({}).Live(events);
  EXPECT_GT(expected.size(), 1000u);
  EXPECT_EQ(Life({.step_ms = 500}).Live(events), expected);
  EXPECT_EQ(Life({.restart = true}).Live(events), expected);
}

TEST_P(History, IsHeldTheSameInEveryStyle) {
  SetLogLevel(LogLevel::kError);
  const std::vector<Event> events = MakeHistory(GetParam());
  const std::string expected = Life({}, kFatigueConfig).Live(events);
  EXPECT_NE(expected.find("digest"), std::string::npos);
  EXPECT_NE(expected.find("\"flapping\":true"), std::string::npos);
  EXPECT_EQ(Life({.step_ms = 500}, kFatigueConfig).Live(events), expected);
  EXPECT_EQ(Life({.restart = true}, kFatigueConfig).Live(events), expected);
}

INSTANTIATE_TEST_SUITE_P(Seeds, History, ::testing::Range(1u, 21u));

}  // namespace
}  // namespace vigil::alerting
