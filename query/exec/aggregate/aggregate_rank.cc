// SPDX-License-Identifier: Apache-2.0
//
// topk and bottomk: they keep series with their labels. An instant query gives them in the order of
// their values, a range query chooses anew at each step.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

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

auto Order(bool largest) {
  return [largest](const Candidate& a, const Candidate& b) { return RanksBefore(a, b, largest); };
}

// Ranks points one after the other, in any order, and keeps the best of each step.
class BestPerStep {
 public:
  // `k` must outlive it.
  BestPerStep(bool largest, std::span<const size_t> k)
      : largest_(largest), k_(k), best_(k.size()), bars_(k.size(), largest ? -kInf : kInf) {}

  // How many points more are kept than before.
  size_t AddAll(const Column& column, size_t series) {
    size_t more = 0;
    for (size_t step = 0; step < column.size(); ++step) {
      if (!column.HasFloat(step)) continue;
      const double value = column.value(step);
      // Most points are none of the best.
      if (largest_ ? value < bars_[step] : value > bars_[step]) continue;
      more += Add(step, {value, series});
    }
    return more;
  }

  // Those of a step from the best on.
  const std::vector<Candidate>& Ranked(size_t step) {
    std::sort(best_[step].begin(), best_[step].end(), Order(largest_));
    return best_[step];
  }

 private:
  static constexpr double kInf = std::numeric_limits<double>::infinity();

  size_t Add(size_t step, const Candidate& candidate) {
    std::vector<Candidate>& best = best_[step];
    if (k_[step] == 0) return 0;
    const bool is_full = best.size() == k_[step];
    if (is_full) {
      if (!RanksBefore(candidate, best.front(), largest_)) return 0;
      std::pop_heap(best.begin(), best.end(), Order(largest_));
      best.back() = candidate;
    } else {
      best.push_back(candidate);
    }
    std::push_heap(best.begin(), best.end(), Order(largest_));
    // A NaN is no bar: everything else ranks before it.
    if (best.size() == k_[step] && !std::isnan(best.front().value)) {
      bars_[step] = best.front().value;
    }
    return is_full ? 0 : 1;
  }

  bool largest_;
  std::span<const size_t> k_;
  std::vector<std::vector<Candidate>> best_;  // Heaps, the worst in front.
  std::vector<double> bars_;                  // What is beyond does not rank.
};

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
                      candidates_.end(), Order(largest_));
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

absl::StatusOr<VectorValue> RankSeries(AggregateRun& run, SeriesSource& source,
                                       const std::vector<size_t>& k) {
  const bool largest = run.aggregate.op == promql::AggregateOp::kTopk;
  struct Group {
    size_t first;  // Of the series in it.
    BestPerStep best;
  };
  absl::flat_hash_map<storage::Labels, size_t> places;
  std::vector<Group> groups;
  Reservation held(run.evaluator.context().limits);
  VIGIL_RETURN_IF_ERROR(ForEachSeries(
      run.evaluator, source, [&](size_t series, const Column& column) -> absl::Status {
        const auto [at, inserted] = places.try_emplace(
            GroupLabels(run.aggregate, source.labels(series), source.DropsName()), groups.size());
        if (inserted) groups.push_back({series, BestPerStep(largest, k)});
        Group& group = groups[at->second];
        group.first = std::min(group.first, series);
        if (column.MayHaveHistograms()) {
          for (size_t step = 0; step < column.size(); ++step) {
            if (column.HasHistogram(step) && k[step] > 0) {
              run.NoteIgnoredHistogram(run.aggregate.span);
            }
          }
        }
        return held.Add(static_cast<int64_t>(group.best.AddAll(column, series)));
      }));
  std::sort(groups.begin(), groups.end(),
            [](const Group& a, const Group& b) { return a.first < b.first; });

  // At one step in the order of their values, else in their own.
  absl::flat_hash_map<size_t, Column> chosen;
  std::vector<size_t> order;
  for (Group& group : groups) {
    VIGIL_RETURN_IF_ERROR(run.evaluator.context().limits.Check());
    for (size_t step = 0; step < run.evaluator.steps(); ++step) {
      for (const Candidate& candidate : group.best.Ranked(step)) {
        const auto [at, inserted] = chosen.try_emplace(candidate.series);
        if (inserted) {
          at->second = run.evaluator.NewColumn();
          order.push_back(candidate.series);
        }
        at->second.PutFloat(step, candidate.value);
      }
    }
  }
  if (run.evaluator.steps() > 1) std::sort(order.begin(), order.end());
  held = Reservation();
  VectorValue result = run.evaluator.NewVector();
  for (const size_t series : order) {
    VIGIL_RETURN_IF_ERROR(
        result.Add(source.TakeLabels(series), std::move(chosen.find(series)->second)));
  }
  if (source.DropsName()) VIGIL_RETURN_IF_ERROR(run.evaluator.DropNames(&result));
  return result;
}

}  // namespace vigil::exec
