// SPDX-License-Identifier: Apache-2.0
#include "tests/alerting/rules/rule_script.h"

#include <algorithm>

#include <fmt/format.h>

#include "alerting/rules/rule_schedule.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "query/promql/series_values.h"

namespace vigil::alerting {
namespace {

constexpr int64_t kEpochMs = 1'767'225'600'000;  // 2026-01-01.

std::string Error(const absl::Status& status) {
  return fmt::format("error: {}", MessageOf(status));
}

std::string Value(double value) { return storage::IsStale(value) ? "stale" : FormatValue(value); }

std::string Describe(const storage::Labels& annotations) {
  return annotations.empty() ? "" : " " + annotations.ToString();
}

// Why an alert is what it is, where that is not plain.
std::string Reason(std::string_view reason) {
  return reason.empty() || reason == AlertReasonName(AlertReason::kRecovered)
             ? ""
             : fmt::format(" reason={}", reason);
}

std::string_view HealthName(RuleHealth health) {
  switch (health) {
    case RuleHealth::kUnknown:
      return "unknown";
    case RuleHealth::kOk:
      return "ok";
    case RuleHealth::kError:
      return "err";
  }
  return "?";
}

}  // namespace

absl::Status RecordingSink::Receive(const std::vector<Alert>& alerts, int64_t now_ms,
                                    storage::WriteBatch* batch) {
  if (failures_ > 0) {
    --failures_;
    return absl::UnavailableError("the sink is full");
  }
  alerts_.insert(alerts_.end(), alerts.begin(), alerts.end());
  batch->Put(storage::Family::kState, "manager/last", fmt::to_string(now_ms));
  return absl::OkStatus();
}

absl::Status CountingStore::Write(const storage::WriteBatch& batch,
                                  storage::Durability durability) {
  if (failures_ > 0) {
    --failures_;
    return absl::UnavailableError("the disk is gone");
  }
  ++(durability == storage::Durability::kSync ? synced_ : unsynced_);
  return inner_.Write(batch, durability);
}

std::string CountingStore::TakeWrites() {
  return fmt::format("{} synced, {} not", synced_.exchange(0), unsynced_.exchange(0));
}

RuleScript::RuleScript() : query_engine_(exec::EngineOptions()) {
  options_.external_url = "http://vigil:9090/";
}

std::string RuleScript::Run(const TextCase& text_case) {
  const std::string& command = text_case.command;
  if (command == "options") return SetOptions(text_case);
  if (command == "rules") return SetRules(text_case);
  if (command == "load") return Load(text_case);
  if (command == "advance") return Advance(DurationArg(text_case, 0));
  if (command == "jump") return Jump(DurationArg(text_case, 0));
  if (command == "restart") return Restart(text_case);
  if (command == "alerts") return Alerts();
  if (command == "groups") return Groups();
  if (command == "sent") return Sent(text_case.args.empty() ? "" : text_case.args[0]);
  if (command == "samples") return Samples(text_case.args.empty() ? "" : text_case.args[0]);
  if (command == "query") return Query(text_case.input);
  if (command == "rows") return Rows();
  if (command == "writes") return store_.TakeWrites();
  const int64_t count = text_case.args.empty() ? 1 : std::stoll(text_case.args[0]);
  if (command == "fail-metrics") {
    metrics_.FailAppends(count, absl::UnavailableError("the store is busy"));
  } else if (command == "fail-state") {
    store_.FailNext(count);
  } else if (command == "fail-sink") {
    sink_.FailNext(count);
  } else {
    return "no such command";
  }
  return "ok";
}

int64_t RuleScript::DurationArg(const TextCase& text_case, size_t index) const {
  const std::string text = index < text_case.args.size() ? text_case.args[index] : "";
  return ParseDurationMs(text).value_or(0);
}

// Distance from time 0, in the notation of durations.
std::string RuleScript::Time(int64_t time_ms) const {
  return time_ms == 0 ? "-" : FormatDurationMs(time_ms - zero_ms_);
}

std::string RuleScript::SetOptions(const TextCase& text_case) {
  const auto set = [&text_case](std::string_view key, int64_t* value_ms) {
    const std::string text = text_case.Arg(key);
    if (!text.empty()) *value_ms = ParseDurationMs(text).value_or(-1);
  };
  set("interval", &options_.default_interval_ms);
  set("offset", &options_.query_offset_ms);
  set("tolerance", &options_.for_outage_tolerance_ms);
  set("grace", &options_.for_grace_period_ms);
  set("resend", &options_.resend_delay_ms);
  options_.external_url = text_case.Arg("url", options_.external_url);
  options_.watch_inputs = text_case.Arg("inputs") == "on";
  const std::string cluster = text_case.Arg("cluster");
  if (!cluster.empty()) options_.external_labels = storage::Labels({{"cluster", cluster}});
  return "ok";
}

std::string RuleScript::SetRules(const TextCase& text_case) {
  absl::StatusOr<std::vector<RuleGroup>> groups = ParseRuleFile("rules.yml", text_case.input);
  if (!groups.ok()) return Error(groups.status());
  if (zero_ms_ < 0 && !groups->empty()) {
    const RuleGroup& first = groups->front();
    const RuleSchedule schedule(
        fmt::format("{};{}", first.file, first.name),
        first.interval_ms > 0 ? first.interval_ms : options_.default_interval_ms);
    zero_ms_ = schedule.SlotAtOrAfter(kEpochMs);
    // The first slot is due at once: `advance 0s` evaluates it.
    now_ms_ = zero_ms_;
  }
  groups_ = *std::move(groups);
  const absl::Status status = engine_ == nullptr ? Start() : engine_->SetGroups(groups_, now_ms_);
  return status.ok() ? "ok" : Error(status);
}

absl::Status RuleScript::Start() {
  VIGIL_ASSIGN_OR_RETURN(engine_, RuleEngine::Create(options_, {.engine = &query_engine_,
                                                                .source = &metrics_,
                                                                .output = &metrics_,
                                                                .state = &store_,
                                                                .sink = &sink_}));
  return engine_->SetGroups(groups_, now_ms_);
}

std::string RuleScript::Restart(const TextCase& text_case) {
  now_ms_ += ParseDurationMs(text_case.Arg("down", "0")).value_or(0);
  engine_.reset();
  const absl::Status status = Start();
  return status.ok() ? "ok" : Error(status);
}

std::string RuleScript::Load(const TextCase& text_case) {
  const int64_t step_ms = DurationArg(text_case, 0);
  const int64_t from_ms = ParseDurationMs(text_case.Arg("from", "0")).value_or(0);
  std::vector<storage::LabeledSample> samples;
  for (const std::string_view line : Split(text_case.input, '\n')) {
    const absl::StatusOr<promql::SeriesLine> series = promql::ParseSeriesLine(line);
    if (!series.ok()) return Error(series.status());
    for (size_t i = 0; i < series->values.size(); ++i) {
      if (!series->values[i].has_value()) continue;
      storage::LabeledSample sample;
      sample.labels = series->labels;
      sample.time_ms = zero_ms_ + from_ms + static_cast<int64_t>(i) * step_ms;
      if (const double* const number = std::get_if<double>(&*series->values[i])) {
        sample.value = *number;
      } else {
        sample.histogram = std::get<1>(*series->values[i]);
      }
      samples.push_back(std::move(sample));
    }
  }
  const auto result = metrics_.Append(samples, {});
  if (!result.ok()) return Error(result.status());
  return result->rejected == 0 ? "ok" : result->rejection_reason;
}

void RuleScript::RunOnce(int64_t time_ms, std::string* log) {
  engine_->RunDue(time_ms);
  std::map<std::string, AlertState> states;
  for (const GroupStatus& group : engine_->Status()) {
    for (const RuleStatus& rule : group.rules) {
      for (const ActiveAlert& alert : rule.alerts) {
        states[alert.labels.ToString()] = alert.state;
      }
    }
  }
  const auto report = [&](const std::string& labels, AlertState before, AlertState after) {
    if (before == after) return;
    *log += fmt::format("{}: {} {} -> {}\n", Time(time_ms), labels, AlertStateName(before),
                        AlertStateName(after));
  };
  for (const auto& [labels, state] : states_) {
    if (!states.contains(labels)) report(labels, state, AlertState::kInactive);
  }
  for (const auto& [labels, state] : states) report(labels, states_[labels], state);
  states_ = std::move(states);
}

std::string RuleScript::Advance(int64_t duration_ms) {
  const int64_t end_ms = now_ms_ + duration_ms;
  std::string log;
  // Nothing is due before now, so this only asks when something is.
  int64_t due_ms = engine_->RunDue(zero_ms_ - 1);
  while (due_ms <= end_ms) {
    now_ms_ = std::max(now_ms_, due_ms);
    RunOnce(now_ms_, &log);
    due_ms = engine_->RunDue(zero_ms_ - 1);
  }
  now_ms_ = end_ms;
  return log;
}

std::string RuleScript::Jump(int64_t duration_ms) {
  now_ms_ += duration_ms;
  std::string log;
  RunOnce(now_ms_, &log);
  return log;
}

std::string RuleScript::Alerts() const {
  std::string text;
  for (const GroupStatus& group : engine_->Status()) {
    for (const RuleStatus& rule : group.rules) {
      for (const ActiveAlert& alert : rule.alerts) {
        text += fmt::format("{} {} value={} active={} fired={} keep={}{}{}\n",
                            AlertStateName(alert.state), alert.labels.ToString(),
                            FormatValue(alert.value), Time(alert.active_at_ms),
                            Time(alert.fired_at_ms), Time(alert.keep_firing_since_ms),
                            Describe(alert.annotations), Reason(AlertReasonName(alert.reason)));
      }
    }
  }
  return text.empty() ? "none" : text;
}

std::string RuleScript::DescribeInputs(const InputStatus& inputs) const {
  if (inputs.state == InputState::kUnknown) return "";
  return fmt::format(", inputs {} since {}{}{}", InputStateName(inputs.state),
                     Time(inputs.since_ms), inputs.missing.empty() ? "" : " without ",
                     fmt::join(inputs.missing, ", "));
}

std::string RuleScript::Groups() const {
  std::string text;
  for (const GroupStatus& group : engine_->Status()) {
    text += fmt::format("{} every {}, last {}, missed {}\n", group.name,
                        FormatDurationMs(group.interval_ms), Time(group.last_evaluation_ms),
                        group.iterations_missed);
    for (const RuleStatus& rule : group.rules) {
      text += fmt::format("  {} {} last {}{}{}\n", rule.rule.name(), HealthName(rule.health),
                          Time(rule.last_evaluation_ms),
                          rule.last_error.empty() ? "" : ": " + rule.last_error,
                          DescribeInputs(rule.inputs));
    }
  }
  return text.empty() ? "none" : text;
}

std::string RuleScript::Sent(const std::string& detail) {
  const std::vector<Alert> alerts = sink_.Take();
  if (detail == "count") return fmt::to_string(alerts.size());
  std::string text;
  for (const Alert& alert : alerts) {
    text +=
        fmt::format("{} starts={} ends={}{}{}{}\n", alert.labels.ToString(),
                    Time(alert.starts_at_ms), Time(alert.ends_at_ms), Describe(alert.annotations),
                    Reason(alert.reason), detail == "urls" ? " " + alert.generator_url : "");
  }
  return text.empty() ? "nothing" : text;
}

// Samples [begin, end), which have the same value.
std::string RuleScript::DescribeRun(const storage::SampleColumns& columns, size_t begin, size_t end,
                                    std::string_view value) const {
  const std::string first = Time(columns.times_ms[begin]);
  if (end - begin == 1) return fmt::format(" {}={}", first, value);
  return fmt::format(" {}..{}={} ({})", first, Time(columns.times_ms[end - 1]), value, end - begin);
}

std::string RuleScript::Samples(const std::string& name) {
  std::string text;
  const int64_t shown_until_ms = std::exchange(samples_shown_until_ms_[name], now_ms_);
  // What was loaded for later is not there yet.
  const auto is_new = [&](int64_t time_ms) {
    return time_ms > shown_until_ms && time_ms <= now_ms_;
  };
  for (const auto& [labels, columns] : metrics_.Dump(name)) {
    std::string line;
    for (size_t i = 0; i < columns.times_ms.size();) {
      const std::string value = Value(columns.values[i]);
      const size_t begin = i;
      while (i < columns.times_ms.size() && is_new(columns.times_ms[i]) &&
             Value(columns.values[i]) == value) {
        ++i;
      }
      if (i > begin) line += DescribeRun(columns, begin, i, value);
      if (i == begin) ++i;
    }
    for (size_t i = 0; i < columns.histogram_times_ms.size(); ++i) {
      if (!is_new(columns.histogram_times_ms[i])) continue;
      line += fmt::format(" {}=histogram of {}", Time(columns.histogram_times_ms[i]),
                          columns.histograms[i]->count);
    }
    if (!line.empty()) text += fmt::format("{}{}\n", labels.ToString(), line);
  }
  return text.empty() ? "none" : text;
}

std::string RuleScript::Query(const std::string& expr) {
  const auto result = query_engine_.Instant(metrics_, expr, now_ms_);
  if (!result.ok()) return Error(result.status());
  const auto* const vector = std::get_if<exec::VectorResult>(&result->value);
  if (vector == nullptr) return "no vector";
  std::string text;
  for (const exec::VectorElement& element : *vector) {
    text += fmt::format("{} {}\n", element.labels.ToString(), FormatValue(element.value));
  }
  return text.empty() ? "none" : text;
}

std::string RuleScript::Rows() {
  std::string text;
  const absl::Status read = storage::ForEach(store_, storage::Family::kState, {"", ""},
                                             [&text](std::string_view key, std::string_view) {
                                               text += fmt::format("{}\n", key);
                                               return absl::OkStatus();
                                             });
  if (!read.ok()) return Error(read);
  return text.empty() ? "none" : text;
}

}  // namespace vigil::alerting
