// SPDX-License-Identifier: Apache-2.0
//
// Aggregators that take one column after the other and keep a state per step.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/node_hash_map.h>

#include "base/status.h"
#include "base/wide.h"
#include "query/exec/aggregate/aggregate.h"
#include "query/exec/histogram/compensated.h"
#include "query/exec/histogram/compensated_histogram.h"

namespace vigil::exec {
namespace {

using promql::AggregateOp;

// The state of one group at every step.
class Fold {
 public:
  virtual ~Fold() = default;
  // `metric` is the name of the series.
  virtual void Add(const Column& column, std::string_view metric) = 0;
  virtual Point Result(size_t step) = 0;
};

// sum and avg of histograms at one step; made only when there are some.
class HistogramTotal {
 public:
  HistogramTotal(const storage::Histogram& first, bool average)
      : average_(average), total_(first) {}
  void Add(const storage::Histogram& histogram, std::string_view metric, AggregateRun* run) {
    if (incompatible_) return;
    const HistogramSumInfo info = average_ ? total_.AddToMean(histogram) : total_.Add(histogram);
    const promql::Span where = run->aggregate.expr->span;
    incompatible_ = info.incompatible;
    if (info.incompatible) run->annotations().WarnMixedSchemas(where, metric);
    if (info.conflicting_resets) run->annotations().WarnConflictingResets(where, "aggregation");
    if (info.reconciled_bounds) run->annotations().InfoReconciledBounds(where, "aggregation");
  }
  Point Result() const {
    if (incompatible_) return Point::None();
    return Point::Of(average_ ? total_.Mean() : total_.Sum());
  }

 private:
  const bool average_;
  CompensatedHistogram total_;
  bool incompatible_ = false;
};

// A sum per step, its parts side by side, so that several steps are added to at once.
class SumPerStep {
 public:
  explicit SumPerStep(size_t steps) : sums_(steps, 0.0), lost_(steps, 0.0) {}
  void Add(size_t step, double value) { CompensatedSum::Add(value, &sums_[step], &lost_[step]); }
  // To the steps from `first` on.
  void AddAll(size_t first, std::span<const double> values) {
    Wide(
        [](std::span<const double> added, double* sums, double* lost) {
          for (size_t i = 0; i < added.size(); ++i) {
            CompensatedSum::Add(added[i], &sums[i], &lost[i]);
          }
        },
        values, sums_.data() + first, lost_.data() + first);
  }
  double Result(size_t step) const { return sums_[step] + lost_[step]; }

 private:
  std::vector<double> sums_;
  std::vector<double> lost_;
};

class MeanPerStep {
 public:
  explicit MeanPerStep(size_t steps) : means_(steps) {}
  void Add(size_t step, double value) { means_[step].Add(value); }
  void AddAll(size_t first, std::span<const double> values) {
    for (size_t i = 0; i < values.size(); ++i) means_[first + i].Add(values[i]);
  }
  double Result(size_t step) const { return means_[step].Result(); }

 private:
  std::vector<CompensatedMean> means_;
};

// sum and avg.
template <typename Totals, bool kAverage>
class TotalFold final : public Fold {
 public:
  explicit TotalFold(AggregateRun& run)
      : run_(run), totals_(run.evaluator.steps()), seen_(run.evaluator.steps(), 0) {}

  void Add(const Column& column, std::string_view metric) override {
    if (const std::optional<Column::Stretch> floats = column.OneStretch(); floats.has_value()) {
      const size_t size = floats->end - floats->begin;
      totals_.AddAll(floats->begin, column.values().subspan(floats->begin, size));
      std::fill_n(seen_.begin() + static_cast<ptrdiff_t>(floats->begin), size, 1);
      return;
    }
    for (size_t step = 0; step < column.size(); ++step) {
      if (column.HasFloat(step)) {
        totals_.Add(step, column.value(step));
        seen_[step] = 1;
      } else if (column.HasHistogram(step)) {
        AddHistogram(step, *column.histogram(step), metric);
      }
    }
  }

  Point Result(size_t step) override {
    const bool histograms = !histograms_.empty() && histograms_[step] != nullptr;
    if (histograms && seen_[step] != 0) {
      run_.annotations().WarnMixedAggregation(run_.aggregate.expr->span);
      return Point::None();
    }
    if (histograms) return histograms_[step]->Result();
    return seen_[step] != 0 ? Point::Float(totals_.Result(step)) : Point::None();
  }

 private:
  void AddHistogram(size_t step, const storage::Histogram& histogram, std::string_view metric) {
    if (histograms_.empty()) histograms_.resize(seen_.size());
    if (histograms_[step] == nullptr) {
      histograms_[step] = std::make_unique<HistogramTotal>(histogram, kAverage);
    } else {
      histograms_[step]->Add(histogram, metric, &run_);
    }
  }

  AggregateRun& run_;
  Totals totals_;
  std::vector<uint8_t> seen_;  // Whether there was a float.
  std::vector<std::unique_ptr<HistogramTotal>> histograms_;
};

// min and max: a NaN only if there is nothing else.
class ExtremeFold final : public Fold {
 public:
  ExtremeFold(AggregateRun& run, bool want_max)
      : run_(run), want_max_(want_max), extremes_(run.evaluator.NewColumn()) {}

  void Add(const Column& column, std::string_view) override {
    for (size_t step = 0; step < column.size(); ++step) {
      if (column.HasHistogram(step)) run_.NoteIgnoredHistogram();
      if (!column.HasFloat(step)) continue;
      const double value = column.value(step);
      const double extreme = extremes_.value(step);
      const bool beats = want_max_ ? value > extreme : value < extreme;
      if (!extremes_.Has(step) || beats || std::isnan(extreme)) extremes_.PutFloat(step, value);
    }
  }
  Point Result(size_t step) override { return extremes_.At(step); }

 private:
  AggregateRun& run_;
  const bool want_max_;
  Column extremes_;
};

// count and group.
class CountFold final : public Fold {
 public:
  CountFold(AggregateRun& run, bool cap_at_one)
      : cap_at_one_(cap_at_one), counts_(run.evaluator.steps(), 0) {}

  void Add(const Column& column, std::string_view) override {
    for (size_t step = 0; step < column.size(); ++step) counts_[step] += column.Has(step) ? 1 : 0;
  }
  Point Result(size_t step) override {
    if (counts_[step] == 0) return Point::None();
    return Point::Float(cap_at_one_ ? 1 : static_cast<double>(counts_[step]));
  }

 private:
  const bool cap_at_one_;
  std::vector<uint32_t> counts_;
};

// stddev and stdvar of the population, by Welford's method.
class DeviationFold final : public Fold {
 public:
  DeviationFold(AggregateRun& run, bool root)
      : run_(run), root_(root), states_(run.evaluator.steps()) {}

  void Add(const Column& column, std::string_view) override {
    for (size_t step = 0; step < column.size(); ++step) {
      if (column.HasHistogram(step)) run_.NoteIgnoredHistogram();
      if (column.HasFloat(step)) states_[step].Add(column.value(step));
    }
  }
  Point Result(size_t step) override {
    const State& state = states_[step];
    if (state.count == 0) return Point::None();
    const double variance = state.squares / state.count;
    return Point::Float(root_ ? std::sqrt(variance) : variance);
  }

 private:
  struct State {
    double count = 0;
    double mean = 0;
    double squares = 0;

    void Add(double value) {
      ++count;
      const double delta = value - mean;
      mean += delta / count;
      squares += delta * (value - mean);
    }
  };

  AggregateRun& run_;
  const bool root_;
  std::vector<State> states_;
};

std::unique_ptr<Fold> MakeFold(AggregateRun& run) {
  switch (run.aggregate.op) {
    case AggregateOp::kSum:
      return std::make_unique<TotalFold<SumPerStep, false>>(run);
    case AggregateOp::kAvg:
      return std::make_unique<TotalFold<MeanPerStep, true>>(run);
    case AggregateOp::kMin:
      return std::make_unique<ExtremeFold>(run, false);
    case AggregateOp::kMax:
      return std::make_unique<ExtremeFold>(run, true);
    case AggregateOp::kCount:
      return std::make_unique<CountFold>(run, false);
    case AggregateOp::kStddev:
      return std::make_unique<DeviationFold>(run, true);
    case AggregateOp::kStdvar:
      return std::make_unique<DeviationFold>(run, false);
    default:
      return std::make_unique<CountFold>(run, true);  // group
  }
}

Column ResultOf(AggregateRun& run, Fold* fold) {
  Column column = run.evaluator.NewColumn();
  for (size_t step = 0; step < column.size(); ++step) column.Set(step, fold->Result(step));
  return column;
}

}  // namespace

absl::StatusOr<VectorValue> FoldGroups(AggregateRun& run) {
  VectorValue result = run.evaluator.NewVector();
  for (AggregateGroup& group : run.groups) {
    const std::unique_ptr<Fold> fold = MakeFold(run);
    for (const size_t member : group.members) {
      VIGIL_RETURN_IF_ERROR(run.evaluator.context().limits.Check());
      const Series& series = run.input.series[member];
      fold->Add(series.column, series.labels.MetricName());
    }
    VIGIL_RETURN_IF_ERROR(
        result.Add(std::move(group.labels), ResultOf(run, fold.get()), run.DropsName(group)));
  }
  return result;
}

absl::StatusOr<VectorValue> FoldSeries(AggregateRun& run, const SeriesSource& source) {
  struct Group {
    const storage::Labels* labels;
    size_t first;  // Of the series in it.
    std::unique_ptr<Fold> fold;
    Reservation held;
  };
  absl::node_hash_map<storage::Labels, size_t> places;
  std::vector<Group> groups;
  VIGIL_RETURN_IF_ERROR(ForEachSeries(
      run.evaluator, source, [&](size_t series, const Column& column) -> absl::Status {
        const auto [at, inserted] = places.try_emplace(
            GroupLabels(run.aggregate, source.labels(series), source.DropsName()), groups.size());
        if (inserted) {
          groups.push_back(
              {&at->first, series, MakeFold(run), Reservation(run.evaluator.context().limits)});
          VIGIL_RETURN_IF_ERROR(groups.back().held.Add(static_cast<int64_t>(column.size())));
        }
        Group& group = groups[at->second];
        group.first = std::min(group.first, series);
        group.fold->Add(column, source.DropsName() ? "" : source.labels(series).MetricName());
        return absl::OkStatus();
      }));
  std::sort(groups.begin(), groups.end(),
            [](const Group& a, const Group& b) { return a.first < b.first; });
  VectorValue result = run.evaluator.NewVector();
  for (Group& group : groups) {
    Column column = ResultOf(run, group.fold.get());
    // State and result of all groups need not be there together.
    group.fold.reset();
    group.held = Reservation();
    VIGIL_RETURN_IF_ERROR(result.Add(*group.labels, std::move(column)));
  }
  return result;
}

}  // namespace vigil::exec
