// SPDX-License-Identifier: Apache-2.0
#include "query/exec/engine.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "query/exec/constancy.h"
#include "query/exec/evaluator.h"
#include "query/exec/shared_values.h"
#include "query/exec/statistics.h"
#include "query/promql/parser.h"

namespace vigil::exec {
namespace {

using promql::Expr;
using promql::ValueType;

// 11000 -> "11,000".
std::string WithSeparators(int64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

int64_t OrDefault(int64_t wanted, int64_t fallback) { return wanted > 0 ? wanted : fallback; }

QueryContext MakeContext(const EngineOptions& options, ThreadPool* helpers,
                         storage::MetricQuerier& querier, const Expr& expr, std::string_view text,
                         const QueryWindow& window, const QueryControl& control) {
  const int64_t timeout_ms =
      std::min(OrDefault(control.timeout_ms, options.timeout_ms), options.timeout_ms);
  return QueryContext{querier,
                      options,
                      helpers,
                      text,
                      window,
                      OrDefault(control.lookback_ms, options.lookback_ms),
                      FindConstantNodes(expr),
                      QueryLimits(options.max_samples, timeout_ms, control.cancelled),
                      Annotations(text)};
}

// The first step of each series.
VectorResult ToVector(const VectorValue& vector, int64_t time_ms) {
  VectorResult result;
  result.reserve(vector.series.size());
  for (const Series& series : vector.series) {
    if (!series.column.Has(0)) continue;
    const Point point = series.column.At(0);
    result.push_back({series.labels, time_ms, point.value, point.histogram});
  }
  return result;
}

storage::SampleColumns ToSamples(const Column& column, const StepGrid& grid) {
  storage::SampleColumns samples;
  size_t floats = 0;
  for (size_t step = 0; step < column.size(); ++step) floats += column.HasFloat(step) ? 1 : 0;
  samples.times_ms.reserve(floats);
  samples.values.reserve(floats);
  for (size_t step = 0; step < column.size(); ++step) {
    if (column.HasFloat(step)) {
      samples.times_ms.push_back(grid.At(step));
      samples.values.push_back(column.value(step));
    } else if (column.HasHistogram(step)) {
      samples.histogram_times_ms.push_back(grid.At(step));
      samples.histograms.push_back(column.histogram(step));
    }
  }
  return samples;
}

// Returns how long it took.
int64_t SortByLabels(MatrixResult* matrix) {
  const int64_t begin_ns = MonotonicNs();
  std::sort(matrix->begin(), matrix->end(),
            [](const SeriesResult& a, const SeriesResult& b) { return a.labels < b.labels; });
  return MonotonicNs() - begin_ns;
}

MatrixResult ToMatrix(VectorValue vector, const StepGrid& grid, QueryStatistics* statistics) {
  MatrixResult result;
  result.reserve(vector.series.size());
  for (Series& series : vector.series) {
    result.push_back({std::move(series.labels), ToSamples(series.column, grid)});
    series.column = Column();
  }
  statistics->sorting_ns = SortByLabels(&result);
  return result;
}

storage::SampleColumns Cut(const RangeWindow& window) {
  storage::SampleColumns samples;
  samples.times_ms.assign(window.Times().begin(), window.Times().end());
  samples.values.assign(window.Floats().begin(), window.Floats().end());
  samples.histogram_times_ms.assign(window.HistogramTimes().begin(), window.HistogramTimes().end());
  samples.histograms.assign(window.Histograms().begin(), window.Histograms().end());
  return samples;
}

// The samples of a range vector at the only step.
absl::StatusOr<MatrixResult> RunRangeVector(Evaluator& evaluator, const Expr& expr,
                                            QueryStatistics* statistics) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<RangeVector> range, evaluator.Range(expr));
  MatrixResult result;
  Reservation held(evaluator.context().limits);
  RangeBuffer buffer;
  for (size_t series = 0; series < range->size(); ++series) {
    VIGIL_RETURN_IF_ERROR(range->Read(series, &buffer));
    if (evaluator.counts() != nullptr) evaluator.counts()->AddWindows(*range, buffer.samples);
    WindowCursor cursor(*range, buffer.samples);
    const RangeWindow& window = cursor.MoveTo(0);
    if (window.Count() == 0) continue;
    VIGIL_RETURN_IF_ERROR(held.Add(static_cast<int64_t>(window.Count())));
    const storage::Labels& labels = range->labels(series);
    result.push_back({range->DropsName(series) ? labels.WithoutMetadata() : labels, Cut(window)});
  }
  statistics->sorting_ns = SortByLabels(&result);
  const auto same = std::adjacent_find(
      result.begin(), result.end(),
      [](const SeriesResult& a, const SeriesResult& b) { return a.labels == b.labels; });
  if (same != result.end()) {
    return absl::FailedPreconditionError("vector cannot contain metrics with the same labelset");
  }
  return result;
}

using AnyResult = std::variant<ScalarResult, StringResult, VectorResult, MatrixResult>;

absl::StatusOr<AnyResult> RunInstant(Evaluator& evaluator, const Expr& expr, int64_t time_ms,
                                     QueryStatistics* statistics) {
  if (expr.type == ValueType::kMatrix) return RunRangeVector(evaluator, expr, statistics);
  VIGIL_ASSIGN_OR_RETURN(Value value, evaluator.Evaluate(expr));
  if (const auto* scalar = std::get_if<ScalarValue>(&value)) {
    return ScalarResult{time_ms, scalar->values[0]};
  }
  if (auto* vector = std::get_if<VectorValue>(&value)) {
    if (evaluator.DelaysNames()) VIGIL_RETURN_IF_ERROR(DropMarkedNames(vector));
    return ToVector(*vector, time_ms);
  }
  return StringResult{time_ms, std::get<std::string>(std::move(value))};
}

absl::StatusOr<AnyResult> RunRange(Evaluator& evaluator, const Expr& expr,
                                   QueryStatistics* statistics) {
  VIGIL_ASSIGN_OR_RETURN(Value value, evaluator.Evaluate(expr));
  if (auto* vector = std::get_if<VectorValue>(&value)) {
    if (evaluator.DelaysNames()) VIGIL_RETURN_IF_ERROR(DropMarkedNames(vector));
    return ToMatrix(std::move(*vector), evaluator.grid(), statistics);
  }
  const auto& scalar = std::get<ScalarValue>(value);
  Column column(scalar.values.size());
  for (size_t step = 0; step < column.size(); ++step) column.SetFloat(step, scalar.values[step]);
  return MatrixResult{{storage::Labels(), ToSamples(column, evaluator.grid())}};
}

absl::Status CheckRange(const EngineOptions& options, int64_t start_ms, int64_t end_ms,
                        int64_t step_ms) {
  if (step_ms <= 0) {
    return absl::InvalidArgumentError(
        "zero or negative query resolution step widths are not accepted. Try a positive integer");
  }
  if (end_ms < start_ms) {
    return absl::InvalidArgumentError("end timestamp must not be before start time");
  }
  if (SaturatingSub(end_ms, start_ms) / step_ms > options.max_points) {
    return absl::InvalidArgumentError(
        fmt::format("exceeded maximum resolution of {} points per timeseries. Try decreasing the "
                    "query resolution (?step=XX)",
                    WithSeparators(options.max_points)));
  }
  return absl::OkStatus();
}

// One evaluation: what it is counted and timed with.
class Run {
 public:
  Run(QueryContext& context, const StepGrid& grid, const QueryControl& control, int64_t begin_ns)
      : context_(context), begin_ns_(begin_ns), grid_(grid) {
    if (control.count_samples) counts_.emplace(grid.count);
    if (control.explain) context.plan = &plan_.emplace(context.text);
    statistics_.preparation_ns = MonotonicNs() - begin_ns;
  }

  Evaluator NewEvaluator() { return {context_, grid_, counts_.has_value() ? &*counts_ : nullptr}; }
  QueryStatistics* statistics() { return &statistics_; }

  QueryResult Finish(AnyResult value) {
    // Series are found on the way.
    statistics_.preparation_ns += context_.selection_ns.load();
    statistics_.evaluation_ns =
        MonotonicNs() - begin_ns_ - statistics_.preparation_ns - statistics_.sorting_ns;
    statistics_.peak_samples = context_.limits.peak();
    statistics_.samples_read = context_.samples_read.load();
    statistics_.read = context_.querier.Statistics();
    if (plan_.has_value()) statistics_.plan = plan_->Take();
    for (size_t step = 0; counts_.has_value() && step < counts_->steps(); ++step) {
      statistics_.step_times_ms.push_back(grid_.At(step));
      statistics_.step_samples.push_back(counts_->at(step));
    }
    return {std::move(value), context_.annotations.TakeWarnings(), context_.annotations.TakeInfos(),
            std::move(statistics_)};
  }

 private:
  QueryContext& context_;
  const int64_t begin_ns_;
  const StepGrid grid_;
  std::optional<SampleCounts> counts_;
  std::optional<PlanRecorder> plan_;
  QueryStatistics statistics_;
};

}  // namespace

std::unique_ptr<storage::MetricQuerier> Engine::NewQuerier(storage::MetricSource& source) const {
  std::unique_ptr<storage::MetricQuerier> querier = source.NewQuerier();
  querier->LimitSelection(static_cast<size_t>(options_.max_samples) * kBytesPerSample /
                          kLabelCopies);
  return querier;
}

absl::StatusOr<QueryResult> Engine::Instant(storage::MetricSource& source, std::string_view query,
                                            int64_t time_ms, const QueryControl& control) const {
  VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr, promql::ParseExpr(query, options_.language));
  return InstantExpr(source, *expr, query, time_ms, control);
}

absl::StatusOr<QueryResult> Engine::InstantExpr(storage::MetricSource& source, const Expr& expr,
                                                std::string_view text, int64_t time_ms,
                                                const QueryControl& control) const {
  const std::unique_ptr<storage::MetricQuerier> querier = NewQuerier(source);
  return InstantOn(*querier, nullptr, expr, text, time_ms, control);
}

absl::StatusOr<QueryResult> Engine::InstantOn(storage::MetricQuerier& querier, SharedValues* shared,
                                              const Expr& expr, std::string_view text,
                                              int64_t time_ms, const QueryControl& control) const {
  const int64_t begin_ns = MonotonicNs();
  QueryContext context =
      MakeContext(options_, helpers_, querier, expr, text, {time_ms, time_ms, 0}, control);
  context.shared = shared;
  if (shared != nullptr) context.kept = shared->kept();
  Run run(context, {time_ms, 1, 1}, control, begin_ns);
  Evaluator evaluator = run.NewEvaluator();
  VIGIL_ASSIGN_OR_RETURN(AnyResult value, RunInstant(evaluator, expr, time_ms, run.statistics()));
  return run.Finish(std::move(value));
}

absl::StatusOr<QueryResult> Engine::Range(storage::MetricSource& source, std::string_view query,
                                          int64_t start_ms, int64_t end_ms, int64_t step_ms,
                                          const QueryControl& control) const {
  // What is wrong with the range is told first.
  VIGIL_RETURN_IF_ERROR(CheckRange(options_, start_ms, end_ms, step_ms));
  VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr, promql::ParseExpr(query, options_.language));
  return RangeExpr(source, *expr, query, start_ms, end_ms, step_ms, control);
}

absl::StatusOr<QueryResult> Engine::RangeExpr(storage::MetricSource& source, const Expr& expr,
                                              std::string_view text, int64_t start_ms,
                                              int64_t end_ms, int64_t step_ms,
                                              const QueryControl& control) const {
  const int64_t begin_ns = MonotonicNs();
  VIGIL_RETURN_IF_ERROR(CheckRange(options_, start_ms, end_ms, step_ms));
  if (expr.type != ValueType::kScalar && expr.type != ValueType::kVector) {
    return absl::InvalidArgumentError(
        fmt::format("invalid expression type \"{}\" for range query, must be Scalar or instant "
                    "Vector",
                    promql::ValueTypeName(expr.type)));
  }
  const std::unique_ptr<storage::MetricQuerier> querier = NewQuerier(source);
  QueryContext context =
      MakeContext(options_, helpers_, *querier, expr, text, {start_ms, end_ms, step_ms}, control);
  const auto count = static_cast<size_t>(SaturatingSub(end_ms, start_ms) / step_ms) + 1;
  Run run(context, {start_ms, step_ms, count}, control, begin_ns);
  Evaluator evaluator = run.NewEvaluator();
  VIGIL_ASSIGN_OR_RETURN(AnyResult value, RunRange(evaluator, expr, run.statistics()));
  return run.Finish(std::move(value));
}

}  // namespace vigil::exec
