// SPDX-License-Identifier: Apache-2.0
//
// Rule engine, history and manager together: what really happened is what is told.
#include "alerting/explain/explainer.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerting/history/alert_history.h"
#include "alerting/manager/alert_manager.h"
#include "alerting/manager/config.h"
#include "alerting/replay/memory_metrics.h"
#include "alerting/rules/rule_engine.h"
#include "alerting/rules/rule_schedule.h"
#include "base/clock.h"
#include "storage/kv/memory_store.h"
#include "tests/alerting/manager/scripted_notifier.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

constexpr char kConfig[] = R"(
route: {receiver: team, group_by: [alertname, job], group_wait: 30s, group_interval: 5m}
receivers: [{name: team, webhook_configs: [{url: "http://team/"}]}]
inhibit_rules: [{source_matchers: [job=source], target_matchers: [job=target]}]
)";

class ExplainerTest : public ::testing::Test {
 protected:
  ExplainerTest() {
    options_.external_labels = {{"region", "eu"}};
    manager_ =
        AlertManager::Create(
            {.random = [] { return 0.5; }, .make_silence_id = [] { return std::string("s1"); }},
            *ParseManagerConfig("config", kConfig), &state_, &notifier_, Minute(0))
            .value();
    engine_ = RuleEngine::Create(options_, {.engine = &query_engine_,
                                            .source = &metrics_,
                                            .output = &metrics_,
                                            .state = &state_,
                                            .sink = manager_.get(),
                                            .recorder = &history_})
                  .value();
    EXPECT_OK(engine_->SetGroups(Rules(), Minute(0)));
    explainer_ = std::make_unique<Explainer>(
        options_, Explainer::Dependencies{engine_.get(), &history_, manager_.get(), &state_,
                                          &query_engine_, &metrics_});
  }

  static std::vector<RuleGroup> Rules() {
    Rule high;
    high.alert = "High";
    high.expr = "load > 5";
    high.for_ms = 2 * kMillisPerMinute;
    high.labels = {{"severity", "page"}};
    Rule bad;
    bad.alert = "Bad";
    bad.expr = "load + on() load > 1000";
    RuleGroup group;
    group.file = "f.yml";
    group.name = "g";
    group.rules = {high, bad};
    return {group};
  }

  int64_t Minute(int64_t minute) const { return zero_ms_ + minute * kMillisPerMinute; }

  // Goes on by so many minutes in which the job has that load.
  void Run(int minutes, double load, const char* job = "x") {
    for (int i = 0; i < minutes; ++i) {
      const storage::Labels labels({{"__name__", "load"}, {"job", job}});
      EXPECT_OK(metrics_.Append({{labels, Minute(now_), load}}, {}));
      engine_->RunDue(Minute(now_));
      manager_->RunDue(Minute(now_));
      ++now_;
      manager_->RunDue(Minute(now_) - 1);
    }
  }

  int64_t now_ms() const { return Minute(now_) - 1; }

  ExplainAnswer Explain(ExplainQuestion question) {
    if (question.at_ms == 0) question.at_ms = now_ms();
    const auto answer = explainer_->Explain(question);
    EXPECT_OK(answer);
    return answer.value_or(ExplainAnswer());
  }
  std::string Verdict(const std::string& alert) {
    const Story story = Explain({.alert = alert}).stories.at(0).story;
    return (story.verdict.paged ? "paged: " : "not paged: ") + story.verdict.text;
  }
  static std::string Kinds(const Story& story) {
    std::string kinds;
    for (const StoryStep& step : story.steps) kinds += (kinds.empty() ? "" : " ") + step.kind;
    return kinds;
  }

  const int64_t zero_ms_ =
      RuleSchedule("f.yml;g", kMillisPerMinute).SlotAtOrAfter(1'767'225'600'000);
  const exec::Engine query_engine_{exec::EngineOptions()};
  RuleEngineOptions options_;
  MemoryMetrics metrics_;
  storage::MemoryStore state_;
  AlertHistory history_{&state_, 0};
  ScriptedNotifier notifier_;
  std::unique_ptr<AlertManager> manager_;
  std::unique_ptr<RuleEngine> engine_;
  std::unique_ptr<Explainer> explainer_;
  int64_t now_ = 0;
};

TEST_F(ExplainerTest, TellsTheWholeWay) {
  Run(1, 1);
  EXPECT_EQ(Verdict("High"), "not paged: the condition does not hold: value 1, threshold > 5");
  Run(1, 7);
  EXPECT_THAT(Verdict("High"), HasSubstr("not paged: pending: it fires in 1m"));
  Run(3, 8);
  const ExplainAnswer answer = Explain({.alert = "High"});
  ASSERT_EQ(answer.stories.size(), 1u);
  const ExplainAnswer::Told& told = answer.stories[0];
  EXPECT_EQ(told.alert.state, "firing");
  EXPECT_EQ(told.alert.labels,
            storage::Labels(
                {{"alertname", "High"}, {"job", "x"}, {"region", "eu"}, {"severity", "page"}}));
  EXPECT_EQ(Kinds(told.story), "rule pending read firing route notify delivered evaluated");
  EXPECT_EQ(told.story.steps[2].text, "1 series, 4 samples: value 8, threshold > 5");
  EXPECT_THAT(told.story.steps[6].text, HasSubstr("to team (webhook): status 200"));
  EXPECT_TRUE(told.story.verdict.paged);
  EXPECT_THAT(told.story.verdict.text, HasSubstr("team (webhook) at "));
  // By its fingerprint, too; and when it was still pending.
  EXPECT_TRUE(Explain({.alert = FingerprintText(Fingerprint(told.alert.labels))})
                  .stories[0]
                  .story.verdict.paged);
  const ExplainAnswer then = Explain({.alert = "High", .at_ms = Minute(2), .is_now = false});
  EXPECT_THAT(then.stories[0].story.verdict.text, HasSubstr("pending: it fires in 1m"));
  EXPECT_EQ(then.stories[0].alert.state, "pending");
}

// Longer ago than the story goes back: the verdict is about the last time all the same.
TEST_F(ExplainerTest, AnAlertThatPagedAndEndedLongAgoHasPaged) {
  Run(5, 7);
  Run(10, 1);
  const Story story = Explain({.alert = "High", .since_ms = kMillisPerMinute}).stories.at(0).story;
  EXPECT_TRUE(story.verdict.paged) << story.verdict.text;
  EXPECT_THAT(story.verdict.text, HasSubstr("; it ended at "));
}

TEST_F(ExplainerTest, OtherTenantsLearnNothing) {
  Run(5, 7);
  const ExplainAnswer answer = Explain({.alert = "High", .other_tenant = "tenant acme"});
  ASSERT_EQ(answer.stories.size(), 1u);
  EXPECT_TRUE(answer.stories[0].story.steps.empty());
  EXPECT_EQ(answer.stories[0].alert.labels, storage::Labels({{"alertname", "High"}}));
  EXPECT_EQ(answer.stories[0].story.verdict.text,
            "rules are evaluated for the default tenant only, not for tenant acme");
}

TEST_F(ExplainerTest, KnowsWhatHoldsItBack) {
  Silence silence;
  silence.matchers = {storage::Matcher::Equal("job", "x")};
  silence.starts_at_ms = Minute(0);
  silence.ends_at_ms = Minute(100);
  silence.created_by = "alice";
  silence.comment = "new model";
  ASSERT_OK(manager_->SetSilence(silence, Minute(0)));
  Run(5, 7);
  EXPECT_THAT(Verdict("High{job=\"x\"}"),
              HasSubstr("not paged: silenced by s1 (alice: \"new model\", until "));
  EXPECT_EQ(Kinds(Explain({.alert = "High"}).stories[0].story),
            "rule pending read firing route held evaluated");
}

TEST_F(ExplainerTest, TellsOfTheLatestAndNamesTheOthers) {
  Run(4, 7, "a");
  Run(4, 7, "b");
  const ExplainAnswer answer = Explain({.alert = "High"});
  ASSERT_EQ(answer.stories.size(), 1u);
  ASSERT_EQ(answer.others.size(), 1u);
  EXPECT_EQ(answer.stories[0].alert.labels.Get("job"), "b");
  EXPECT_EQ(answer.others[0].labels.Get("job"), "a");
  EXPECT_EQ(Explain({.alert = "High", .limit = 5}).stories.size(), 2u);
}

TEST_F(ExplainerTest, KnowsOfRulesThatFailAndOfNone) {
  Run(1, 1);
  Run(1, 1, "y");
  EXPECT_THAT(Verdict("Bad"), HasSubstr("not paged: its rule fails: "));
  EXPECT_EQ(Verdict("Lost{job=\"x\"}"),
            "not paged: there is no rule and no alert for Lost{job=\"x\"}");
  EXPECT_THAT(explainer_->Explain({.alert = ""}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ExplainerTest, AlertsFromOutsideAreReceived) {
  Alert alert;
  alert.labels = {{"alertname", "Disk"}, {"job", "z"}};
  alert.starts_at_ms = Minute(0);
  ASSERT_OK(manager_->Post({alert}, Minute(0)));
  Run(2, 1);
  const Story story = Explain({.alert = "Disk"}).stories[0].story;
  EXPECT_EQ(Kinds(story), "received route notify delivered");
  EXPECT_TRUE(story.verdict.paged);
}

TEST_F(ExplainerTest, CountsNoise) {
  Run(5, 7);
  Run(2, 1);
  Run(5, 7);
  ASSERT_OK_AND_ASSIGN(const NoiseReport report, explainer_->CountNoise({Minute(0), Minute(now_)}));
  ASSERT_EQ(report.rules.size(), 1u);
  EXPECT_EQ(report.rules[0].rule, "High");
  EXPECT_EQ(report.rules[0].fired, 2);
  EXPECT_EQ(report.rules[0].short_lived, 1);
  EXPECT_GE(report.rules[0].notifications, 1);
  EXPECT_EQ(report.total.notifications, report.rules[0].notifications);
}

}  // namespace
}  // namespace vigil::alerting
