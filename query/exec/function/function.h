// SPDX-License-Identifier: Apache-2.0
//
// Functions: one handler per family, found by the function's id.
#pragma once

#include <absl/status/statusor.h>

#include "query/exec/evaluator.h"
#include "query/exec/series_source.h"
#include "query/promql/functions.h"

namespace vigil::exec {

absl::StatusOr<Value> CallFunction(Evaluator& evaluator, const promql::Call& call);

// function_range.cc: those that take a range vector, but for absent_over_time.
absl::StatusOr<Value> CallRange(Evaluator& evaluator, const promql::Call& call);
bool IsRangeCall(const promql::Call& call);
// The series that CallRange gives, to be made one by one. Borrows `call`.
absl::StatusOr<std::unique_ptr<SeriesSource>> RangeCallSeries(Evaluator& evaluator,
                                                              const promql::Call& call);
// function_absent.cc: absent, absent_over_time.
absl::StatusOr<Value> CallAbsent(Evaluator& evaluator, const promql::Call& call);
// function_math.cc: those that change each float by itself.
absl::StatusOr<Value> CallMath(Evaluator& evaluator, const promql::Call& call);
// function_scalar.cc: those around scalars and the query's window.
absl::StatusOr<Value> CallScalar(Evaluator& evaluator, const promql::Call& call);
// function_time.cc: timestamp and the parts of dates.
absl::StatusOr<Value> CallTimestamp(Evaluator& evaluator, const promql::Call& call);
absl::StatusOr<Value> CallDate(Evaluator& evaluator, const promql::Call& call);
// function_label.cc: label_replace, label_join.
absl::StatusOr<Value> CallLabel(Evaluator& evaluator, const promql::Call& call);
// function_info.cc.
absl::StatusOr<Value> CallInfo(Evaluator& evaluator, const promql::Call& call);
// function_sort.cc.
absl::StatusOr<Value> CallSort(Evaluator& evaluator, const promql::Call& call);
// function_histogram.cc: statistics of native histograms.
absl::StatusOr<Value> CallHistogram(Evaluator& evaluator, const promql::Call& call);
// function_quantile.cc: quantiles and fractions of classic and native histograms.
absl::StatusOr<Value> CallHistogramQuantile(Evaluator& evaluator, const promql::Call& call);

// Where annotations say that an argument is: inside of its parentheses, but not if it is constant
// and the call is not. As Prometheus has it.
promql::Span ArgumentSpan(Evaluator& evaluator, const promql::Call& call, const promql::Expr& arg);

// NaN-propagating minimum and maximum: an infinity beyond all else beats even NaN.
double MinOf(double a, double b);
double MaxOf(double a, double b);

}  // namespace vigil::exec
