// SPDX-License-Identifier: Apache-2.0
#include "query/exec/aggregate/aggregate.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/exec/histogram/histogram_buckets.h"

namespace vigil::exec {
namespace {

using promql::Aggregate;
using promql::AggregateOp;

std::vector<AggregateGroup> MakeGroups(const Aggregate& aggregate, const VectorValue& input) {
  absl::flat_hash_map<storage::Labels, size_t> places;
  std::vector<AggregateGroup> groups;
  for (size_t i = 0; i < input.series.size(); ++i) {
    const auto [at, inserted] =
        places.try_emplace(GroupLabels(aggregate, input.series[i].labels), groups.size());
    if (inserted) groups.push_back({at->first, {}});
    groups[at->second].members.push_back(i);
  }
  return groups;
}

absl::StatusOr<VectorValue> RunWithScalar(AggregateRun& run) {
  VIGIL_ASSIGN_OR_RETURN(const ScalarValue param, run.evaluator.Scalar(*run.aggregate.param));
  switch (run.aggregate.op) {
    case AggregateOp::kQuantile:
      return QuantileOfGroups(run, param);
    case AggregateOp::kLimitk:
      return LimitGroups(run, param);
    case AggregateOp::kLimitRatio:
      return LimitRatio(run, param);
    default:
      return RankGroups(run, param);
  }
}

// What topk and bottomk keep at each step; nullopt if a parameter is none, which matters only where
// there is something to rank.
std::optional<std::vector<size_t>> CountsPerStep(const ScalarValue& parameter, size_t cap) {
  std::vector<size_t> counts;
  counts.reserve(parameter.values.size());
  for (const double value : parameter.values) {
    const absl::StatusOr<size_t> count = CountParameter(value, cap);
    if (!count.ok()) return std::nullopt;
    counts.push_back(*count);
  }
  return counts;
}

// Of series that come one by one; nullopt where they must be there together.
absl::StatusOr<std::optional<VectorValue>> AggregateOneByOne(Evaluator& evaluator,
                                                             const Aggregate& aggregate,
                                                             SeriesSource& source) {
  // Series of several names may have to be merged before they are folded.
  if (source.DropsName() && source.SeveralNames()) return std::nullopt;
  AggregateRun run{evaluator, aggregate, evaluator.NewVector(), {}};
  if (aggregate.param == nullptr) return FoldSeries(run, source);
  VIGIL_ASSIGN_OR_RETURN(const ScalarValue param, evaluator.Scalar(*aggregate.param));
  const auto counts = CountsPerStep(param, source.size());
  if (!counts.has_value()) return std::nullopt;
  return RankSeries(run, source, *counts);
}

}  // namespace

void AggregateRun::NoteIgnoredHistogram(promql::Span where) {
  annotations().Info(where, fmt::format("ignored histogram in {} aggregation",
                                        promql::AggregateOpText(aggregate.op)));
}

storage::Labels GroupLabels(const Aggregate& aggregate, const storage::Labels& labels,
                            bool drop_name) {
  if (!aggregate.has_grouping) return {};
  storage::Labels kept =
      aggregate.without ? labels.Without(aggregate.grouping) : labels.KeepOnly(aggregate.grouping);
  const bool keeps_more = kept.Has(storage::kMetricName) || kept.Has(storage::kMetricType) ||
                          kept.Has(storage::kMetricUnit);
  return drop_name && keeps_more ? kept.WithoutMetadata() : kept;
}

bool KeepsNothing(const ScalarValue& k) {
  return std::all_of(k.values.begin(), k.values.end(), [](double value) { return value < 1; });
}

std::array<double, 2> ExtremesOf(const ScalarValue& parameter) {
  std::array<double, 2> extremes = {parameter.values.front(), parameter.values.front()};
  for (const double value : parameter.values) {
    if (std::isnan(value)) return {value, value};
    extremes = {std::min(extremes[0], value), std::max(extremes[1], value)};
  }
  return extremes;
}

absl::StatusOr<size_t> CountParameter(double value, size_t cap) {
  if (std::isnan(value)) return absl::FailedPreconditionError("Parameter value is NaN");
  constexpr double kInt64Limit = 9'223'372'036'854'775'808.0;
  if (value >= kInt64Limit || value <= -kInt64Limit) {
    return absl::FailedPreconditionError(
        fmt::format("Scalar value {} overflows int64", ShortText(value)));
  }
  if (value < 1) return size_t{0};
  return static_cast<size_t>(std::min(value, static_cast<double>(cap)));
}

absl::StatusOr<VectorValue> EvaluateAggregate(Evaluator& evaluator, const Aggregate& aggregate) {
  std::unique_ptr<SeriesSource> source;
  const bool ranks = aggregate.op == AggregateOp::kTopk || aggregate.op == AggregateOp::kBottomk;
  if (aggregate.param == nullptr || ranks) {
    VIGIL_ASSIGN_OR_RETURN(source, evaluator.Source(*aggregate.expr));
  }
  if (source != nullptr) {
    VIGIL_ASSIGN_OR_RETURN(std::optional<VectorValue> result,
                           AggregateOneByOne(evaluator, aggregate, *source));
    if (result.has_value()) return *std::move(result);
  }
  VIGIL_ASSIGN_OR_RETURN(VectorValue input, source != nullptr ? CollectSeries(evaluator, *source)
                                                              : evaluator.Vector(*aggregate.expr));
  std::vector<AggregateGroup> groups = MakeGroups(aggregate, input);
  AggregateRun run{evaluator, aggregate, std::move(input), std::move(groups)};
  if (aggregate.param == nullptr) return FoldGroups(run);
  if (aggregate.op != AggregateOp::kCountValues) return RunWithScalar(run);
  VIGIL_ASSIGN_OR_RETURN(const std::string label, evaluator.String(*aggregate.param));
  return CountValues(run, label);
}

}  // namespace vigil::exec
