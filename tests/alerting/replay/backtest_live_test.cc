// SPDX-License-Identifier: Apache-2.0
//
// The property that a backtest is worth something for: random rules over random data fire in it
// when they would have fired live, with the same values and texts, and page whom they would have
// paged.
#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/manager/alert_manager.h"
#include "alerting/manager/config.h"
#include "alerting/notify/notification.h"
#include "alerting/notify/notifier.h"
#include "alerting/replay/backtest.h"
#include "alerting/replay/memory_metrics.h"
#include "alerting/rules/rule_engine.h"
#include "base/strings.h"
#include "query/promql/parser.h"
#include "storage/kv/memory_store.h"
#include "tests/query/exec/memory_source.h"
#include "tests/query/exec/random_queries.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

constexpr int64_t kStartMs = 10 * 60'000;
constexpr int64_t kEndMs = 100 * 60'000;

// Groups of rules that read the data, each other, themselves, and their alerts.
class RandomRules {
 public:
  explicit RandomRules(uint64_t seed) : random_(seed), queries_(seed) {}

  std::vector<RuleGroup> Groups() {
    std::vector<RuleGroup> groups;
    const int count = 1 + Below(3);
    for (int i = 0; i < count; ++i) groups.push_back(Group(i));
    return groups;
  }

  exec::RandomQueries& queries() { return queries_; }

 private:
  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <typename... Texts>
  std::string OneOf(Texts... texts) {
    const char* const all[] = {texts...};
    return all[Below(sizeof...(texts))];
  }

  RuleGroup Group(int number) {
    RuleGroup group;
    group.file = "f.yml";
    group.name = fmt::format("g{}", number);
    group.interval_ms = 1000 * (OneIn(2) ? 60 : 30 * (1 + Below(4)));
    if (OneIn(4)) group.query_offset_ms = 1000 * Below(90);
    if (OneIn(8)) group.limit = 1 + Below(3);
    if (OneIn(4)) group.labels = {{"team", "t"}};
    const int count = 1 + Below(4);
    for (int i = 0; i < count; ++i) group.rules.push_back(OneIn(2) ? Alert() : Recording());
    return group;
  }

  Rule Recording() {
    Rule rule;
    rule.record = fmt::format("r{}", Below(4));
    rule.expr = Expr();
    if (OneIn(3)) rule.labels = {{"kind", OneOf("one", "two")}};
    return rule;
  }

  Rule Alert() {
    Rule rule;
    rule.alert = OneOf("A", "B", "C", "D");
    rule.expr = OneIn(3) ? Expr() : fmt::format("({}) > {}", VectorExpr(), Below(60));
    if (OneIn(2)) rule.for_ms = 1000 * 45 * Below(10);
    if (OneIn(3)) rule.keep_firing_for_ms = 1000 * 45 * Below(10);
    rule.labels = {{"severity", OneOf("page", "{{ $labels.job }}", "", "v{{ $value }}")}};
    rule.annotations = {{"summary", "{{ $labels.job }} has {{ $value }}"}};
    if (OneIn(6)) {
      rule.annotations.emplace_back("more", "{{ range query \"r1\" }}{{ .Value }} {{ end }}");
    }
    return rule;
  }

  // One that can be compared with a number.
  std::string VectorExpr() {
    for (;;) {
      std::string expr = Expr();
      const auto parsed = promql::ParseExpr(expr);
      if (parsed.ok() && (*parsed)->type == promql::ValueType::kVector) return expr;
    }
  }

  std::string Expr() {
    if (OneIn(2)) return queries_.Vector(1 + Below(3));
    const std::string recorded = fmt::format("r{}", Below(4));
    switch (Below(12)) {
      case 0:
        return recorded + " offset 1m";
      case 1:
        return recorded + OneOf(" offset -1m", " @ 1800", " @ end()");
      case 2:
        return fmt::format("max_over_time({}[3m])", recorded);
      case 3:
        return fmt::format("rate({}[5m])", recorded);
      case 4:
        return OneOf("count by (alertname) (ALERTS)", "ALERTS{alertstate=\"firing\"}",
                     "ALERTS{alertname=\"B\"} or b", "ALERTS_FOR_STATE{alertname=\"C\"}");
      case 5:
        return fmt::format("avg_over_time(sum({})[4m:30s])", recorded);
      case 6:
        return fmt::format("absent({})", recorded);
      case 7:
        // Rules that select their own alerts' samples make more of them with every round.
        return OneOf("{__name__=~\"r[0-9]\", job=\"x\"}",
                     "{job=\"y\", kind!=\"two\", alertname=\"\"}");
      case 8:
        return fmt::format("{} + on (job) group_left b", recorded);
      case 9:
        return fmt::format("label_replace({}, \"le\", \"$1\", \"job\", \"(.*)\")", recorded);
      case 10:
        return OneOf("time() % 700", "vector(time() % 500)", "scalar(sum(b)) - 3");
      default:
        return recorded + OneOf("", "{job=\"x\"}", "{kind=\"one\"}");
    }
  }

  std::mt19937_64 random_;
  exec::RandomQueries queries_;
};

// Configurations of the alert manager for the alerts that RandomRules makes.
class RandomRoutes {
 public:
  explicit RandomRoutes(uint64_t seed) : random_(seed + 1'000'000) {}

  std::string Yaml() {
    std::string yaml = R"(
receivers:
- {name: one, webhook_configs: [{url: 'http://one/'}]}
- {name: two, webhook_configs: [{url: 'http://two/', send_resolved: false}, {url: 'http://2/'}]}
- {name: none}
time_intervals:
- {name: middle, time_intervals: [{times: [{start_time: '00:40', end_time: '01:05'}]}]}
- {name: late, time_intervals: [{times: [{start_time: '01:20', end_time: '24:00'}]}]}
)";
    if (OneIn(2)) {
      yaml += fmt::format(
          "inhibit_rules:\n- {{source_matchers: [alertname={}], target_matchers: "
          "['alertname=~\"{}\"'], equal: [{}]}}\n",
          OneOf("A", "B"), OneOf("C|D", "B", ".+"), OneOf("job", "team", ""));
    }
    yaml += "route:\n  receiver: " + OneOf("one", "two") + "\n" + Settings("  ") + "  routes:\n";
    for (int i = Below(4); i >= 0; --i) yaml += Child();
    return yaml;
  }

 private:
  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <typename... Texts>
  std::string OneOf(Texts... texts) {
    const char* const all[] = {texts...};
    return all[Below(sizeof...(texts))];
  }

  std::string Settings(const std::string& indent) {
    return fmt::format(
        "{0}group_by: [{1}]\n{0}group_wait: {2}s\n{0}group_interval: {3}s\n"
        "{0}repeat_interval: {4}s\n",
        indent, OneOf("", "alertname", "job", "'...'", "severity, team"), 15 * Below(6),
        30 * (1 + Below(12)), 60 * (1 + Below(30)));
  }

  std::string Child() {
    std::string child = fmt::format(
        "  - receiver: {}\n    matchers: ['{}']\n    continue: {}\n", OneOf("one", "two", "none"),
        OneOf("alertname=A", "alertname=~\"B|C\"", "severity=page", "job!=x", "team=\"\""),
        OneOf("true", "false"));
    if (OneIn(2)) child += Settings("    ");
    if (OneIn(3)) child += "    mute_time_intervals: [" + OneOf("middle", "late") + "]\n";
    if (OneIn(5)) child += "    active_time_intervals: [middle, late]\n";
    return child;
  }

  std::mt19937_64 random_;
};

void Copy(exec::MemorySource* from, MemoryMetrics* to) {
  const auto querier = from->NewQuerier();
  ASSERT_OK_AND_ASSIGN(const auto handles, querier->Select({}, {0, INT64_MAX}));
  std::vector<storage::LabeledSample> samples;
  for (const storage::SeriesHandle& handle : handles) {
    storage::SampleColumns columns;
    ASSERT_OK(querier->Read(handle.ref, {0, INT64_MAX}, &columns));
    std::map<int64_t, storage::LabeledSample> by_time;
    for (size_t i = 0; i < columns.values.size(); ++i) {
      by_time[columns.times_ms[i]] = {handle.labels, columns.times_ms[i], columns.values[i]};
    }
    for (size_t i = 0; i < columns.histograms.size(); ++i) {
      by_time[columns.histogram_times_ms[i]] = {handle.labels, columns.histogram_times_ms[i], 0,
                                                columns.histograms[i]};
    }
    for (auto& [time_ms, sample] : by_time) samples.push_back(std::move(sample));
  }
  ASSERT_OK_AND_ASSIGN(const storage::WriteResult result, to->Append(samples, {}));
  ASSERT_EQ(result.rejected, 0) << result.rejection_reason;
}

struct LiveRule {
  int64_t failures = 0;
  std::map<storage::Labels, FiringSpell> firing;
  std::vector<FiringSpell> spells;
};

// What a rule engine on a virtual clock does, as its status tells.
class LiveRun {
 public:
  LiveRun(int64_t from_ms, size_t rules) : from_ms_(from_ms), rules_(rules) {}

  void See(const std::vector<GroupStatus>& groups, int64_t now_ms) {
    size_t number = 0;
    for (const GroupStatus& group : groups) {
      for (const RuleStatus& rule : group.rules) {
        See(rule, group.last_evaluation_ms == now_ms, now_ms, &rules_[number++]);
      }
    }
  }

  void Finish() {
    for (LiveRule& rule : rules_) {
      for (auto& [labels, spell] : rule.firing) Add(std::move(spell), &rule);
    }
  }

  const std::vector<LiveRule>& rules() const { return rules_; }

 private:
  void See(const RuleStatus& status, bool evaluated, int64_t now_ms, LiveRule* rule) {
    if (evaluated && now_ms >= from_ms_ && status.health == RuleHealth::kError) ++rule->failures;
    std::map<storage::Labels, FiringSpell> firing;
    for (const ActiveAlert& alert : status.alerts) {
      if (alert.state != AlertState::kFiring) continue;
      FiringSpell& spell = firing[alert.labels];
      const auto before = rule->firing.find(alert.labels);
      if (before != rule->firing.end() && before->second.fired_at_ms == alert.fired_at_ms) {
        spell = before->second;
        rule->firing.erase(before);
      } else {
        spell = {alert.labels, alert.annotations, alert.value, alert.active_at_ms,
                 alert.fired_at_ms};
      }
    }
    for (auto& [labels, spell] : rule->firing) {
      spell.resolved_at_ms = now_ms;
      Add(std::move(spell), rule);
    }
    rule->firing = std::move(firing);
  }

  void Add(FiringSpell spell, LiveRule* rule) {
    if (spell.resolved_at_ms == 0 || spell.resolved_at_ms > from_ms_) {
      rule->spells.push_back(std::move(spell));
    }
  }

  const int64_t from_ms_;
  std::vector<LiveRule> rules_;
};

std::string PageText(const Page& page) {
  return fmt::format("{} {}/{} {}: {}, {} firing, {} resolved", page.time_ms, page.receiver,
                     page.integration, page.group_labels.ToString(), page.reason, page.firing,
                     page.resolved);
}

// Remembers what webhooks are told from a time on.
class LivePages final : public Notifier {
 public:
  explicit LivePages(int64_t from_ms) : from_ms_(from_ms) {}

  void SetTime(int64_t now_ms) { now_ms_ = now_ms; }
  const std::vector<std::string>& pages() const { return pages_; }

  void Send(const std::string& lane, Delivery delivery,
            std::function<void(DeliveryOutcome)> done) override {
    const absl::StatusOr<Notification> told = DecodeNotification(delivery.body);
    EXPECT_OK(told.status());
    Page page;
    page.time_ms = now_ms_;
    page.receiver = told->receiver;
    page.integration = lane.substr(lane.find('/') + 1);
    page.group_labels = told->group_labels;
    page.reason = told->reason;
    for (const ToldAlert& alert : told->alerts) ++(alert.resolved ? page.resolved : page.firing);
    if (now_ms_ >= from_ms_) pages_.push_back(PageText(page));
    done({.delivered = true, .http_status = 200});
  }

 private:
  const int64_t from_ms_;
  int64_t now_ms_ = 0;
  std::vector<std::string> pages_;
};

std::multimap<std::string, std::string> Texts(const std::vector<FiringSpell>& spells,
                                              int64_t from_ms) {
  std::multimap<std::string, std::string> texts;
  for (const FiringSpell& spell : spells) {
    texts.emplace(
        fmt::format("{} {}", spell.labels.ToString(), std::max(spell.fired_at_ms, from_ms)),
        fmt::format("active {} until {}: {} {}", spell.active_at_ms, spell.resolved_at_ms,
                    FormatValue(spell.value), spell.annotations.ToString()));
  }
  return texts;
}

std::string Describe(const std::vector<RuleGroup>& groups) {
  std::string text;
  for (const RuleGroup& group : groups) {
    text += fmt::format("{} every {} offset {} limit {}\n", group.name, group.interval_ms,
                        group.query_offset_ms, group.limit);
    for (const Rule& rule : group.rules) {
      text += fmt::format("  {} for {} keep {}: {}\n", rule.name(), rule.for_ms,
                          rule.keep_firing_for_ms, rule.expr);
    }
  }
  return text;
}

class BacktestLiveTest : public ::testing::Test {
 protected:
  void Check(uint64_t seed) {
    RandomRules rules(seed);
    exec::MemorySource data;
    rules.queries().Fill(kEndMs, &data);
    const std::vector<RuleGroup> groups = rules.Groups();
    SCOPED_TRACE(Describe(groups));
    MemoryMetrics stored;
    ASSERT_NO_FATAL_FAILURE(Copy(&data, &stored));
    const std::string routes = RandomRoutes(seed).Yaml();
    SCOPED_TRACE(routes);
    ASSERT_OK_AND_ASSIGN(const ManagerConfig config, ParseManagerConfig("routes.yml", routes));
    const BacktestRequest request = {groups, {}, kStartMs + 20 * 60'000, kEndMs, {config}};
    ASSERT_OK_AND_ASSIGN(const BacktestResult result,
                         RunBacktest(request, {&engine_, &stored, {}}, nullptr));
    MemoryMetrics live_metrics;
    ASSERT_NO_FATAL_FAILURE(Copy(&data, &live_metrics));
    LiveRun live(request.from_ms, result.rules.size());
    LivePages pages(request.from_ms);
    ASSERT_NO_FATAL_FAILURE(
        RunLive(groups, config, result.evaluated_from_ms, &live_metrics, &live, &pages));
    for (size_t i = 0; i < result.rules.size(); ++i) {
      const RuleVerdict& verdict = result.rules[i];
      EXPECT_EQ(Texts(verdict.spells, request.from_ms),
                Texts(live.rules()[i].spells, request.from_ms))
          << verdict.name;
      // That ALERTS could not be written shows live only.
      if (!verdict.is_alert) {
        EXPECT_EQ(verdict.failures, live.rules()[i].failures) << verdict.last_error;
      }
      spells_ += verdict.spells.size();
    }
    std::vector<std::string> counted;
    for (const Page& page : result.pages[0].pages) counted.push_back(PageText(page));
    EXPECT_EQ(counted, pages.pages());
    EXPECT_EQ(result.pages[0].total.pages, static_cast<int64_t>(counted.size()));
    pages_ += counted.size();
  }

  void RunLive(const std::vector<RuleGroup>& groups, const ManagerConfig& config, int64_t start_ms,
               MemoryMetrics* metrics, LiveRun* live, LivePages* pages) {
    storage::MemoryStore state;
    ASSERT_OK_AND_ASSIGN(const auto manager,
                         AlertManager::Create({}, config, &state, pages, start_ms));
    ASSERT_OK_AND_ASSIGN(const auto engine, RuleEngine::Create({}, {.engine = &engine_,
                                                                    .source = metrics,
                                                                    .output = metrics,
                                                                    .state = &state,
                                                                    .sink = manager.get()}));
    ASSERT_OK(engine->SetGroups(groups, start_ms));
    int64_t due_ms = engine->RunDue(start_ms - 1);
    int64_t manager_due_ms = start_ms;
    while (std::min(due_ms, manager_due_ms) <= kEndMs) {
      const int64_t now_ms = std::min(due_ms, manager_due_ms);
      pages->SetTime(now_ms);
      // The manager's timers do not wait for the evaluations that begin at the same time.
      manager_due_ms = manager->RunDue(now_ms);
      if (due_ms > now_ms) continue;
      due_ms = engine->RunDue(now_ms);
      manager_due_ms = manager->RunDue(now_ms);
      live->See(engine->Status(), now_ms);
    }
    live->Finish();
  }

  const exec::Engine engine_{exec::EngineOptions()};
  size_t spells_ = 0;
  size_t pages_ = 0;
};

class BacktestLiveSeedTest : public BacktestLiveTest, public ::testing::WithParamInterface<int> {
 protected:
  static void TearDownTestSuite() {
    // The generator must not mostly make rules that never fire.
    EXPECT_GT(all_spells_, 20 * runs_);
    EXPECT_GT(all_pages_, 40 * runs_);
  }

  static inline size_t all_spells_ = 0;
  static inline size_t all_pages_ = 0;
  static inline size_t runs_ = 0;
};

TEST_P(BacktestLiveSeedTest, SameVerdicts) {
  constexpr int kRuleSets = 12;
  for (int i = 0; i < kRuleSets && !HasFailure(); ++i) {
    const auto seed = static_cast<uint64_t>(GetParam() * kRuleSets + i + 1);
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Check(seed);
  }
  all_spells_ += spells_;
  all_pages_ += pages_;
  ++runs_;
}

// In the evaluation in which the others are more than the limit.
TEST_F(BacktestLiveTest, AnAlertEndsAsTooManyFire) {
  for (const uint64_t seed : {139, 331}) Check(seed);
}

INSTANTIATE_TEST_SUITE_P(Seeds, BacktestLiveSeedTest, ::testing::Range(0, 8));

}  // namespace
}  // namespace vigil::alerting
