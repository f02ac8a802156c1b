// SPDX-License-Identifier: Apache-2.0
//
// Random histories with flapping alerts, budgets, receivers that fail and kills: in the end
// everybody knows what is so, and no budget is exceeded.
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
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
constexpr int kSteps = 300;
constexpr size_t kLimit = 4;
constexpr int64_t kPerMs = 5 * kMillisPerMinute;
constexpr char kOwnBudget[] = "{}/{host=\"2\"}";
// Repeats so late that it makes up for nothing.
constexpr char kConfig[] = R"(
route:
  receiver: team
  group_by: [alertname, host]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 100h
  flap_detection: {changes: 3, within: 2h, calm: 20m}
  notification_budget: {limit: 4, per: 5m}
  routes:
  - {receiver: quiet, matchers: ['host=~"0|1"'], continue: true, group_wait: 25s}
  - {receiver: team, matchers: [host="2"], notification_budget: {limit: 1, per: 3m}}
  - {receiver: team}
receivers:
- {name: team, webhook_configs: [{url: "http://team/1"}, {url: "http://team/2"}]}
- {name: quiet, webhook_configs: [{url: "http://quiet/", send_resolved: false}]}
)";

class World {
 public:
  explicit World(uint32_t seed, bool trouble) : random_(seed), trouble_(trouble) { Restart(); }

  void Live() {
    for (int i = 0; i < kSteps; ++i) {
      Advance(1000 * static_cast<int64_t>(Below(20) * Below(10)));
      Send(fmt::format("{}", static_cast<char>('A' + Below(4))), std::to_string(Below(4)),
           Below(5) < 2);
      if (!trouble_) continue;
      switch (Below(12)) {
        case 0:
          Restart();
          break;
        case 1:
          notifier_.Answer(Below(2) == 0 ? "team" : "quiet", "drop");
          break;
        case 2:
          notifier_.Answer(Below(2) == 0 ? "team" : "quiet", "hang");
          break;
        case 3:
          Release(Below(2) == 0 ? "200" : "drop");
          break;
        case 4:
        case 5:
          notifier_.Answer("team", "200");
          notifier_.Answer("quiet", "200");
          break;
        default:
          break;
      }
    }
    notifier_.Answer("team", "200");
    notifier_.Answer("quiet", "200");
    for (int i = 0; i < 3; ++i) Release("200");
    Advance(6 * kMillisPerHour);
  }

  void ExpectThatAllIsKnown() const {
    for (const auto& [name, firing] : firing_) {
      const bool is_two = name.ends_with("2");
      const bool to_quiet = name.ends_with("0") || name.ends_with("1");
      for (const std::string url : {"http://team/1", "http://team/2", "http://quiet/"}) {
        const bool quiet = url == "http://quiet/";
        if (quiet && (!to_quiet || !firing || is_two)) continue;
        const auto told = told_.find(url + " " + name);
        const std::string state = told == told_.end() ? "unknown" : told->second;
        if (firing) {
          EXPECT_EQ(state, "firing") << url << " " << name;
        } else {
          EXPECT_NE(state, "firing") << url << " " << name;
        }
      }
    }
    EXPECT_EQ(manager_->GetStats().outbox, 0);
    EXPECT_GT(digests_, 3);
    EXPECT_GT(flapping_, 3);
  }

  void ExpectThatTheBudgetIsKept() const {
    ASSERT_GT(spent_.size(), 3 * kLimit);
    for (size_t i = kLimit; i < spent_.size(); ++i) {
      EXPECT_GE(spent_[i] - spent_[i - kLimit], kPerMs);
    }
  }

 private:
  uint32_t Below(uint32_t n) { return random_() % n; }

  void Restart() {
    manager_.reset();
    notifier_.Forget();
    hanging_.clear();
    ASSERT_OK_AND_ASSIGN(ManagerConfig config, ParseManagerConfig("f", kConfig));
    AlertManagerOptions options;
    options.random = [] { return 0.5; };
    ASSERT_OK_AND_ASSIGN(
        manager_, AlertManager::Create(options, std::move(config), &store_, &notifier_, now_ms_));
    Run();
  }

  void Release(const std::string& answer) {
    notifier_.Release("", answer);
    for (const nlohmann::json& sent : std::exchange(hanging_, {})) {
      if (answer == "200") Note(sent);
    }
    Run();
  }

  void Advance(int64_t by_ms) {
    const int64_t until_ms = now_ms_ + by_ms;
    while (true) {
      // In trouble something is always under way. Else stop at each thing to do.
      const int64_t next_ms = Run();
      now_ms_ = trouble_ ? now_ms_ + kMillisPerSecond : next_ms;
      if (now_ms_ >= until_ms) break;
    }
    now_ms_ = until_ms;
    Run();
  }

  void Send(const std::string& name, const std::string& host, bool resolved) {
    Alert alert;
    alert.labels = {{"alertname", name}, {"host", host}};
    alert.starts_at_ms = resolved ? 0 : now_ms_;
    alert.ends_at_ms = resolved ? now_ms_ : now_ms_ + 100 * kMillisPerDay;
    storage::WriteBatch batch;
    ASSERT_OK(manager_->Receive({alert}, now_ms_, &batch));
    ASSERT_OK(store_.Write(batch, storage::Durability::kSync));
    firing_[name + host] = !resolved;
    Run();
  }

  int64_t Run() {
    const int64_t next_ms = manager_->RunDue(now_ms_);
    for (const ScriptedNotifier::Sent& sent : notifier_.TakeSent()) {
      nlohmann::json body = nlohmann::json::parse(sent.delivery.body);
      body["url"] = sent.delivery.url;
      if (sent.answer == "200") Note(body);
      if (sent.answer == "hang") hanging_.push_back(std::move(body));
    }
    return next_ms;
  }

  // The receiver has taken it.
  void Note(const nlohmann::json& body) {
    const std::string url = body["url"];
    for (const auto& alert : body["alerts"]) {
      const auto& labels = alert["labels"];
      told_[fmt::format("{} {}{}", url, labels["alertname"].get<std::string>(),
                        labels["host"].get<std::string>())] = alert["status"];
      if (alert.contains("flapping")) ++flapping_;
    }
    if (body["notification_reason"] == "digest") ++digests_;
    const std::string key = body["groupKey"];
    if (url != "http://team/2" && !key.starts_with(kOwnBudget)) spent_.push_back(now_ms_);
  }

  std::mt19937 random_;
  const bool trouble_;
  int64_t now_ms_ = kStartMs;
  storage::MemoryStore store_;
  ScriptedNotifier notifier_;
  std::unique_ptr<AlertManager> manager_;
  std::map<std::string, bool> firing_;       // By name and host.
  std::map<std::string, std::string> told_;  // "URL alert" -> the last state told.
  std::vector<nlohmann::json> hanging_;
  std::vector<int64_t> spent_;
  int digests_ = 0;
  int flapping_ = 0;
};

class BudgetProperty : public ::testing::TestWithParam<uint32_t> {};

TEST_P(BudgetProperty, IsKept) {
  SetLogLevel(LogLevel::kError);
  World world(GetParam(), /*trouble=*/false);
  world.Live();
  world.ExpectThatAllIsKnown();
  world.ExpectThatTheBudgetIsKept();
}

TEST_P(BudgetProperty, NothingIsLostInTrouble) {
  SetLogLevel(LogLevel::kError);
  World world(GetParam(), /*trouble=*/true);
  world.Live();
  world.ExpectThatAllIsKnown();
}

INSTANTIATE_TEST_SUITE_P(Seeds, BudgetProperty, ::testing::Range(1u, 31u));

}  // namespace
}  // namespace vigil::alerting
