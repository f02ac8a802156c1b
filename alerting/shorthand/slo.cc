// SPDX-License-Identifier: Apache-2.0
#include "alerting/shorthand/slo.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "alerting/shorthand/shorthand_fields.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "query/promql/lexer.h"
#include "query/promql/parser.h"
#include "storage/series/labels.h"

namespace vigil::alerting {
namespace {

constexpr std::string_view kWindowVariable = "$window";
// Each brings recording rules of its own.
constexpr size_t kMaxWindows = 20;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kHourMs = 60 * kMinuteMs;

// An alert fires when the budget burned `burn` times as fast as it may, over both windows: the long
// one says that it matters, the short one that it goes on.
struct BurnWindow {
  int64_t long_ms = 0;
  int64_t short_ms = 0;
  double burn = 0;  // 1: the budget lasts just as long as the period.
  std::string severity;
};

// The share of the budget that may burn within the long window before somebody is told. Over 30
// days these are the well-known factors 14.4, 6, 3 and 1.
struct DefaultWindow {
  int64_t long_ms;
  int64_t short_ms;
  double budget_share;
  const char* severity;
};
constexpr DefaultWindow kDefaultWindows[] = {
    {kHourMs, 5 * kMinuteMs, 0.02, "page"},
    {6 * kHourMs, 30 * kMinuteMs, 0.05, "page"},
    {24 * kHourMs, 2 * kHourMs, 0.10, "ticket"},
    {72 * kHourMs, 6 * kHourMs, 0.10, "ticket"},
};

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

class SloExpander {
 public:
  SloExpander(const YAML::Node& node, const std::string& context, MistakeList* mistakes)
      : mistakes_(*mistakes),
        reader_(node, context,
                {"name", "objective", "period", "errors", "total", "latency", "windows", "labels",
                 "annotations"},
                mistakes) {}

  std::vector<PlainRule> Expand() {
    Read();
    if (!reader_.ok()) return {};
    std::vector<PlainRule> rules;
    AddRatios(&rules);
    AddBudget(&rules);
    AddAlerts(&rules);
    return rules;
  }

 private:
  void Read() {
    if (reader_.Require("name")) reader_.Text("name", &name_);
    if (reader_.Require("objective") && reader_.Number("objective", &objective_) &&
        !(objective_ > 0 && objective_ < 100)) {
      reader_.Mistake("objective", "\"objective\" is a percentage between 0 and 100, such as 99.9");
    }
    ReadPositiveDuration(&reader_, "period", &period_ms_);
    reader_.Texts("labels", &labels_);
    reader_.Texts("annotations", &annotations_);
    ReadIndicator();
    if (reader_.ok()) ReadWindows();
  }

  // What is good and what is bad.
  void ReadIndicator() {
    const bool by_events = reader_.Has("errors") || reader_.Has("total");
    if (by_events == reader_.Has("latency")) {
      reader_.Mistake("latency", "either \"errors\" and \"total\" or \"latency\" must be set");
    } else if (by_events) {
      ReadEvents("errors", &errors_);
      ReadEvents("total", &total_);
      // Without a failure there may be no series of failures.
      ratio_ = fmt::format("(({}) or ({}) * 0) / ({})", errors_, total_, total_);
    } else {
      ReadLatency(reader_.Get("latency"));
    }
  }

  // An expression over "$window".
  void ReadEvents(std::string_view field, std::string* expr) {
    if (!reader_.Require(field) || !reader_.Text(field, expr)) return;
    if (expr->find(kWindowVariable) == std::string::npos) {
      reader_.Mistake(field, fmt::format("\"{}\" must have the range [$window]", field));
      return;
    }
    const auto parsed = promql::ParseExpr(ReplaceAll(*expr, kWindowVariable, "5m"));
    if (!parsed.ok()) {
      reader_.Mistake(field, fmt::format("\"{}\": could not parse expression: {}", field,
                                         MessageOf(parsed.status())));
    } else if ((*parsed)->type != promql::ValueType::kVector) {
      reader_.Mistake(field, fmt::format("\"{}\" must give an instant vector", field));
    }
    // Blocks of YAML end in a newline.
    while (!expr->empty() && expr->back() == '\n') expr->pop_back();
  }

  // Requests that took longer than a bucket's bound are bad.
  void ReadLatency(const YAML::Node& node) {
    FieldReader latency(node, reader_.context() + ", latency",
                        {"histogram", "at_most", "matchers", "by"}, &mistakes_);
    std::string histogram;
    std::string matchers;
    double at_most = 0;
    std::vector<std::string> by;
    if (latency.Require("histogram") && latency.Text("histogram", &histogram) &&
        !promql::IsIdentifier(ReplaceAll(histogram, ":", "_"))) {
      latency.Mistake("histogram", fmt::format("invalid metric name: {}", histogram));
    }
    if (latency.Require("at_most")) ReadPositive(&latency, "at_most", &at_most);
    latency.Text("matchers", &matchers);
    ReadLabelNames(&latency, "by", &by);
    const std::string more = matchers.empty() ? "" : "," + matchers;
    const std::string sum = "sum" + ByClause(by);
    const std::string good = fmt::format("{} (rate({}_bucket{{le=~{}{}}}[{}]))", sum, histogram,
                                         BoundPattern(at_most), more, kWindowVariable);
    const std::string all =
        fmt::format("{} (rate({}_count{}[{}]))", sum, histogram,
                    matchers.empty() ? "" : "{" + matchers + "}", kWindowVariable);
    ratio_ = fmt::format("1 - ({}) / ({})", good, all);
    if (latency.ok() && !promql::ParseExpr(ReplaceAll(ratio_, kWindowVariable, "5m")).ok()) {
      latency.Mistake("matchers", "\"matchers\" must read as in a selector: a=\"b\",c!=\"d\"");
    }
    reader_.Absorb(latency);
  }

  // Exporters write whole bounds as "2" or as "2.0".
  static std::string BoundPattern(double bound) {
    const std::string text = NumberText(bound);
    const std::string escaped = ReplaceAll(text, ".", "\\.");
    const bool whole = text.find_first_of(".e") == std::string::npos;
    return storage::Quote(whole ? fmt::format("{}|{}\\.0", escaped, escaped) : escaped);
  }

  void ReadWindows() {
    if (!reader_.Has("windows")) {
      for (const DefaultWindow& window : kDefaultWindows) {
        const double burn = window.budget_share * static_cast<double>(period_ms_) /
                            static_cast<double>(window.long_ms);
        // What burns more slowly than it may is nothing to tell.
        windows_.push_back({window.long_ms, window.short_ms, std::max(burn, 1.0), window.severity});
      }
    } else if (!reader_.Get("windows").IsSequence() || reader_.Get("windows").size() == 0) {
      reader_.Mistake("windows", "\"windows\" must be a list");
    } else if (reader_.Get("windows").size() > kMaxWindows) {
      reader_.Mistake("windows", fmt::format("more than {} windows", kMaxWindows));
    } else {
      for (const auto& node : reader_.Get("windows")) ReadWindow(node);
    }
    for (const BurnWindow& window : windows_) CheckWindow(window);
  }

  void ReadWindow(const YAML::Node& node) {
    FieldReader one(node, reader_.context() + ", windows", {"long", "short", "burn", "severity"},
                    &mistakes_);
    BurnWindow window;
    for (const std::string_view field : {"long", "short", "burn", "severity"}) one.Require(field);
    ReadPositiveDuration(&one, "long", &window.long_ms);
    ReadPositiveDuration(&one, "short", &window.short_ms);
    ReadPositive(&one, "burn", &window.burn);
    one.Text("severity", &window.severity);
    if (one.ok() && window.short_ms >= window.long_ms) {
      one.Mistake("short", "\"short\" must be less than \"long\"");
    }
    reader_.Absorb(one);
    if (one.ok()) windows_.push_back(std::move(window));
  }

  // What could never fire is a mistake.
  void CheckWindow(const BurnWindow& window) {
    if (window.long_ms > period_ms_) {
      reader_.Mistake("period",
                      fmt::format("the period {} is shorter than the window {}: set "
                                  "\"windows\"",
                                  FormatDurationMs(period_ms_), FormatDurationMs(window.long_ms)));
    } else if (window.burn * Budget() >= 1) {
      reader_.Mistake("objective",
                      fmt::format("with the objective {} % the budget cannot burn {} times as "
                                  "fast as it may: set \"windows\" with smaller factors",
                                  NumberText(objective_), NumberText(window.burn)));
    }
  }

  // The share of events that may be bad.
  double Budget() const { return (100 - objective_) / 100; }

  static std::string RatioName(int64_t window_ms) {
    return fmt::format("slo:error_ratio:rate{}", FormatDurationMs(window_ms));
  }
  std::string RatioSeries(int64_t window_ms) const {
    return RatioName(window_ms) + EqualMatcher("slo", name_);
  }

  PlainRule Recording(std::string record, std::string expr) const {
    PlainRule rule;
    rule.record = std::move(record);
    rule.expr = std::move(expr);
    rule.labels = MergePairs(labels_, {{"slo", name_}});
    return rule;
  }

  void AddRatios(std::vector<PlainRule>* rules) const {
    std::set<int64_t> lengths = {period_ms_};
    for (const BurnWindow& window : windows_) lengths.insert({window.short_ms, window.long_ms});
    for (const int64_t length_ms : lengths) {
      rules->push_back(Recording(RatioName(length_ms),
                                 ReplaceAll(ratio_, kWindowVariable, FormatDurationMs(length_ms))));
    }
  }

  void AddBudget(std::vector<PlainRule>* rules) const {
    rules->push_back(
        Recording("slo:objective:ratio", fmt::format("vector({})", NumberText(objective_ / 100))));
    rules->push_back(
        Recording("slo:error_budget_remaining:ratio",
                  fmt::format("1 - {} / {}", RatioSeries(period_ms_), NumberText(Budget()))));
  }

  void AddAlerts(std::vector<PlainRule>* rules) const {
    std::vector<std::string> severities;
    for (const BurnWindow& window : windows_) {
      if (std::find(severities.begin(), severities.end(), window.severity) == severities.end()) {
        severities.push_back(window.severity);
      }
    }
    for (const std::string& severity : severities) {
      PlainRule rule;
      rule.alert = "SloBurnRate";
      for (const BurnWindow& window : windows_) {
        if (window.severity != severity) continue;
        rule.expr +=
            fmt::format("{}({} and {})", rule.expr.empty() ? "" : "\nor\n",
                        Condition(window.long_ms, window), Condition(window.short_ms, window));
      }
      rule.labels = MergePairs(labels_, {{"slo", name_}, {"severity", severity}});
      rule.annotations = MergePairs(
          {{"summary", "SLO {{ $labels.slo }} burns its error budget too fast"},
           {"description",
            fmt::format("{{{{ $value | humanizePercentage }}}} of events are bad, {} % may be over "
                        "{}.",
                        NumberText(Budget() * 100), FormatDurationMs(period_ms_))}},
          annotations_);
      rules->push_back(std::move(rule));
    }
  }

  std::string Condition(int64_t window_ms, const BurnWindow& window) const {
    return fmt::format("{} > {} * {}", RatioSeries(window_ms), NumberText(window.burn),
                       NumberText(Budget()));
  }

  MistakeList& mistakes_;
  FieldReader reader_;
  std::string name_;
  double objective_ = 0;
  int64_t period_ms_ = 30 * kMillisPerDay;
  std::string errors_;
  std::string total_;
  std::string ratio_;  // Of bad events, over "$window".
  std::vector<BurnWindow> windows_;
  TextPairs labels_;
  TextPairs annotations_;
};

}  // namespace

std::vector<PlainRule> ExpandSlo(const YAML::Node& node, const std::string& context,
                                 MistakeList* mistakes) {
  return SloExpander(node, context, mistakes).Expand();
}

}  // namespace vigil::alerting
