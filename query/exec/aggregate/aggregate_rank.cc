// SPDX-License-Identifier: Apache-2.0
//
// topk and bottomk: they keep series with their labels. An instant query gives them in the order of
// their values, a range query chooses anew at each step.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/status.h"
#include "query/exec/aggregate/aggregate.h"

namespace vigil::exec {
namespace {

struct Candidate {
  double value;
  size_t series;
};

// Whether `a` ranks before `b`: NaN behind all others, earlier series first among equals.
bool RanksBefore(const Candidate& a, const Candidate& b, bool largest) {
  if (std::isnan(a.value) != std::isnan(b.value)) return std::isnan(b.value);
  if (a.value < b.value) return !largest;
  if (a.value > b.value) return largest;
  return a.series < b.series;
}

class Ranking {
 public:
  explicit Ranking(AggregateRun& run)
      : run_(run), largest_(run.aggregate.op == promql::AggregateOp::kTopk) {}

  // Clears all points of the group at `step` but the first `k`; those are in chosen() then.
  void KeepBest(const AggregateGroup& group, size_t step, size_t k) {
    candidates_.clear();
    for (const size_t member : group.members) {
      Column& column = run_.input.series[member].column;
      if (column.HasFloat(step)) {
        candidates_.push_back({column.value(step), member});
      } else if (column.HasHistogram(step)) {
        // Where nothing is kept, nothing is ignored.
        if (k > 0) run_.NoteIgnoredHistogram(run_.aggregate.span);
        column.Clear(step);
      }
    }
    const size_t kept = std::min(k, candidates_.size());
    std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(kept),
                      candidates_.end(), [this](const Candidate& a, const Candidate& b) {
                        return RanksBefore(a, b, largest_);
                      });
    for (size_t i = kept; i < candidates_.size(); ++i) {
      run_.input.series[candidates_[i].series].column.Clear(step);
    }
    candidates_.resize(kept);
  }
  const std::vector<Candidate>& chosen() const { return candidates_; }

 private:
  AggregateRun& run_;
  const bool largest_;
  std::vector<Candidate> candidates_;
};

bool HasPoints(const AggregateRun& run, const AggregateGroup& group, size_t step) {
  return std::any_of(group.members.begin(), group.members.end(), [&run, step](size_t member) {
    return run.input.series[member].column.Has(step);
  });
}

}  // namespace

absl::StatusOr<VectorValue> RankGroups(AggregateRun& run, const ScalarValue& k) {
  VectorValue result = run.evaluator.NewVector();
  if (run.groups.empty() || KeepsNothing(k)) return result;
  Ranking ranking(run);
  const bool ordered = run.evaluator.steps() == 1;
  std::vector<size_t> order;
  for (const AggregateGroup& group : run.groups) {
    VIGIL_RETURN_IF_ERROR(run.evaluator.context().limits.Check());
    for (size_t step = 0; step < run.evaluator.steps(); ++step) {
      // A parameter matters only where there is something to rank.
      if (!HasPoints(run, group, step)) continue;
      VIGIL_ASSIGN_OR_RETURN(const size_t count,
                             CountParameter(k.values[step], run.input.series.size()));
      ranking.KeepBest(group, step, count);
    }
    if (!ordered) continue;
    for (const Candidate& candidate : ranking.chosen()) order.push_back(candidate.series);
  }
  if (!ordered) {
    for (size_t i = 0; i < run.input.series.size(); ++i) order.push_back(i);
  }
  for (const size_t i : order) {
    Series& series = run.input.series[i];
    VIGIL_RETURN_IF_ERROR(
        result.Add(std::move(series.labels), std::move(series.column), series.drops_name));
  }
  return result;
}

}  // namespace vigil::exec
