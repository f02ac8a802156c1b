// SPDX-License-Identifier: Apache-2.0
//
// *_over_time: aggregation over the samples of a window, one function each.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "query/exec/function/function.h"
#include "query/exec/function/function_range.h"
#include "query/exec/function/panes.h"
#include "query/exec/function/sliding.h"
#include "query/exec/histogram/compensated.h"
#include "query/exec/histogram/compensated_histogram.h"
#include "query/exec/histogram/histogram_math.h"
#include "query/exec/histogram/quantile.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

double Deviation(std::span<const double> values) {
  CompensatedSum mean;
  CompensatedSum squares;
  double count = 0;
  for (const double value : values) {
    ++count;
    const double delta = value - mean.Result();
    mean.Add(delta / count);
    squares.Add(delta * (value - mean.Result()));
  }
  return squares.Result() / count;
}

template <typename Total>
double TotalOf(std::span<const double> values) {
  Total total;
  for (const double value : values) total.Add(value);
  return total.Result();
}

double ExtremeOf(std::span<const double> values, bool want_max) {
  double extreme = values[0];
  for (const double value : values) {
    const bool beats = want_max ? value > extreme : value < extreme;
    if (beats || std::isnan(extreme)) extreme = value;
  }
  return extreme;
}

// The median of the distances from the median.
double MedianDeviation(std::span<const double> values) {
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::vector<double> scratch(values.begin(), values.end());
  const double median = QuantileOf(0.5, &scratch);
  for (double& value : scratch) value = std::fabs(value - median);
  return QuantileOf(0.5, &scratch);
}

// The first or last sample, whichever kind it is.
Point EdgeOf(const RangeWindow& window, bool last) {
  const size_t f = last ? window.FloatCount() - 1 : 0;
  const size_t h = last ? window.HistogramCount() - 1 : 0;
  bool take_float = window.FloatCount() > 0;
  if (window.IsMixed()) {
    take_float = (window.Times()[f] < window.HistogramTimes()[h]) != last;
  }
  return take_float ? Point::Float(window.Floats()[f]) : Point::Of(window.Histograms()[h]);
}

// Calls visit(step, begin, end) for each window that is not empty.
template <typename Visit>
void ForEachWindow(const FloatWindows& windows, const Visit& visit) {
  for (size_t step = 0; step < windows.steps(); ++step) {
    if (windows.begin(step) < windows.end(step)) {
      visit(step, windows.begin(step), windows.end(step));
    }
  }
}

// The series at hand and the call: what every function below has.
class OverTime : public RangeFunction {
 public:
  explicit OverTime(RangeCall& call) : call_(call), id_(call.call.function->id) {}
  void StartSeries(const storage::Labels& labels, const storage::SampleColumns&) override {
    metric_ = labels.MetricName();
  }

 protected:
  RangeCall& call_;
  const FunctionId id_;
  std::string_view metric_;
};

// sum_over_time and avg_over_time: floats or histograms, not both.
class TotalOverTime final : public OverTime {
 public:
  using OverTime::OverTime;
  Point Apply(const RangeWindow& window) override {
    if (window.IsMixed()) {
      call_.annotations().WarnMixedRange(call_.matrix.span, metric_);
      return Point::None();
    }
    const bool average = id_ == FunctionId::kAvgOverTime;
    if (window.HistogramCount() > 0) return OfHistograms(window, average);
    return Point::Float(average ? TotalOf<CompensatedMean>(window.Floats())
                                : TotalOf<CompensatedSum>(window.Floats()));
  }

  bool ApplyToFloats(const FloatWindows& windows, const std::vector<double>& values,
                     Column* column) override {
    const auto put = [&](size_t step, size_t begin, size_t end, double sum, bool overflowed) {
      if (id_ != FunctionId::kAvgOverTime) {
        column->PutFloat(step, sum);
      } else if (!overflowed) {
        column->PutFloat(step, sum / static_cast<double>(end - begin));
      } else {
        column->PutFloat(step, TotalOf<CompensatedMean>(
                                   std::span<const double>(values).subspan(begin, end - begin)));
      }
    };
    if (windows.panes() > 0) {
      pane_sums_.Make(windows, values);
      ForEachWindow(windows, [&](size_t step, size_t begin, size_t end) {
        put(step, begin, end, pane_sums_.Of(step), pane_sums_.Overflowed(step));
      });
      return true;
    }
    SlidingParts<CompensatedSum> sums(values);
    ForEachWindow(windows, [&](size_t step, size_t begin, size_t end) {
      const CompensatedSum sum = sums.Over(begin, end);
      put(step, begin, end, sum.Result(), sum.Overflowed());
    });
    return true;
  }

 private:
  Point OfHistograms(const RangeWindow& window, bool average) {
    CompensatedHistogram total(*window.Histograms()[0]);
    const promql::Span where = call_.matrix.span;
    for (const HistogramPtr& histogram : window.Histograms().subspan(1)) {
      const HistogramSumInfo info = average ? total.AddToMean(*histogram) : total.Add(*histogram);
      if (info.incompatible) {
        call_.annotations().WarnMixedSchemas(where, metric_);
        return Point::None();
      }
      if (info.conflicting_resets) call_.annotations().WarnConflictingResets(where, "aggregation");
      if (info.reconciled_bounds) call_.annotations().InfoReconciledBounds(where, "aggregation");
    }
    return Point::Of(average ? total.Mean() : total.Sum());
  }

  PaneSums pane_sums_;
};

// Those for which histograms do not exist.
class FloatsOverTime final : public OverTime {
 public:
  using OverTime::OverTime;
  Point Apply(const RangeWindow& window) override {
    if (window.FloatCount() == 0) return Point::None();
    if (window.IsMixed()) {
      // Prometheus names the first argument, which for quantile_over_time is the parameter.
      const bool has_parameter = id_ == FunctionId::kQuantileOverTime;
      call_.annotations().InfoIgnoredInRange(has_parameter ? ParameterSpan() : call_.matrix.span,
                                             metric_);
    }
    return Point::Float(Of(window));
  }

  bool ApplyToFloats(const FloatWindows& windows, const std::vector<double>& values,
                     Column* column) override {
    switch (id_) {
      case FunctionId::kMinOverTime:
        PutExtremes(windows, values, &pane_minima_, column);
        return true;
      case FunctionId::kMaxOverTime:
        PutExtremes(windows, values, &pane_maxima_, column);
        return true;
      case FunctionId::kQuantileOverTime:
        SlideQuantile(windows, values, column);
        return true;
      default:
        return false;
    }
  }

 private:
  template <bool kMax>
  static void PutExtremes(const FloatWindows& windows, const std::vector<double>& values,
                          PaneExtremes<kMax>* panes, Column* column) {
    if (windows.panes() > 0) {
      panes->Make(windows, values);
      ForEachWindow(windows,
                    [&](size_t step, size_t, size_t) { column->PutFloat(step, panes->Of(step)); });
      return;
    }
    SlidingParts<Extreme<kMax>> extremes(values);
    ForEachWindow(windows, [&](size_t step, size_t begin, size_t end) {
      column->PutFloat(step, extremes.Over(begin, end).Result());
    });
  }

  void SlideQuantile(const FloatWindows& windows, const std::vector<double>& values,
                     Column* column) {
    SlidingOrder order(values);
    ForEachWindow(windows, [&](size_t step, size_t begin, size_t end) {
      column->PutFloat(step, QuantileOfSorted(QuantileAt(step), order.Over(begin, end)));
    });
  }

  promql::Span ParameterSpan() const {
    return ArgumentSpan(call_.evaluator, call_.call, *call_.call.args[0]);
  }
  double Of(const RangeWindow& window) {
    switch (id_) {
      case FunctionId::kMinOverTime:
        return ExtremeOf(window.Floats(), false);
      case FunctionId::kMaxOverTime:
        return ExtremeOf(window.Floats(), true);
      case FunctionId::kStddevOverTime:
        return std::sqrt(Deviation(window.Floats()));
      case FunctionId::kStdvarOverTime:
        return Deviation(window.Floats());
      case FunctionId::kMadOverTime:
        return MedianDeviation(window.Floats());
      default:
        return Quantile(window);
    }
  }
  double QuantileAt(size_t step) {
    const double quantile = call_.scalars[0].values[step];
    if (IsOddQuantile(quantile)) {
      call_.annotations().WarnQuantile(ParameterSpan(), quantile);
    }
    return quantile;
  }
  double Quantile(const RangeWindow& window) {
    const double quantile = QuantileAt(window.step);
    scratch_.assign(window.Floats().begin(), window.Floats().end());
    return QuantileOf(quantile, &scratch_);
  }

  PaneExtremes<false> pane_minima_;
  PaneExtremes<true> pane_maxima_;
  std::vector<double> scratch_;
};

// Those for which all samples are alike.
class SamplesOverTime final : public OverTime {
 public:
  using OverTime::OverTime;
  Point Apply(const RangeWindow& window) override {
    switch (id_) {
      case FunctionId::kCountOverTime:
        return Point::Float(static_cast<double>(window.Count()));
      case FunctionId::kFirstOverTime:
        return EdgeOf(window, false);
      case FunctionId::kLastOverTime:
        return EdgeOf(window, true);
      default:
        return Point::Float(1);  // present_over_time
    }
  }

  bool ApplyToFloats(const FloatWindows& windows, const std::vector<double>& values,
                     Column* column) override {
    ForEachWindow(windows, [&](size_t step, size_t begin, size_t end) {
      column->PutFloat(step, OfFloats(values, begin, end));
    });
    return true;
  }

 private:
  double OfFloats(const std::vector<double>& values, size_t begin, size_t end) const {
    switch (id_) {
      case FunctionId::kCountOverTime:
        return static_cast<double>(end - begin);
      case FunctionId::kFirstOverTime:
        return values[begin];
      case FunctionId::kLastOverTime:
        return values[end - 1];
      default:
        return 1;  // present_over_time
    }
  }
};

}  // namespace

RangeFunctionPtr MakeOverTime(RangeCall& call) {
  switch (call.call.function->id) {
    case FunctionId::kAvgOverTime:
    case FunctionId::kSumOverTime:
      return std::make_unique<TotalOverTime>(call);
    case FunctionId::kMinOverTime:
    case FunctionId::kMaxOverTime:
    case FunctionId::kStddevOverTime:
    case FunctionId::kStdvarOverTime:
    case FunctionId::kMadOverTime:
    case FunctionId::kQuantileOverTime:
      return std::make_unique<FloatsOverTime>(call);
    case FunctionId::kCountOverTime:
    case FunctionId::kPresentOverTime:
    case FunctionId::kFirstOverTime:
    case FunctionId::kLastOverTime:
      return std::make_unique<SamplesOverTime>(call);
    default:
      return nullptr;
  }
}

}  // namespace vigil::exec
