// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/backtest_plan.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>

#include "alerting/rules/rule_evaluator.h"
#include "alerting/rules/rule_group_runner.h"
#include "alerting/rules/rule_schedule.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

constexpr std::string_view kAlertName = "alertname";
constexpr std::string_view kAlertState = "alertstate";

bool HasActions(std::string_view text) { return text.find("{{") != std::string_view::npos; }

// Whether a template may ask for other series. Any text with the word between braces counts: it
// only costs some speed.
bool MayQuery(std::string_view text) {
  for (size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
    if (text.substr(at, text.find("}}", at) - at).find("query") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

bool TemplatesMayQuery(const Rule& rule) {
  const auto may = [](const auto& text) { return MayQuery(text.second); };
  return std::any_of(rule.labels.begin(), rule.labels.end(), may) ||
         std::any_of(rule.annotations.begin(), rule.annotations.end(), may);
}

absl::StatusOr<PlannedRule> PlanRule(const RuleGroup& group, size_t number,
                                     const RuleEngineOptions& options,
                                     const exec::EngineOptions& engine) {
  const Rule merged = MergeGroupLabels(group.rules[number], group);
  PlannedRule planned;
  planned.group = group;
  planned.group.rules = {group.rules[number]};
  planned.rule_number = static_cast<int>(number);
  planned.interval_ms = group.interval_ms > 0 ? group.interval_ms : options.default_interval_ms;
  planned.offset_ms = group.query_offset_ms >= 0 ? group.query_offset_ms : options.query_offset_ms;
  for (const auto& [name, value] : merged.labels) {
    // What an empty value or a template makes of a label is not known.
    if (!value.empty() && !HasActions(value)) planned.fixed_labels.emplace_back(name, value);
  }
  if (merged.IsAlert()) {
    // These are not the rule's to choose.
    std::erase_if(planned.fixed_labels, [](const auto& label) {
      return label.first == kAlertName || label.first == kAlertState;
    });
    // Levels have labels of their own, which may be called like the rule's.
    if (merged.extensions.levels.has_value()) planned.fixed_labels.clear();
    planned.fixed_labels.emplace_back(kAlertName, merged.alert);
    planned.metrics = {std::string(kAlertsMetric), std::string(kAlertsForStateMetric)};
  } else {
    planned.metrics = {merged.record};
  }
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<RuleEvaluator> evaluator,
                         RuleEvaluator::Create(merged));
  for (const promql::Expr* const expr : evaluator->exprs()) {
    const ExprReads reads = ReadsOf(*expr, engine);
    for (SeriesRead read : reads.reads) {
      // Where data may come late, earlier instants are looked at again.
      read.reach_ms = std::min(kUnknownReachMs, read.reach_ms + merged.extensions.late_data_ms);
      planned.reads.push_back(std::move(read));
    }
  }
  if (TemplatesMayQuery(merged)) {
    planned.reads.push_back({.matchers = {}, .reach_ms = kMaxWarmUpReachMs, .warms_up = false});
  }
  return planned;
}

std::optional<std::string_view> FixedValue(const PlannedRule& rule, std::string_view label) {
  for (const auto& [name, value] : rule.fixed_labels) {
    if (name == label) return value;
  }
  return std::nullopt;
}

// Whether two rules may make the same series.
bool MayCollide(const PlannedRule& a, const PlannedRule& b) {
  if (a.metrics != b.metrics) return false;
  return std::none_of(a.fixed_labels.begin(), a.fixed_labels.end(), [&b](const auto& label) {
    const std::optional<std::string_view> other = FixedValue(b, label.first);
    return other.has_value() && *other != label.second;
  });
}

// Whether two rules are ever evaluated for the same instant.
bool ShareSlots(const PlannedRule& a, const PlannedRule& b) {
  if (a.group_number == b.group_number) return true;
  const auto phase = [](const PlannedRule& rule) {
    return RuleSchedule(GroupKey(rule.group), rule.interval_ms).SlotAtOrAfter(0);
  };
  const int64_t common = std::gcd(a.interval_ms, b.interval_ms);
  return phase(a) % common == phase(b) % common;
}

// Whether `reader` may be evaluated over a stretch of time for which `writer` was evaluated before:
// all samples that it comes across were there when it would have been evaluated live.
bool MayFollow(const PlannedRule& writer, const PlannedRule& reader, const SeriesRead& read) {
  if (!read.looks_back || writer.offset_ms > reader.offset_ms) return false;
  if (writer.offset_ms < reader.offset_ms || !ShareSlots(writer, reader)) return true;
  return std::pair(writer.group_number, writer.rule_number) <
         std::pair(reader.group_number, reader.rule_number);
}

// Rules and who must not be evaluated before whom.
class Graph {
 public:
  explicit Graph(size_t nodes) : followers_(nodes), index_(nodes, -1), low_(nodes, 0) {}

  void Add(size_t before, size_t after) { followers_[before].push_back(after); }

  // Sets of nodes that must go together (Tarjan's components), each before those that follow it.
  std::vector<std::vector<size_t>> Order() {
    for (size_t node = 0; node < followers_.size(); ++node) {
      if (index_[node] < 0) Visit(node);
    }
    std::reverse(order_.begin(), order_.end());
    return std::move(order_);
  }

 private:
  // With a stack of its own: chains of rules may be long.
  void Visit(size_t root) {
    std::vector<std::pair<size_t, size_t>> path;  // Node, and which follower is next.
    Enter(root, &path);
    while (!path.empty()) {
      const size_t node = path.back().first;
      if (path.back().second < followers_[node].size()) {
        const size_t next = followers_[node][path.back().second++];
        if (index_[next] < 0) {
          Enter(next, &path);
        } else if (open_[next]) {
          low_[node] = std::min(low_[node], index_[next]);
        }
        continue;
      }
      path.pop_back();
      if (!path.empty()) low_[path.back().first] = std::min(low_[path.back().first], low_[node]);
      if (low_[node] == index_[node]) Close(node);
    }
  }

  void Enter(size_t node, std::vector<std::pair<size_t, size_t>>* path) {
    index_[node] = low_[node] = count_++;
    if (open_.size() < followers_.size()) open_.resize(followers_.size(), false);
    open_[node] = true;
    stack_.push_back(node);
    path->emplace_back(node, 0);
  }

  void Close(size_t node) {
    std::vector<size_t> component;
    size_t member = 0;
    do {
      member = stack_.back();
      stack_.pop_back();
      open_[member] = false;
      component.push_back(member);
    } while (member != node);
    std::sort(component.begin(), component.end());
    order_.push_back(std::move(component));
  }

  std::vector<std::vector<size_t>> followers_;
  std::vector<int> index_;
  std::vector<int> low_;
  std::vector<bool> open_;
  std::vector<size_t> stack_;
  std::vector<std::vector<size_t>> order_;
  int count_ = 0;
};

bool Reads(const PlannedRule& reader, const PlannedRule& writer) {
  return std::any_of(reader.reads.begin(), reader.reads.end(),
                     [&writer](const SeriesRead& read) { return MayRead(read, writer); });
}

void AddOrder(BacktestPlan* plan, size_t writer, size_t reader, Graph* graph) {
  for (const SeriesRead& read : plan->rules[reader].reads) {
    if (!MayRead(read, plan->rules[writer])) continue;
    graph->Add(writer, reader);
    plan->reach_ms = std::max(plan->reach_ms, read.reach_ms);
    if (!MayFollow(plan->rules[writer], plan->rules[reader], read)) graph->Add(reader, writer);
  }
}

void MakeStages(BacktestPlan* plan) {
  const std::vector<PlannedRule>& rules = plan->rules;
  Graph graph(rules.size());
  for (size_t a = 0; a < rules.size(); ++a) {
    for (size_t b = 0; b < rules.size(); ++b) {
      AddOrder(plan, a, b, &graph);
      const bool writes = !rules[a].rule().IsAlert() || plan->reads_alerts;
      if (a >= b || !writes || !MayCollide(rules[a], rules[b])) continue;
      graph.Add(a, b);
      graph.Add(b, a);
    }
  }
  for (std::vector<size_t>& component : graph.Order()) {
    BacktestStage stage;
    for (const size_t reader : component) {
      for (const size_t writer : component) {
        stage.reads_itself |= Reads(rules[reader], rules[writer]);
      }
    }
    stage.rules = std::move(component);
    plan->stages.push_back(std::move(stage));
  }
}

// How long before the tested time each rule must be evaluated, from the last stage to the first.
void SetWarmUp(BacktestPlan* plan) {
  std::vector<int64_t> reach_ms(plan->rules.size(), 0);
  int64_t longest_reach_ms = 0;
  int64_t longest_for_ms = 0;
  for (auto stage = plan->stages.rbegin(); stage != plan->stages.rend(); ++stage) {
    for (const size_t reader : stage->rules) {
      const Rule& rule = plan->rules[reader].rule();
      // The first slot may be nearly an interval after the beginning.
      longest_for_ms = std::max(
          longest_for_ms, rule.for_ms + rule.keep_firing_for_ms + plan->rules[reader].interval_ms);
      for (const SeriesRead& read : plan->rules[reader].reads) {
        for (size_t writer = 0; writer < plan->rules.size(); ++writer) {
          if (!read.warms_up || !MayRead(read, plan->rules[writer])) continue;
          reach_ms[writer] = std::max(
              reach_ms[writer], std::min(kMaxWarmUpReachMs, reach_ms[reader] + read.reach_ms));
          longest_reach_ms = std::max(longest_reach_ms, reach_ms[writer]);
        }
      }
    }
  }
  plan->warm_up_ms = longest_for_ms + longest_reach_ms;
}

}  // namespace

bool MayRead(const SeriesRead& read, const PlannedRule& writer) {
  return std::any_of(writer.metrics.begin(), writer.metrics.end(), [&](const std::string& metric) {
    return std::all_of(read.matchers.begin(), read.matchers.end(),
                       [&](const storage::Matcher& matcher) {
                         if (matcher.name() == storage::kMetricName) {
                           return matcher.Matches(metric);
                         }
                         const auto value = FixedValue(writer, matcher.name());
                         return !value.has_value() || matcher.Matches(*value);
                       });
  });
}

absl::StatusOr<BacktestPlan> MakeBacktestPlan(const std::vector<RuleGroup>& groups,
                                              const RuleEngineOptions& options,
                                              const exec::EngineOptions& engine) {
  BacktestPlan plan;
  for (size_t number = 0; number < groups.size(); ++number) {
    for (size_t i = 0; i < groups[number].rules.size(); ++i) {
      VIGIL_ASSIGN_OR_RETURN(PlannedRule planned, PlanRule(groups[number], i, options, engine));
      planned.group_number = static_cast<int>(number);
      const Rule& rule = planned.rule();
      (rule.IsAlert() ? plan.written.alerts : plan.written.metrics).insert(rule.name());
      plan.max_offset_ms = std::max(plan.max_offset_ms, planned.offset_ms);
      plan.rules.push_back(std::move(planned));
    }
  }
  for (const PlannedRule& reader : plan.rules) {
    for (const PlannedRule& writer : plan.rules) {
      plan.reads_alerts |= writer.rule().IsAlert() && Reads(reader, writer);
    }
  }
  MakeStages(&plan);
  SetWarmUp(&plan);
  return plan;
}

}  // namespace vigil::alerting
