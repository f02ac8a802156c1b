// SPDX-License-Identifier: Apache-2.0
//
// rate, increase and delta: the change over a window, extrapolated to its ends. Where counters were
// reset is noted once per series, so a window costs only the resets inside it.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "query/exec/function/function_range.h"
#include "query/exec/histogram_change.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

bool LooksLikeCounter(std::string_view metric) {
  return metric.empty() || metric.ends_with("_total") || metric.ends_with("_sum") ||
         metric.ends_with("_count") || metric.ends_with("_bucket");
}

// What the extrapolation needs to know of a window's samples.
struct Stretch {
  int64_t first_ms;
  int64_t last_ms;
  size_t count;
  double first;   // Value or count of observations.
  double change;  // Likewise.
};

class RateFunction final : public RangeFunction {
 public:
  RateFunction(RangeCall& call, bool is_counter, bool is_rate)
      : call_(call), is_counter_(is_counter), is_rate_(is_rate) {}

  void StartSeries(const storage::Labels& labels, const storage::SampleColumns& samples) override {
    metric_ = labels.MetricName();
    name_noted_ = !is_counter_ || LooksLikeCounter(metric_);
    resets_.clear();
    if (!is_counter_) return;
    for (size_t i = 1; i < samples.values.size(); ++i) {
      if (samples.values[i] < samples.values[i - 1]) resets_.push_back(i);
    }
  }

  Point Apply(const RangeWindow& window) override {
    if (window.IsMixed()) {
      call_.annotations().WarnMixedRange(call_.matrix.span, metric_);
      return Point::None();
    }
    if (window.HistogramCount() >= 2) return OfHistograms(window);
    if (window.FloatCount() < 2) return Point::None();
    NoteName();
    const std::vector<double>& values = window.samples->values;
    double change = values[window.float_end - 1] - values[window.float_begin];
    auto reset = std::upper_bound(resets_.begin(), resets_.end(), window.float_begin);
    for (; reset != resets_.end() && *reset < window.float_end; ++reset) {
      change += values[*reset - 1];
    }
    const Stretch stretch{window.Times().front(), window.Times().back(), window.FloatCount(),
                          values[window.float_begin], change};
    return Point::Float(change * Factor(stretch, window));
  }

 private:
  Point OfHistograms(const RangeWindow& window) {
    const std::optional<storage::Histogram> change = HistogramChange(
        window.Histograms(), is_counter_, metric_, call_.matrix.span, &call_.annotations());
    if (!change.has_value()) return Point::None();
    const Stretch stretch{window.HistogramTimes().front(), window.HistogramTimes().back(),
                          window.HistogramCount(), window.Histograms().front()->count,
                          change->count};
    return Point::Of(Scaled(*change, Factor(stretch, window)));
  }

  double Factor(const Stretch& stretch, const RangeWindow& window) const {
    const double sampled = Seconds(stretch.last_ms - stretch.first_ms);
    const double average = sampled / static_cast<double>(stretch.count - 1);
    // A gap to the window's end that is longer than this says that the series began or ended.
    constexpr double kLongestGap = 1.1;
    const double threshold = average * kLongestGap;
    double to_start = Seconds(stretch.first_ms - window.start_ms);
    double to_end = Seconds(window.end_ms - stretch.last_ms);
    if (to_start >= threshold) to_start = average / 2;
    if (is_counter_ && stretch.change > 0 && stretch.first >= 0) {
      // A counter was not below zero, so it did not begin before it would have been zero.
      to_start = std::min(to_start, sampled * (stretch.first / stretch.change));
    }
    if (to_end >= threshold) to_end = average / 2;
    const double factor = (sampled + to_start + to_end) / sampled;
    return is_rate_ ? factor / Seconds(window.end_ms - window.start_ms) : factor;
  }

  static double Seconds(int64_t ms) { return static_cast<double>(ms) / kMillisPerSecond; }

  void NoteName() {
    if (name_noted_) return;
    name_noted_ = true;
    call_.annotations().Info(call_.matrix.span,
                             fmt::format("metric might not be a counter, name does not end in "
                                         "_total/_sum/_count/_bucket: {}",
                                         storage::Quote(metric_)));
  }

  RangeCall& call_;
  const bool is_counter_;
  const bool is_rate_;
  std::string_view metric_;
  bool name_noted_ = false;
  std::vector<size_t> resets_;  // Indexes of floats that are below the one before.
};

}  // namespace

RangeFunctionPtr MakeRate(RangeCall& call) {
  switch (call.call.function->id) {
    case FunctionId::kRate:
      return std::make_unique<RateFunction>(call, true, true);
    case FunctionId::kIncrease:
      return std::make_unique<RateFunction>(call, true, false);
    case FunctionId::kDelta:
      return std::make_unique<RateFunction>(call, false, false);
    default:
      return nullptr;
  }
}

}  // namespace vigil::exec
