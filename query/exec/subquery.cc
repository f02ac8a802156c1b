// SPDX-License-Identifier: Apache-2.0
#include "query/exec/subquery.h"

#include <utility>

#include "base/status.h"
#include "query/exec/duration_value.h"

namespace vigil::exec {
namespace {

using storage::CounterResetHint;
using storage::SampleColumns;

// What a reset hint says is about the sample stored just before, which the grid may skip.
HistogramPtr WithoutResetHint(const HistogramPtr& histogram) {
  if (histogram->reset_hint != CounterResetHint::kReset &&
      histogram->reset_hint != CounterResetHint::kNotReset) {
    return histogram;
  }
  auto copy = std::make_shared<storage::Histogram>(*histogram);
  copy->reset_hint = CounterResetHint::kUnknown;
  return copy;
}

class SubqueryRange final : public RangeVector {
 public:
  SubqueryRange(const LookupTimes& times, int64_t range_ms, const StepGrid& inner,
                VectorValue points)
      : RangeVector(times, range_ms), inner_(inner), points_(std::move(points)) {}

  size_t size() const override { return points_.series.size(); }
  const storage::Labels& labels(size_t series) const override {
    return points_.series[series].labels;
  }
  bool DropsName(size_t series) const override { return points_.series[series].drops_name; }
  absl::Status Read(size_t series, RangeBuffer* buffer) const override {
    SampleColumns& samples = buffer->samples;
    samples.Clear();
    const Column& column = points_.series[series].column;
    for (size_t step = 0; step < column.size(); ++step) {
      if (column.HasFloat(step)) {
        samples.times_ms.push_back(inner_.At(step));
        samples.values.push_back(column.value(step));
      } else if (column.HasHistogram(step)) {
        samples.histogram_times_ms.push_back(inner_.At(step));
        samples.histograms.push_back(WithoutResetHint(column.histogram(step)));
      }
    }
    return absl::OkStatus();
  }

 private:
  const StepGrid inner_;
  const VectorValue points_;
};

// The multiple of `step_ms` just below or at `time_ms`.
int64_t FloorTo(int64_t time_ms, int64_t step_ms) {
  int64_t rest = time_ms % step_ms;
  if (rest < 0) rest += step_ms;
  return SaturatingSub(time_ms, rest);
}

// The multiples of `step_ms` in (after_ms, last_ms].
StepGrid MultiplesBetween(int64_t after_ms, int64_t last_ms, int64_t step_ms) {
  StepGrid grid{FloorTo(after_ms, step_ms), step_ms, 0};
  if (grid.start_ms <= after_ms) grid.start_ms = SaturatingAdd(grid.start_ms, step_ms);
  if (grid.start_ms <= last_ms) {
    grid.count = static_cast<size_t>(SaturatingSub(last_ms, grid.start_ms) / step_ms) + 1;
  }
  return grid;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RangeVector>> EvaluateSubquery(Evaluator& evaluator,
                                                              const promql::Subquery& subquery) {
  QueryContext& context = evaluator.context();
  VIGIL_ASSIGN_OR_RETURN(const LookupTimes times,
                         ResolveShift(context, evaluator.grid(), subquery.shift));
  VIGIL_ASSIGN_OR_RETURN(
      const int64_t range_ms,
      DurationMs(context, subquery.range_ms, subquery.range_expr.get(), DurationSign::kPositive));
  VIGIL_ASSIGN_OR_RETURN(
      int64_t step_ms,
      DurationMs(context, subquery.step_ms, subquery.step_expr.get(), DurationSign::kStep));
  if (step_ms == 0) step_ms = context.options.default_subquery_step_ms;
  const StepGrid inner =
      MultiplesBetween(SaturatingSub(times.First(), range_ms), times.Last(), step_ms);
  if (inner.count == 0) {
    return std::make_unique<SubqueryRange>(times, range_ms, inner, evaluator.NewVector());
  }
  {  // Refused before any column of that length is made.
    Reservation probe(context.limits);
    VIGIL_RETURN_IF_ERROR(probe.Add(static_cast<int64_t>(inner.count)));
  }
  Evaluator inner_evaluator(context, inner);
  VIGIL_ASSIGN_OR_RETURN(VectorValue points, inner_evaluator.Vector(*subquery.expr));
  return std::make_unique<SubqueryRange>(times, range_ms, inner, std::move(points));
}

}  // namespace vigil::exec
