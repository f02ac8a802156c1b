// SPDX-License-Identifier: Apache-2.0
//
// Rules on a real store, whose selections are kept and whose newest samples are read from heads,
// held against rules that ask the engine for everything each time: while series come, end, leave
// memory and come back, samples are late, heads are flushed, data are deleted, days begin and old
// ones go.
#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/rules/expr_runner.h"
#include "alerting/rules/rule_engine.h"
#include "base/clock.h"
#include "query/exec/engine.h"
#include "storage/kv/memory_store.h"
#include "storage/storage.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

constexpr int64_t kIntervalMs = 15'000;
constexpr int64_t kPartitionMs = 20 * 60'000;
constexpr int64_t kStartMs = 1'767'225'600'000;
constexpr int kInstances = 8;
constexpr int kSlots = 3;

std::vector<std::string> Expressions() {
  std::vector<std::string> exprs = {
      "load > 50",
      "load{slot=\"1\"} >= 20 and on (instance) up == 1",
      "load{instance=~\"i-[1-3]\"} < 40",
      "{instance=\"i-2\"} > 10",
      "absent(load{instance=\"i-4\"})",
      "load{instance=\"i-5\"} offset 1m > 30",
      "timestamp(load{instance=\"i-6\"}) % 60 > 20",
      "sum by (instance) (rate(load[2m])) > 0.5",
      "count(load) > 10",
      "max_over_time(load{instance=\"i-3\"}[5m:1m]) > 60",
      "70 < load != 80",
  };
  for (int i = 0; i < kInstances; ++i) {
    exprs.push_back(fmt::format("load{{instance=\"i-{}\"}} > 40", i));
    exprs.push_back(fmt::format("rate(load{{instance=\"i-{}\"}}[1m]) > 0.2", i));
    exprs.push_back(
        fmt::format("load{{instance=\"i-{0}\",slot=\"0\"}} / "
                    "ignoring (slot) group_left sum by (instance, __name__) "
                    "(load{{instance=\"i-{0}\"}}) > 0.2",
                    i));
  }
  return exprs;
}

class Exerciser {
 public:
  explicit Exerciser(uint32_t seed) : random_(seed) {
    storage::StorageOptions options;
    options.shards = 3;
    options.metric_retention_ms = 3 * kPartitionMs;
    options.metrics.partition_ms = kPartitionMs;
    options.metrics.hot_window_ms = 9 * 60'000;
    storage_ = storage::Storage::OpenOn(std::make_unique<storage::MemoryStore>(), options, &clock_)
                   .value();
    source_ = storage_->MetricSourceFor(storage::kDefaultTenant);
    sink_ = storage_->MetricSinkFor(storage::kDefaultTenant);
    RuleEngine::Dependencies dependencies = {
        .engine = &engine_, .source = source_.get(), .output = sink_.get(), .state = &kept_state_};
    kept_ = RuleEngine::Create(Options(), dependencies).value();
    dependencies.state = &plain_state_;
    dependencies.make_runner = [this](const RuleGroup&) {
      return std::make_unique<EngineRunner>(&engine_, source_.get());
    };
    plain_ = RuleEngine::Create(Options(), dependencies).value();
    for (RuleEngine* engine : {kept_.get(), plain_.get()}) {
      VIGIL_CHECK_OK(engine->SetGroups({Group()}, kStartMs));
    }
  }

  void Run(int rounds) {
    for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
      SCOPED_TRACE(fmt::format("round {}", round));
      now_ms_ += kIntervalMs;
      // Now and then nothing happens for long.
      if (random_() % 40 == 0) now_ms_ += static_cast<int64_t>(random_() % (2 * kPartitionMs));
      clock_.SetMs(now_ms_);
      Write();
      Maintain();
      kept_->RunDue(now_ms_);
      plain_->RunDue(now_ms_);
      Compare();
    }
  }
  size_t alerts() const { return alerts_; }

 private:
  static RuleEngineOptions Options() {
    RuleEngineOptions options;
    options.alert_series = false;
    options.phase_ms = 0;
    options.rehearsal = true;
    return options;
  }

  static RuleGroup Group() {
    RuleGroup group;
    group.file = "f.yml";
    group.name = "g";
    group.interval_ms = kIntervalMs;
    for (const std::string& expr : Expressions()) {
      Rule rule;
      rule.alert = fmt::format("A{}", group.rules.size());
      rule.expr = expr;
      group.rules.push_back(std::move(rule));
    }
    return group;
  }

  void Append(const storage::Labels& labels, int64_t time_ms, double value) {
    storage::LabeledSample sample;
    sample.labels = labels;
    sample.time_ms = time_ms;
    sample.value = value;
    if (random_() % 60 == 0) {
      auto histogram = std::make_shared<storage::Histogram>();
      histogram->sum = value;
      sample.histogram = std::move(histogram);
    }
    VIGIL_CHECK_OK(sink_->Append({sample}, {}).status());
  }

  void Write() {
    for (int instance = 0; instance < kInstances; ++instance) {
      if (random_() % 12 == 0) down_[instance] = !down_[instance];
      if (down_[instance]) continue;
      const std::string name = fmt::format("i-{}", instance);
      Append({{"__name__", "up"}, {"instance", name}}, now_ms_, random_() % 5 == 0 ? 0 : 1);
      for (int slot = 0; slot < kSlots; ++slot) {
        if (random_() % 9 == 0) continue;
        const storage::Labels labels = {
            {"__name__", "load"}, {"instance", name}, {"slot", fmt::format("{}", slot)}};
        int64_t time_ms = now_ms_ - static_cast<int64_t>(random_() % 3000);
        if (random_() % 15 == 0) time_ms -= static_cast<int64_t>(random_() % kPartitionMs);
        const bool ends = random_() % 25 == 0;
        Append(labels, time_ms,
               ends ? storage::StaleNan() : static_cast<double>(random_() % 1000) / 10);
      }
    }
    // Pods that come once.
    if (random_() % 4 == 0) {
      Append({{"__name__", "load"},
              {"instance", fmt::format("i-{}", random_() % 3)},
              {"pod", fmt::format("{}", random_())}},
             now_ms_, static_cast<double>(random_() % 100));
    }
  }

  void Maintain() {
    switch (random_() % 24) {
      case 0:
      case 1:
        ASSERT_OK(storage_->Flush());
        break;
      case 2:
        ASSERT_OK(storage_->Maintain());
        break;
      case 3: {
        const std::string name = fmt::format("i-{}", random_() % kInstances);
        const auto deleted = storage_->DeleteMetrics(
            storage::kDefaultTenant, {storage::Matcher::Equal("instance", name)},
            {now_ms_ - static_cast<int64_t>(random_() % kPartitionMs), now_ms_});
        ASSERT_OK(deleted.status());
        break;
      }
      default:
        break;
    }
  }

  static std::string TextOf(const RuleStatus& rule) {
    std::string text =
        fmt::format("{} {} {}\n", rule.rule.expr, RuleHealthName(rule.health), rule.last_error);
    for (const ActiveAlert& alert : rule.alerts) {
      text += fmt::format("  {} {} {} {}\n", alert.labels.ToString(), AlertStateName(alert.state),
                          alert.value, alert.active_at_ms - kStartMs);
    }
    return text;
  }

  void Compare() {
    const std::vector<GroupStatus> kept = kept_->Status();
    const std::vector<GroupStatus> plain = plain_->Status();
    for (size_t i = 0; i < kept[0].rules.size(); ++i) {
      ASSERT_EQ(TextOf(kept[0].rules[i]), TextOf(plain[0].rules[i]));
      alerts_ += kept[0].rules[i].alerts.size();
    }
  }

  std::mt19937 random_;
  int64_t now_ms_ = kStartMs;
  ManualClock clock_{kStartMs};
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<storage::MetricSource> source_;
  std::unique_ptr<storage::MetricSink> sink_;
  const exec::Engine engine_{exec::EngineOptions()};
  storage::MemoryStore kept_state_;
  storage::MemoryStore plain_state_;
  std::unique_ptr<RuleEngine> kept_;
  std::unique_ptr<RuleEngine> plain_;
  std::array<bool, kInstances> down_ = {};
  size_t alerts_ = 0;
};

TEST(RulesOnStorageTest, GiveWhatTheEngineGivesEachTime) {
  for (uint32_t seed = 1; seed <= 3 && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Exerciser exerciser(seed);
    exerciser.Run(300);
    EXPECT_GT(exerciser.alerts(), 500u);
  }
}

}  // namespace
}  // namespace vigil::alerting
