// SPDX-License-Identifier: Apache-2.0
//
// Statistics of native histograms. Floats are dropped.
#include <cmath>
#include <utility>

#include "base/status.h"
#include "query/exec/function/function.h"
#include "query/exec/histogram/histogram_statistics.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

double Statistic(FunctionId id, const storage::Histogram& histogram) {
  switch (id) {
    case FunctionId::kHistogramCount:
      return histogram.count;
    case FunctionId::kHistogramSum:
      return histogram.sum;
    case FunctionId::kHistogramAvg:
      return histogram.sum / histogram.count;
    case FunctionId::kHistogramStddev:
      return std::sqrt(HistogramVariance(histogram));
    default:
      return HistogramVariance(histogram);
  }
}

}  // namespace

absl::StatusOr<Value> CallHistogram(Evaluator& evaluator, const promql::Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const VectorValue vector, evaluator.Vector(*call.args[0]));
  VectorValue result = evaluator.NewVector();
  for (const Series& series : vector.series) {
    VIGIL_RETURN_IF_ERROR(evaluator.context().limits.Check());
    Column column = evaluator.NewColumn();
    for (size_t step = 0; step < column.size(); ++step) {
      if (!series.column.HasHistogram(step)) continue;
      column.SetFloat(step, Statistic(call.function->id, *series.column.histogram(step)));
    }
    VIGIL_RETURN_IF_ERROR(result.Add(series.labels, std::move(column)));
  }
  VIGIL_RETURN_IF_ERROR(evaluator.DropNames(&result));
  return result;
}

}  // namespace vigil::exec
