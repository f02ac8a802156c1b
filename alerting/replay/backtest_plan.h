// SPDX-License-Identifier: Apache-2.0
//
// In which order a backtest evaluates its rules. Live, all rules of an instant come before those of
// the next. A backtest would rather evaluate a rule over a whole stretch of time at once, which
// gives the same as long as what the rule reads was written up to the stretch's end and nothing of
// it is newer than what it would have seen. The plan tells the rules for which that holds (one
// stage each, those that write before those that read) from those that must go instant by instant
// together: cycles, rules that look into the future of others, several that write the same series.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/expr_reads.h"
#include "alerting/replay/overlay_metrics.h"
#include "alerting/rules/rule_engine.h"
#include "alerting/rules/rule_file.h"
#include "query/exec/engine.h"

namespace vigil::alerting {

// A rule as a group of its own.
struct PlannedRule {
  RuleGroup group;  // Has this rule alone, and keeps file and name: its slots are the same.
  int group_number = 0;
  int rule_number = 0;  // Within its group.
  int64_t interval_ms = 0;
  int64_t offset_ms = 0;
  // What it writes may be: series of these metrics with these labels, and any others.
  std::vector<std::string> metrics;
  std::vector<std::pair<std::string, std::string>> fixed_labels;
  std::vector<SeriesRead> reads;  // Of all of its expressions and templates.

  const Rule& rule() const { return group.rules.front(); }
};

// Rules that are evaluated instant by instant together; mostly one.
struct BacktestStage {
  std::vector<size_t> rules;  // In the order in which those of one instant are evaluated.
  bool reads_itself = false;
};

struct BacktestPlan {
  std::vector<PlannedRule> rules;  // In the order of groups and rules.
  std::vector<BacktestStage> stages;
  WrittenSeries written;
  // Whether any rule may read ALERTS or ALERTS_FOR_STATE.
  bool reads_alerts = false;
  // So long before the tested time evaluation must begin, so that alerts are as old as they would
  // be and recorded series reach as far back as they are looked at.
  int64_t warm_up_ms = 0;
  // So far back rules look at series that they write.
  int64_t reach_ms = 0;
  int64_t max_offset_ms = 0;
};

// Warm-up beyond `for` and `keep_firing_for`: longer windows over recorded series begin with what
// the store has of them.
inline constexpr int64_t kMaxWarmUpReachMs = 24LL * 60 * 60 * 1000;

// InvalidArgument when an expression does not parse.
absl::StatusOr<BacktestPlan> MakeBacktestPlan(const std::vector<RuleGroup>& groups,
                                              const RuleEngineOptions& options,
                                              const exec::EngineOptions& engine);

// Whether a series that `writer` makes may be among those of `read`.
bool MayRead(const SeriesRead& read, const PlannedRule& writer);

}  // namespace vigil::alerting
