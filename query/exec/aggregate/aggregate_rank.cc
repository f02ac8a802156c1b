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
#include <absl/functional/function_ref.h>

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

// Ranks the series of all groups, which come in any order.
class Ranking {
 public:
  // `k` is how many are kept at each step; it must outlive the ranking.
  Ranking(AggregateRun& run, std::span<const size_t> k)
      : run_(run), k_(k), held_(run.evaluator.context().limits) {}

  // Groups are numbered from 0, a new one by the next number.
  absl::Status Add(size_t group, size_t series, const Column& column) {
    const bool largest = run_.aggregate.op == promql::AggregateOp::kTopk;
    if (group == groups_.size()) groups_.push_back({series, BestPerStep(largest, k_)});
    groups_[group].first = std::min(groups_[group].first, series);
    if (column.MayHaveHistograms()) NoteHistograms(column);
    return held_.Add(static_cast<int64_t>(groups_[group].best.AddAll(column, series)));
  }

  // Calls give(series, column) for those that rank at some step, with what they have there: at one
  // step in the order of their values, else in their own. Once, at the end.
  using Give = absl::FunctionRef<absl::Status(size_t series, Column column)>;
  absl::Status Finish(Give give) {
    std::sort(groups_.begin(), groups_.end(),
              [](const Group& a, const Group& b) { return a.first < b.first; });
    absl::flat_hash_map<size_t, Column> chosen;
    std::vector<size_t> order;
    for (Group& group : groups_) {
      VIGIL_RETURN_IF_ERROR(run_.evaluator.context().limits.Check());
      for (size_t step = 0; step < k_.size(); ++step) {
        for (const Candidate& candidate : group.best.Ranked(step)) {
          const auto [at, inserted] = chosen.try_emplace(candidate.series);
          if (inserted) {
            at->second = run_.evaluator.NewColumn();
            order.push_back(candidate.series);
          }
          at->second.PutFloat(step, candidate.value);
        }
      }
    }
    if (k_.size() > 1) std::sort(order.begin(), order.end());
    held_ = Reservation();
    for (const size_t series : order) {
      VIGIL_RETURN_IF_ERROR(give(series, std::move(chosen.find(series)->second)));
    }
    return absl::OkStatus();
  }

 private:
  struct Group {
    size_t first;  // Of the series in it.
    BestPerStep best;
  };

  // Where nothing is kept, nothing is ignored.
  void NoteHistograms(const Column& column) {
    for (size_t step = 0; step < column.size(); ++step) {
      if (column.HasHistogram(step) && k_[step] > 0) {
        run_.NoteIgnoredHistogram(run_.aggregate.span);
      }
    }
  }

  AggregateRun& run_;
  const std::span<const size_t> k_;
  std::vector<Group> groups_;
  Reservation held_;
};

// What is kept at each step. A parameter that is none matters only where there is something to
// rank.
absl::StatusOr<std::vector<size_t>> CountsFor(const std::vector<Series>& input,
                                              const ScalarValue& k) {
  std::vector<size_t> counts;
  counts.reserve(k.values.size());
  for (size_t step = 0; step < k.values.size(); ++step) {
    const absl::StatusOr<size_t> count = CountParameter(k.values[step], input.size());
    const bool matters =
        !count.ok() && std::any_of(input.begin(), input.end(), [step](const Series& series) {
          return series.column.Has(step);
        });
    if (matters) return count.status();
    counts.push_back(count.value_or(0));
  }
  return counts;
}

}  // namespace

absl::StatusOr<VectorValue> RankGroups(AggregateRun& run, const ScalarValue& k) {
  VectorValue result = run.evaluator.NewVector();
  if (KeepsNothing(k)) return result;
  std::vector<Series>& input = run.input.series;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<size_t> counts, CountsFor(input, k));
  Ranking ranking(run, counts);
  for (size_t group = 0; group < run.groups.size(); ++group) {
    for (const size_t member : run.groups[group].members) {
      VIGIL_RETURN_IF_ERROR(ranking.Add(group, member, std::exchange(input[member].column, {})));
    }
  }
  run.input.reservation = Reservation();
  VIGIL_RETURN_IF_ERROR(ranking.Finish([&](size_t i, Column column) {
    return result.Add(std::move(input[i].labels), std::move(column), input[i].drops_name);
  }));
  return result;
}

absl::StatusOr<VectorValue> RankSeries(AggregateRun& run, SeriesSource& source,
                                       const std::vector<size_t>& k) {
  Ranking ranking(run, k);
  absl::flat_hash_map<storage::Labels, size_t> places;
  VIGIL_RETURN_IF_ERROR(
      ForEachSeries(run.evaluator, source, [&](size_t series, const Column& column) {
        const size_t group =
            places
                .try_emplace(GroupLabels(run.aggregate, source.labels(series), source.DropsName()),
                             places.size())
                .first->second;
        return ranking.Add(group, series, column);
      }));
  VectorValue result = run.evaluator.NewVector();
  VIGIL_RETURN_IF_ERROR(ranking.Finish([&](size_t series, Column column) {
    return result.Add(source.TakeLabels(series), std::move(column));
  }));
  if (source.DropsName()) VIGIL_RETURN_IF_ERROR(run.evaluator.DropNames(&result));
  return result;
}

}  // namespace vigil::exec
