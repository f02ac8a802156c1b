// SPDX-License-Identifier: Apache-2.0
//
// The rule engine as scripts tell it; see rule_script.h for their commands.
#include "alerting/rules/rule_engine.h"

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "tests/alerting/rules/rule_script.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

class RuleEngineScriptTest : public ::testing::TestWithParam<const char*> {};

TEST_P(RuleEngineScriptTest, Script) {
  RuleScript script;
  ::vigil::testing::RunTextScript(
      std::string("tests/alerting/rules/testdata/") + GetParam() + ".txt",
      [&script](const ::vigil::testing::TextCase& text_case) { return script.Run(text_case); });
}

INSTANTIATE_TEST_SUITE_P(Scripts, RuleEngineScriptTest,
                         ::testing::Values("states", "limits", "recording", "sending", "restart",
                                           "restart_grace", "reload", "templates", "levels",
                                           "ratio", "no_data", "partial_data", "late_data",
                                           "inputs"),
                         [](const auto& info) { return std::string(info.param); });

class RuleEngineTest : public ::testing::Test {
 protected:
  static constexpr int64_t kNowMs = 1'767'225'600'000;

  absl::StatusOr<std::unique_ptr<RuleEngine>> Create(const RuleEngineOptions& options = {}) {
    return RuleEngine::Create(
        options,
        {.engine = &query_engine_, .source = &metrics_, .output = &metrics_, .state = &store_});
  }

  static RuleGroup Group(const std::string& name, std::string expr) {
    RuleGroup group;
    group.file = "f.yml";
    group.name = name;
    Rule rule;
    rule.alert = "A";
    rule.expr = std::move(expr);
    group.rules.push_back(std::move(rule));
    return group;
  }

  const exec::Engine query_engine_{exec::EngineOptions()};
  MemoryMetrics metrics_;
  CountingStore store_;
};

TEST_F(RuleEngineTest, RefusesWhatItCannotRun) {
  EXPECT_THAT(Create({.default_interval_ms = 0}), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(const auto engine, Create());
  ASSERT_OK(engine->SetGroups({Group("g", "vector(1)")}, kNowMs));
  EXPECT_THAT(engine->SetGroups({Group("g", "sum(")}, kNowMs),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("f.yml;g: rule \"A\"")));
  EXPECT_THAT(engine->SetGroups({Group("g", "1"), Group("g", "2")}, kNowMs),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("twice")));
  // The groups before are still there.
  ASSERT_EQ(engine->Status().size(), 1u);
  EXPECT_EQ(engine->Status()[0].rules[0].rule.expr, "vector(1)");
}

TEST_F(RuleEngineTest, WorksWithoutASink) {
  ASSERT_OK_AND_ASSIGN(const auto engine, Create());
  EXPECT_EQ(engine->RunDue(kNowMs), INT64_MAX);
  ASSERT_OK(engine->SetGroups({Group("g", "vector(1)")}, kNowMs));
  const int64_t due_ms = engine->RunDue(kNowMs - 1);
  EXPECT_GE(due_ms, kNowMs);
  EXPECT_LT(due_ms, kNowMs + 60'000);
  EXPECT_EQ(engine->RunDue(due_ms), due_ms + 60'000);
  ASSERT_EQ(engine->Status()[0].rules[0].alerts.size(), 1u);
  EXPECT_EQ(engine->Status()[0].rules[0].alerts[0].state, AlertState::kFiring);
}

TEST_F(RuleEngineTest, UnreadableRowsCostOnlyThemselves) {
  {
    ASSERT_OK_AND_ASSIGN(const auto engine, Create());
    RuleGroup group = Group("g", "vector(1)");
    group.rules[0].for_ms = 600'000;
    ASSERT_OK(engine->SetGroups({group}, kNowMs));
    engine->RunDue(kNowMs + 60'000);
    storage::WriteBatch batch;
    batch.Put(storage::Family::kState, "rules/f.yml;g/0/A/0000000000000000", "{\"version\":1");
    batch.Put(storage::Family::kState, "rules/f.yml;g/0/A/0000000000000001", "\xff");
    ASSERT_OK(store_.Write(batch, storage::Durability::kSync));
    ASSERT_OK_AND_ASSIGN(const auto restarted, Create());
    ASSERT_OK(restarted->SetGroups({group}, kNowMs + 60'000));
    ASSERT_EQ(restarted->Status()[0].rules[0].alerts.size(), 1u);
    EXPECT_LE(restarted->Status()[0].rules[0].alerts[0].active_at_ms, kNowMs + 60'000);
  }
  ASSERT_OK_AND_ASSIGN(const auto row, store_.Get(storage::Family::kState,
                                                  "rules/f.yml;g/0/A/0000000000000000", nullptr));
  EXPECT_EQ(row, std::nullopt);
}

// Run under ThreadSanitizer these show that status and reloads do not race with evaluation.
TEST_F(RuleEngineTest, StatusAndReloadsGoOnBesideEvaluation) {
  ASSERT_OK_AND_ASSIGN(const auto engine, Create());
  ASSERT_OK(engine->SetGroups({Group("g", "vector(1)")}, kNowMs));
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      for (const GroupStatus& group : engine->Status()) EXPECT_EQ(group.rules.size(), 1u);
    }
  });
  for (int64_t i = 0; i < 200; ++i) {
    engine->RunDue(kNowMs + i * 60'000);
    if (i % 20 == 0) {
      EXPECT_OK(engine->SetGroups({Group("g", i % 40 == 0 ? "vector(1)" : "vector(2)")},
                                  kNowMs + i * 60'000));
    }
  }
  done = true;
  reader.join();
}

TEST_F(RuleEngineTest, WorkersEvaluateBesideStatusAndReloads) {
  ThreadPool workers(3, 100);
  std::atomic<int> evaluated = 0;
  ASSERT_OK_AND_ASSIGN(const auto engine,
                       RuleEngine::Create({}, {.engine = &query_engine_,
                                               .source = &metrics_,
                                               .output = &metrics_,
                                               .state = &store_,
                                               .workers = &workers,
                                               .evaluated = [&] { ++evaluated; }}));
  std::vector<RuleGroup> groups;
  for (int i = 0; i < 8; ++i) groups.push_back(Group(fmt::format("g{}", i), "vector(1)"));
  for (int64_t i = 0; i < 100; ++i) {
    groups[0].rules[0].expr = i % 20 < 10 ? "vector(1)" : "vector(2)";
    if (i % 10 == 0) {
      ASSERT_OK(engine->SetGroups(groups, kNowMs + i * 60'000));
    }
    engine->RunDue(kNowMs + i * 60'000);
    EXPECT_EQ(engine->Status().size(), groups.size());
  }
  // Waits for those that are under way.
  ASSERT_OK(engine->SetGroups(groups, kNowMs + 100 * 60'000));
  for (const GroupStatus& group : engine->Status()) {
    ASSERT_EQ(group.rules[0].alerts.size(), 1u);
    EXPECT_EQ(group.rules[0].alerts[0].state, AlertState::kFiring);
  }
  EXPECT_GE(evaluated, 8);
}

// Notes how many alerts it is told of at once; the state cannot be written when it was told the
// second time.
class PartsSink final : public AlertSink {
 public:
  explicit PartsSink(CountingStore* store) : store_(*store) {}

  absl::Status Receive(const std::vector<Alert>& alerts, int64_t, storage::WriteBatch*) override {
    parts_.push_back(alerts.size());
    if (++calls_ == 2) store_.FailNext(1);
    return absl::OkStatus();
  }
  std::vector<size_t> Take() { return std::exchange(parts_, {}); }

 private:
  CountingStore& store_;
  std::vector<size_t> parts_;
  int calls_ = 0;
};

// Each with its rows: those that were written are not told again, the others are, and all are kept.
TEST_F(RuleEngineTest, ManyAlertsAreToldAndWrittenInParts) {
  constexpr int kAlerts = 5000;
  std::vector<storage::LabeledSample> samples;
  for (int i = 0; i < kAlerts; ++i) {
    samples.push_back(
        {storage::Labels({{"__name__", "load"}, {"i", fmt::to_string(i)}}), kNowMs, 1.0});
  }
  ASSERT_OK(metrics_.Append(samples, {}));
  PartsSink sink(&store_);
  const RuleEngine::Dependencies dependencies = {.engine = &query_engine_,
                                                 .source = &metrics_,
                                                 .output = &metrics_,
                                                 .state = &store_,
                                                 .sink = &sink};
  const RuleEngineOptions options = {.default_interval_ms = 1000};
  ASSERT_OK_AND_ASSIGN(const auto engine, RuleEngine::Create(options, dependencies));
  ASSERT_OK(engine->SetGroups({Group("g", "load")}, kNowMs));
  engine->RunDue(kNowMs + 1000);
  EXPECT_THAT(sink.Take(), ElementsAre(2000, 2000));
  EXPECT_EQ(store_.TakeWrites(), "1 synced, 0 not");
  engine->RunDue(kNowMs + 2000);
  EXPECT_THAT(sink.Take(), ElementsAre(2000, 1000));
  EXPECT_EQ(store_.TakeWrites(), "2 synced, 0 not");
  ASSERT_OK_AND_ASSIGN(const auto restarted, RuleEngine::Create(options, dependencies));
  ASSERT_OK(restarted->SetGroups({Group("g", "load")}, kNowMs + 2000));
  EXPECT_EQ(restarted->Status()[0].rules[0].alerts.size(), kAlerts);
}

// Holds up whoever writes the metric `slow`.
class HoldingSink final : public storage::MetricSink {
 public:
  absl::StatusOr<storage::WriteResult> Append(const std::vector<storage::LabeledSample>& samples,
                                              const storage::MetricMetadata&) override {
    if (samples.front().labels.MetricName() != "slow") return storage::WriteResult{};
    if (!held.try_wait()) held.count_down();
    release.wait();
    return storage::WriteResult{};
  }

  std::latch held{1};
  std::latch release{1};
};

TEST_F(RuleEngineTest, AGroupThatTakesLongDelaysOnlyItself) {
  HoldingSink sink;
  ThreadPool workers(2, 100);
  ASSERT_OK_AND_ASSIGN(const auto engine,
                       RuleEngine::Create({.default_interval_ms = 1000}, {.engine = &query_engine_,
                                                                          .source = &metrics_,
                                                                          .output = &sink,
                                                                          .state = &store_,
                                                                          .workers = &workers}));
  RuleGroup slow = Group("slow", "vector(1)");
  slow.rules[0].alert.clear();
  slow.rules[0].record = "slow";
  ASSERT_OK(engine->SetGroups({slow, Group("quick", "vector(1)")}, kNowMs));
  engine->RunDue(kNowMs + 1000);
  sink.held.wait();
  const auto evaluated_ms = [&](size_t group) {
    return engine->Status()[group].last_evaluation_ms;
  };
  for (int64_t second = 2; second <= 5; ++second) {
    const int64_t now_ms = kNowMs + second * 1000;
    // Late groups are looked at again soon, others when they are due.
    EXPECT_LE(engine->RunDue(now_ms), now_ms + 10);
    // One that has not quite ended its last evaluation is passed over.
    while (evaluated_ms(1) <= now_ms - 1000) engine->RunDue(now_ms);
  }
  EXPECT_EQ(evaluated_ms(0), 0);
  sink.release.count_down();
  while (evaluated_ms(0) == 0) std::this_thread::yield();
  while (evaluated_ms(0) <= kNowMs + 5000) engine->RunDue(kNowMs + 6000);
  EXPECT_EQ(engine->Status()[0].iterations_missed, 4);
}

}  // namespace
}  // namespace vigil::alerting
