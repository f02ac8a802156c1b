// SPDX-License-Identifier: Apache-2.0
//
// Aggregation operators. The groups are found once per node; each operator family then folds,
// ranks or counts the columns of a group.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "query/exec/evaluator.h"
#include "query/exec/series_source.h"

namespace vigil::exec {

absl::StatusOr<VectorValue> EvaluateAggregate(Evaluator& evaluator,
                                              const promql::Aggregate& aggregate);

struct AggregateGroup {
  storage::Labels labels;
  std::vector<size_t> members;  // Indexes of series.
};

// An operator at work: what its families share.
struct AggregateRun {
  Evaluator& evaluator;
  const promql::Aggregate& aggregate;
  VectorValue input;                   // All series, unless they come one by one.
  std::vector<AggregateGroup> groups;  // In the order of their first members.

  // Without parentheses around it.
  promql::Span param_span() const { return Unwrap(*aggregate.param).span; }
  Annotations& annotations() { return evaluator.annotations(); }
  // Whether a group loses its name in the end: if its first series does.
  bool DropsName(const AggregateGroup& group) const {
    return input.series[group.members.front()].drops_name;
  }
  // Annotates that histograms do not count here.
  void NoteIgnoredHistogram() { NoteIgnoredHistogram(aggregate.expr->span); }
  void NoteIgnoredHistogram(promql::Span where);
};

// aggregate_fold.cc: sum, avg, min, max, count, group, stddev, stdvar.
absl::StatusOr<VectorValue> FoldGroups(AggregateRun& run);
// The same over series that are made meanwhile. Requires: no two of them have the same labels.
absl::StatusOr<VectorValue> FoldSeries(AggregateRun& run, const SeriesSource& source);
// aggregate_values.cc.
absl::StatusOr<VectorValue> QuantileOfGroups(AggregateRun& run, const ScalarValue& quantile);
absl::StatusOr<VectorValue> CountValues(AggregateRun& run, std::string_view label);
// aggregate_rank.cc: topk and bottomk.
absl::StatusOr<VectorValue> RankGroups(AggregateRun& run, const ScalarValue& k);
// The same over series that are made meanwhile, of which no more than those that rank at some step
// are kept. Requires: no two of them have the same labels, and `k` is CountParameter's at each
// step.
absl::StatusOr<VectorValue> RankSeries(AggregateRun& run, SeriesSource& source,
                                       const std::vector<size_t>& k);
// aggregate_limit.cc: limitk and limit_ratio.
absl::StatusOr<VectorValue> LimitGroups(AggregateRun& run, const ScalarValue& k);
absl::StatusOr<VectorValue> LimitRatio(AggregateRun& run, const ScalarValue& ratio);

// The labels of the group that a series is in. With `drop_name` those of the series have no name.
storage::Labels GroupLabels(const promql::Aggregate& aggregate, const storage::Labels& labels,
                            bool drop_name = false);

// Whether topk, bottomk or limitk keep nothing at any step, which is said of nothing but numbers.
bool KeepsNothing(const ScalarValue& k);

// The lowest and the highest parameter of all steps; NaN for both if there is one.
std::array<double, 2> ExtremesOf(const ScalarValue& parameter);

// The k of topk, bottomk and limitk: truncated, capped, not below 0. FailedPrecondition for NaN and
// what no int64 holds.
absl::StatusOr<size_t> CountParameter(double value, size_t cap);

}  // namespace vigil::exec
