// SPDX-License-Identifier: Apache-2.0
//
// What rules would have done over stored data: the groups that live evaluation runs, with their
// schedule, state machine and templates, on a clock of their own. Samples that they write go into
// an overlay on the store, alert state into memory, and nobody is told: alert managers only count
// whom they would tell (page_count.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/manager/config.h"
#include "alerting/replay/page_count.h"
#include "alerting/rules/rule_engine.h"
#include "alerting/rules/rule_file.h"
#include "query/exec/engine.h"
#include "storage/metrics/querier.h"

namespace vigil::alerting {

// An alert that fires from one evaluation to another.
struct FiringSpell {
  storage::Labels labels;
  storage::Labels annotations;  // As worded when it began to fire.
  double value = 0;             // Likewise.
  int64_t active_at_ms = 0;     // Since when its condition held.
  int64_t fired_at_ms = 0;      // `from` if it fired before.
  int64_t resolved_at_ms = 0;   // 0: fires at the end.
  bool fired_before = false;
};

struct RuleVerdict {
  std::string file;
  std::string group;
  std::string name;
  bool is_alert = false;
  // In the tested time.
  int64_t evaluations = 0;
  int64_t failures = 0;
  std::string last_error;
  int64_t last_failure_ms = 0;
  int64_t near_misses = 0;          // Alerts that were pending and never fired.
  std::vector<FiringSpell> spells;  // By begin, then by labels.
};

struct BacktestResult {
  int64_t from_ms = 0;
  int64_t to_ms = 0;
  int64_t evaluated_from_ms = 0;   // Warm-up included.
  std::vector<RuleVerdict> rules;  // In the order of files, groups and rules.
  int64_t dropped_spells = 0;      // Beyond kMaxSpells.
  std::vector<PageCount> pages;    // One for each of BacktestRequest::routes.

  bool AnythingFires() const;
};

// More than anybody reads; each has an alert's labels and annotations.
inline constexpr int64_t kMaxSpells = 100'000;
// The order of evaluation is worked out for all pairs of rules.
inline constexpr size_t kMaxBacktestRules = 5'000;

struct BacktestRequest {
  std::vector<RuleGroup> groups;
  RuleEngineOptions options;  // As live; what makes it a rehearsal is set.
  int64_t from_ms = 0;
  int64_t to_ms = 0;
  // Alert managers that hear of the alerts, each by itself. Evaluation begins earlier by what they
  // wait for, kMaxWarmUpReachMs at most, so that what fires at `from` has been told already.
  std::vector<ManagerConfig> routes = {};
  absl::TimeZone time_zone = absl::UTCTimeZone();  // PageOptions::time_zone.
};

// All is borrowed.
struct BacktestDependencies {
  const exec::Engine* engine = nullptr;
  storage::MetricSource* source = nullptr;
  exec::QueryControl control;  // Of each query; `cancelled` ends the backtest.
};

struct BacktestProgress {
  double fraction = 0;
  int64_t evaluations = 0;
};
// A failure ends the backtest.
using BacktestListener = std::function<absl::Status(const BacktestProgress& progress)>;

// InvalidArgument for a range or rules that make no sense, Cancelled, ResourceExhausted; that a
// rule fails is among the results.
absl::StatusOr<BacktestResult> RunBacktest(const BacktestRequest& request,
                                           const BacktestDependencies& dependencies,
                                           const BacktestListener& listener);

// Groups are evaluated at instants that follow from their file's name and their own. Gives groups
// the file name of the group in `reference` of the same name, if each has one of that name only, so
// that two versions of a file are compared at the same instants.
void AlignSlots(const std::vector<RuleGroup>& reference, std::vector<RuleGroup>* groups);

}  // namespace vigil::alerting
