// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/ratio_measure.h"

#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "query/promql/parser.h"

namespace vigil::alerting {
namespace {

using Counts = std::map<storage::Labels, double>;

absl::StatusOr<Counts> RunCounts(const RuleEvaluation& evaluation, const promql::Expr& expr,
                                 const std::string& text) {
  VIGIL_ASSIGN_OR_RETURN(exec::QueryResult result,
                         evaluation.runner.Run(expr, text, evaluation.data_time_ms()));
  VIGIL_ASSIGN_OR_RETURN(const exec::VectorResult elements, ToVector(std::move(result)));
  Counts counts;
  for (const exec::VectorElement& element : elements) {
    if (element.histogram != nullptr) continue;
    const storage::Labels labels = element.labels.Without({});
    if (counts.emplace(labels, element.value).second) continue;
    return absl::FailedPreconditionError(
        fmt::format("ratio: {} is there twice but for the metric name", labels.ToString()));
  }
  return counts;
}

bool IsGreater(ThresholdOp op) {
  return op == ThresholdOp::kGreater || op == ThresholdOp::kGreaterOrEqual;
}

}  // namespace

absl::StatusOr<RatioMeasure> RatioMeasure::Create(const Ratio& ratio, ThresholdOp op) {
  RatioMeasure measure;
  measure.ratio_ = ratio;
  measure.op_ = op;
  measure.z_ = TwoSidedQuantile(ratio.confidence);
  VIGIL_ASSIGN_OR_RETURN_WITH(measure.errors_, promql::ParseExpr(ratio.errors), "errors");
  VIGIL_ASSIGN_OR_RETURN_WITH(measure.total_, promql::ParseExpr(ratio.total), "total");
  return measure;
}

absl::StatusOr<std::vector<Measurement>> RatioMeasure::Run(const RuleEvaluation& evaluation) const {
  VIGIL_ASSIGN_OR_RETURN(const Counts errors, RunCounts(evaluation, *errors_, ratio_.errors));
  VIGIL_ASSIGN_OR_RETURN(const Counts totals, RunCounts(evaluation, *total_, ratio_.total));
  std::vector<Measurement> measurements;
  for (const auto& [labels, total] : totals) {
    if (!(total > 0)) continue;
    const auto bad = errors.find(labels);
    measurements.push_back(Measure(labels, bad == errors.end() ? 0 : bad->second, total));
  }
  return measurements;
}

Measurement RatioMeasure::Measure(const storage::Labels& labels, double errors,
                                  double total) const {
  Measurement measurement;
  measurement.labels = labels;
  measurement.value = errors / total;
  measurement.events = total;
  measurement.interval = WilsonInterval(errors, total, z_);
  measurement.entering_value = total < ratio_.min_events ? std::numeric_limits<double>::quiet_NaN()
                               : IsGreater(op_)          ? measurement.interval.lower
                                                         : measurement.interval.upper;
  return measurement;
}

}  // namespace vigil::alerting
