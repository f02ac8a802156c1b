// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/backtest.h"

#include <algorithm>
#include <map>
#include <memory>
#include <queue>
#include <utility>

#include <fmt/format.h>

#include "alerting/replay/alert_tape.h"
#include "alerting/replay/backtest_plan.h"
#include "alerting/replay/backtest_runner.h"
#include "alerting/replay/overlay_metrics.h"
#include "alerting/replay/spell_recorder.h"
#include "alerting/rules/rule_group_runner.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "storage/kv/memory_store.h"

namespace vigil::alerting {
namespace {

// Stages take turns after so much time: columns and recorded samples of so much are held.
constexpr int64_t kWindowMs = kMillisPerDay;
// Of samples that rules write: some hundred megabytes.
constexpr size_t kMaxOverlaySamples = 20'000'000;
// The listener hears at least this often: evaluations take microseconds, or milliseconds where each
// is a query.
constexpr int64_t kEvaluationsPerWord = 200;

class Backtest {
 public:
  Backtest(const BacktestRequest& request, const BacktestDependencies& dependencies,
           const BacktestListener& listener)
      : request_(request),
        dependencies_(dependencies),
        listener_(listener),
        options_(request.options) {
    options_.rehearsal = true;
    options_.watch_inputs = false;
  }

  absl::StatusOr<BacktestResult> Run() {
    VIGIL_ASSIGN_OR_RETURN(
        plan_, MakeBacktestPlan(request_.groups, options_, dependencies_.engine->options()));
    options_.alert_series = plan_.reads_alerts;
    const int64_t start_ms = request_.from_ms - plan_.warm_up_ms - ManagersWaitMs();
    overlay_ = std::make_unique<OverlayMetrics>(dependencies_.source, plan_.written,
                                                start_ms - plan_.max_offset_ms, kMaxOverlaySamples);
    VIGIL_RETURN_IF_ERROR(MakeManagers(start_ms));
    VIGIL_RETURN_IF_ERROR(MakeRules(start_ms));
    for (int64_t window_ms = start_ms; window_ms <= request_.to_ms; window_ms += kWindowMs) {
      const int64_t end_ms = std::min(request_.to_ms, window_ms + kWindowMs - 1);
      for (size_t stage = 0; stage < plan_.stages.size(); ++stage) {
        VIGIL_RETURN_IF_ERROR(RunStage(plan_.stages[stage], end_ms));
        fraction_ = Fraction(start_ms, window_ms, end_ms, stage + 1);
        VIGIL_RETURN_IF_ERROR(Tell());
      }
      if (tape_ != nullptr) VIGIL_RETURN_IF_ERROR(TellManagers());
      overlay_->Forget(end_ms - plan_.max_offset_ms - plan_.reach_ms);
    }
    return Finish(start_ms);
  }

 private:
  // A rule at work. Does not move: its runner knows where it is.
  struct Unit {
    const PlannedRule* planned = nullptr;
    RuleVerdict verdict;
    std::unique_ptr<SpellRecorder> recorder;
    storage::MemoryStore state;
    int64_t window_end_ms = INT64_MIN;
    std::unique_ptr<RuleGroupRunner> runner;
  };

  int64_t ManagersWaitMs() const {
    int64_t wait_ms = 0;
    for (const ManagerConfig& config : request_.routes) {
      wait_ms = std::max(wait_ms, LongestWaitMs(config.route));
    }
    return std::min(wait_ms, kMaxWarmUpReachMs);
  }

  absl::Status MakeManagers(int64_t start_ms) {
    for (const ManagerConfig& config : request_.routes) {
      const PageOptions options = {request_.from_ms, request_.to_ms, request_.time_zone,
                                   [this] { return Pulse(); }};
      VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<PageCounter> manager,
                             PageCounter::Create(config, options, start_ms));
      managers_.push_back(std::move(manager));
    }
    if (!managers_.empty()) tape_ = std::make_unique<AlertTape>(plan_.rules.size());
    return absl::OkStatus();
  }

  // Of all that was evaluated since the last time.
  absl::Status TellManagers() {
    return tape_->Play([this](const std::vector<Alert>& alerts, int64_t now_ms) -> absl::Status {
      for (const auto& manager : managers_) {
        VIGIL_RETURN_IF_ERROR(manager->Receive(alerts, now_ms));
      }
      return absl::OkStatus();
    });
  }

  absl::Status Pulse() const {
    if (IsCancelled()) return absl::CancelledError("the backtest was cancelled");
    return Tell();
  }

  absl::Status MakeRules(int64_t start_ms) {
    for (const PlannedRule& planned : plan_.rules) {
      auto unit = std::make_unique<Unit>();
      unit->planned = &planned;
      unit->verdict.file = planned.group.file;
      unit->verdict.group = planned.group.name;
      unit->verdict.name = planned.rule().name();
      unit->verdict.is_alert = planned.rule().IsAlert();
      unit->recorder = std::make_unique<SpellRecorder>(request_.from_ms, &budget_, &unit->verdict);
      units_.push_back(std::move(unit));
    }
    for (const BacktestStage& stage : plan_.stages) {
      for (const size_t number : stage.rules) {
        VIGIL_RETURN_IF_ERROR(MakeRunner(stage, start_ms, number));
      }
    }
    return absl::OkStatus();
  }

  absl::Status MakeRunner(const BacktestStage& stage, int64_t start_ms, size_t number) {
    Unit* const unit = units_[number].get();
    RuleGroupRunner::Dependencies dependencies;
    dependencies.engine = dependencies_.engine;
    dependencies.source = overlay_.get();
    dependencies.output = overlay_.get();
    dependencies.state = &unit->state;
    if (tape_ != nullptr) dependencies.sink = tape_->SinkOf(number);
    dependencies.recorder = unit->recorder.get();
    dependencies.make_runner = [this, &stage, unit](const RuleGroup&) {
      const BacktestQueries queries = {dependencies_.engine, overlay_.get(), dependencies_.control};
      return std::make_unique<BacktestRunner>(
          queries, unit->planned->interval_ms, &unit->window_end_ms,
          [this, &stage](const ExprReads& reads) { return IsSettled(stage, reads); });
    };
    VIGIL_ASSIGN_OR_RETURN(unit->runner, RuleGroupRunner::Create(unit->planned->group, options_,
                                                                 dependencies, start_ms));
    return absl::OkStatus();
  }

  // Whether an expression reads nothing that its own stage writes.
  bool IsSettled(const BacktestStage& stage, const ExprReads& reads) const {
    if (!stage.reads_itself) return true;
    return std::none_of(reads.reads.begin(), reads.reads.end(), [&](const SeriesRead& read) {
      return std::any_of(stage.rules.begin(), stage.rules.end(),
                         [&](size_t writer) { return MayRead(read, plan_.rules[writer]); });
    });
  }

  // Evaluates the slots of a stage's rules up to `end_ms`, as live evaluation orders them.
  absl::Status RunStage(const BacktestStage& stage, int64_t end_ms) {
    using Due = std::pair<int64_t, size_t>;  // Slot, rule.
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due;
    for (const size_t number : stage.rules) {
      Unit& unit = *units_[number];
      unit.window_end_ms = end_ms - unit.planned->offset_ms;
      due.emplace(unit.runner->next_slot_ms(), number);
    }
    while (due.top().first <= end_ms) {
      const auto [slot_ms, number] = due.top();
      due.pop();
      Unit& unit = *units_[number];
      VIGIL_RETURN_IF_ERROR(Evaluate(slot_ms, &unit));
      due.emplace(unit.runner->next_slot_ms(), number);
    }
    return absl::OkStatus();
  }

  absl::Status Evaluate(int64_t slot_ms, Unit* unit) {
    unit->runner->Evaluate(slot_ms);
    if (++evaluations_ % kEvaluationsPerWord == 0) VIGIL_RETURN_IF_ERROR(Tell());
    if (IsCancelled()) return absl::CancelledError("the backtest was cancelled");
    if (slot_ms < request_.from_ms) return absl::OkStatus();
    RuleVerdict& verdict = unit->verdict;
    ++verdict.evaluations;
    const RunningRule& rule = unit->runner->rules().front();
    if (rule.health != RuleHealth::kError) return absl::OkStatus();
    ++verdict.failures;
    verdict.last_error = rule.last_error;
    verdict.last_failure_ms = slot_ms;
    return absl::OkStatus();
  }

  bool IsCancelled() const {
    const auto* const cancelled = dependencies_.control.cancelled;
    return cancelled != nullptr && cancelled->load(std::memory_order_relaxed);
  }

  double Fraction(int64_t start_ms, int64_t window_ms, int64_t end_ms, size_t stages_done) const {
    const auto all = static_cast<double>(request_.to_ms - start_ms + 1);
    const double part = static_cast<double>(stages_done) / static_cast<double>(plan_.stages.size());
    return (static_cast<double>(window_ms - start_ms) +
            part * static_cast<double>(end_ms - window_ms + 1)) /
           all;
  }

  absl::Status Tell() const {
    return listener_ ? listener_({fraction_, evaluations_}) : absl::OkStatus();
  }

  absl::StatusOr<BacktestResult> Finish(int64_t start_ms) {
    BacktestResult result;
    result.from_ms = request_.from_ms;
    result.to_ms = request_.to_ms;
    result.evaluated_from_ms = start_ms;
    for (const auto& unit : units_) {
      unit->recorder->Finish();
      result.rules.push_back(std::move(unit->verdict));
    }
    result.dropped_spells = std::max<int64_t>(0, -budget_);
    for (const auto& manager : managers_) {
      VIGIL_ASSIGN_OR_RETURN(PageCount pages, manager->Finish());
      result.pages.push_back(std::move(pages));
    }
    return result;
  }

  const BacktestRequest& request_;
  const BacktestDependencies& dependencies_;
  const BacktestListener& listener_;
  RuleEngineOptions options_;
  BacktestPlan plan_;
  std::unique_ptr<OverlayMetrics> overlay_;
  std::vector<std::unique_ptr<PageCounter>> managers_;
  std::unique_ptr<AlertTape> tape_;  // There if there are managers.
  std::vector<std::unique_ptr<Unit>> units_;
  int64_t budget_ = kMaxSpells;
  int64_t evaluations_ = 0;
  double fraction_ = 0;
};

absl::Status CheckRequest(const BacktestRequest& request) {
  if (request.to_ms < request.from_ms) {
    return absl::InvalidArgumentError("the backtest would end before it begins");
  }
  size_t rules = 0;
  StringSet keys;
  for (const RuleGroup& group : request.groups) {
    rules += group.rules.size();
    if (keys.insert(GroupKey(group)).second) continue;
    return absl::InvalidArgumentError(
        fmt::format("group \"{}\" of {} is there twice", group.name, group.file));
  }
  if (rules > kMaxBacktestRules) {
    return absl::InvalidArgumentError(
        fmt::format("{} rules: a backtest takes at most {}", rules, kMaxBacktestRules));
  }
  return absl::OkStatus();
}

}  // namespace

bool BacktestResult::AnythingFires() const {
  return std::any_of(rules.begin(), rules.end(),
                     [](const RuleVerdict& rule) { return !rule.spells.empty(); });
}

absl::StatusOr<BacktestResult> RunBacktest(const BacktestRequest& request,
                                           const BacktestDependencies& dependencies,
                                           const BacktestListener& listener) {
  VIGIL_RETURN_IF_ERROR(CheckRequest(request));
  return Backtest(request, dependencies, listener).Run();
}

void AlignSlots(const std::vector<RuleGroup>& reference, std::vector<RuleGroup>* groups) {
  const auto count = [](const std::vector<RuleGroup>& all, const std::string& name) {
    return std::count_if(all.begin(), all.end(),
                         [&name](const RuleGroup& group) { return group.name == name; });
  };
  for (RuleGroup& group : *groups) {
    if (count(*groups, group.name) != 1 || count(reference, group.name) != 1) continue;
    group.file = std::find_if(reference.begin(), reference.end(), [&group](const RuleGroup& other) {
                   return other.name == group.name;
                 })->file;
  }
}

}  // namespace vigil::alerting
