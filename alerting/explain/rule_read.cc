// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/rule_read.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "alerting/evidence.h"
#include "alerting/rules/levels.h"
#include "base/clock.h"
#include "base/status.h"
#include "query/promql/operation.h"
#include "query/promql/parser.h"

namespace vigil::alerting {
namespace {

using promql::As;
using promql::BinaryOp;
using promql::Expr;

constexpr std::string_view kAlertName = "alertname";
// People wait for it.
constexpr int64_t kTimeoutMs = 20 * kMillisPerSecond;

// Of an expression that has a threshold: what is held against it.
const Expr& MeasuredSide(const Expr& expr) {
  const auto& binary = As<promql::Binary>(promql::Unwrap(expr));
  if (binary.op == BinaryOp::kAnd || binary.op == BinaryOp::kUnless) {
    return MeasuredSide(*binary.lhs);
  }
  const bool number_is_right =
      binary.rhs->type == promql::ValueType::kScalar && promql::ConstantOf(*binary.rhs).has_value();
  return number_is_right ? *binary.lhs : *binary.rhs;
}

// Whether the more, or the less, is nearer to passing.
bool WantsMore(BinaryOp op) { return op != BinaryOp::kLess && op != BinaryOp::kLessOrEqual; }

// The series that the selectors found.
int64_t SeriesOf(const exec::Plan& plan) {
  size_t series = 0;
  for (size_t i = 0; i < plan.size(); ++i) {
    const bool is_leaf = i + 1 == plan.size() || plan[i + 1].depth <= plan[i].depth;
    if (is_leaf) series += plan[i].series;
  }
  return static_cast<int64_t>(series);
}

class Reader {
 public:
  Reader(const exec::Engine& engine, storage::MetricSource& source, const RuleReading& reading)
      : engine_(engine),
        source_(source),
        reading_(reading),
        query_(reading.rule.extensions.ratio.has_value() ? RatioExpr(*reading.rule.extensions.ratio)
                                                         : reading.rule.expr),
        data_(OfData(reading.labels)) {}

  ReadFacts Read() const {
    ReadFacts facts;
    facts.time_ms = reading_.time_ms;
    const absl::Status status = ReadInto(&facts);
    if (!status.ok()) facts.error = MessageOf(status);
    return facts;
  }

 private:
  absl::Status ReadInto(ReadFacts* facts) const {
    VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr,
                           promql::ParseExpr(query_, engine_.options().language));
    VIGIL_ASSIGN_OR_RETURN(const exec::QueryResult whole, Run(*expr));
    facts->samples = whole.statistics.samples_read;
    facts->series = facts->samples == 0 ? 0 : SeriesOf(whole.statistics.plan);
    std::vector<double> values = ValuesOf(whole);
    if (levels() != nullptr) {
      HoldAgainstLevel(values, facts);
      return absl::OkStatus();
    }
    facts->holds = !values.empty();
    const std::optional<Threshold> threshold = ThresholdOf(*expr);
    if (threshold.has_value()) {
      facts->op = promql::BinaryOpText(threshold->op);
      facts->threshold = threshold->value;
      if (!facts->holds) {
        VIGIL_ASSIGN_OR_RETURN(const exec::QueryResult side, Run(MeasuredSide(*expr)));
        values = ValuesOf(side);
      }
    }
    if (values.empty()) return absl::OkStatus();
    facts->values = values.size();
    const bool more = !threshold.has_value() || WantsMore(threshold->op);
    facts->value = more ? *std::max_element(values.begin(), values.end())
                        : *std::min_element(values.begin(), values.end());
    facts->passes = threshold.has_value() && threshold->IsPassedBy(*facts->value);
    return absl::OkStatus();
  }

  const Levels* levels() const {
    const std::optional<Levels>& levels = reading_.rule.extensions.levels;
    return levels.has_value() ? &*levels : nullptr;
  }

  // Of a rule with levels the expression gives the bare value. The level is the alert's, or the
  // mildest.
  void HoldAgainstLevel(const std::vector<double>& values, ReadFacts* facts) const {
    const Level* level = &levels()->levels.front();
    for (const Level& one : levels()->levels) {
      if (one.name == reading_.labels.Get(levels()->label)) level = &one;
    }
    const ThresholdOp op = levels()->op;
    facts->op = ThresholdOpText(op);
    facts->threshold = level->at;
    facts->values = values.size();
    if (values.empty()) return;
    const bool more = op == ThresholdOp::kGreater || op == ThresholdOp::kGreaterOrEqual;
    facts->value = more ? *std::max_element(values.begin(), values.end())
                        : *std::min_element(values.begin(), values.end());
    facts->passes = IsBeyond(op, *facts->value, level->at);
    // Of a ratio that is not enough: its interval must lie beyond.
    facts->is_ratio = reading_.rule.extensions.ratio.has_value();
    facts->holds = facts->passes && !facts->is_ratio;
  }

  absl::StatusOr<exec::QueryResult> Run(const Expr& expr) const {
    return engine_.InstantExpr(source_, expr, query_, reading_.time_ms,
                               {.timeout_ms = kTimeoutMs,
                                .cancelled = reading_.cancelled,
                                .count_samples = true,
                                .explain = true});
  }

  // The values of the elements that make the alert, or would.
  std::vector<double> ValuesOf(const exec::QueryResult& result) const {
    if (const auto* scalar = std::get_if<exec::ScalarResult>(&result.value)) return {scalar->value};
    std::vector<double> values;
    const auto* elements = std::get_if<exec::VectorResult>(&result.value);
    if (elements == nullptr) return values;
    for (const exec::VectorElement& element : *elements) {
      const bool counts = element.histogram == nullptr && IsOfAlert(element.labels);
      if (counts) values.push_back(element.value);
    }
    return values;
  }

  bool IsOfAlert(const storage::Labels& element) const {
    const storage::Labels others = OfData(element);
    if (reading_.labels_are_all) return data_ == others;
    return std::all_of(data_.begin(), data_.end(), [&others](const storage::LabelView& label) {
      return others.Get(label.name) == label.value;
    });
  }

  // Without labels that the rule gives, which say nothing of the data.
  storage::Labels OfData(const storage::Labels& labels) const {
    std::vector<std::string> names = {std::string(kAlertName)};
    for (const auto& [name, value] : reading_.rule.labels) names.push_back(name);
    if (levels() != nullptr) names.push_back(levels()->label);
    return labels.Without(names);
  }

  const exec::Engine& engine_;
  storage::MetricSource& source_;
  const RuleReading& reading_;
  const std::string query_;  // Without thresholds that are levels.
  const storage::Labels data_;
};

}  // namespace

ReadFacts ReadRule(const exec::Engine& engine, storage::MetricSource& source,
                   const RuleReading& reading) {
  return Reader(engine, source, reading).Read();
}

}  // namespace vigil::alerting
