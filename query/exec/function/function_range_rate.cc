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
    const double* const values = samples.values.data();
    constexpr size_t kStretch = 64;  // Mostly without a reset: looked through without a branch.
    for (size_t begin = 1; begin < samples.values.size(); begin += kStretch) {
      const size_t end = std::min(begin + kStretch, samples.values.size());
      bool falls = false;
      for (size_t i = begin; i < end; ++i) falls |= values[i] < values[i - 1];
      for (size_t i = begin; falls && i < end; ++i) {
        if (values[i] < values[i - 1]) resets_.push_back(i);
      }
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

  bool ApplyToFloats(const FloatWindows& windows, const std::vector<double>& values,
                     Column* column) override {
    if (windows.version() != version_) MakeReaches(windows);
    size_t reset = 0;  // The first that is behind the window's first sample.
    for (size_t step = 0; step < windows.steps(); ++step) {
      const size_t begin = windows.begin(step);
      const size_t end = windows.end(step);
      if (end < begin + 2) continue;
      NoteName();
      double change = values[end - 1] - values[begin];
      while (reset < resets_.size() && resets_[reset] <= begin) ++reset;
      for (size_t r = reset; r < resets_.size() && resets_[r] < end; ++r) {
        change += values[resets_[r] - 1];
      }
      const Reach& reach = reaches_[step];
      // Mostly the counter was far above zero, and the factor is the same for all series.
      const bool near_zero = is_counter_ && change > 0 && values[begin] >= 0 &&
                             reach.sampled * values[begin] <= reach.to_start * change;
      column->SetFloat(step,
                       change * (near_zero ? Factor(reach, values[begin], change) : reach.factor));
    }
    return true;
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

  // How far the samples of a window are from its ends, in seconds, and what lies between.
  struct Reach {
    double sampled = 0;
    double to_start = 0;
    double to_end = 0;
    double window = 0;
    double factor = 0;  // Of a series that was far above zero.
  };

  static Reach ReachOf(int64_t first_ms, int64_t last_ms, size_t count, int64_t start_ms,
                       int64_t end_ms) {
    const double sampled = Seconds(last_ms - first_ms);
    const double average = sampled / static_cast<double>(count - 1);
    // A gap to the window's end that is longer than this says that the series began or ended.
    constexpr double kLongestGap = 1.1;
    const double threshold = average * kLongestGap;
    double to_start = Seconds(first_ms - start_ms);
    double to_end = Seconds(end_ms - last_ms);
    if (to_start >= threshold) to_start = average / 2;
    if (to_end >= threshold) to_end = average / 2;
    return {sampled, to_start, to_end, Seconds(end_ms - start_ms)};
  }

  double Factor(const Reach& reach, double first, double change) const {
    double to_start = reach.to_start;
    if (is_counter_ && change > 0 && first >= 0) {
      // A counter was not below zero, so it did not begin before it would have been zero.
      to_start = std::min(to_start, reach.sampled * (first / change));
    }
    const double factor = (reach.sampled + to_start + reach.to_end) / reach.sampled;
    return is_rate_ ? factor / reach.window : factor;
  }

  double Factor(const Stretch& stretch, const RangeWindow& window) const {
    return Factor(
        ReachOf(stretch.first_ms, stretch.last_ms, stretch.count, window.start_ms, window.end_ms),
        stretch.first, stretch.change);
  }

  void MakeReaches(const FloatWindows& windows) {
    version_ = windows.version();
    reaches_.assign(windows.steps(), {});
    for (size_t step = 0; step < windows.steps(); ++step) {
      const size_t begin = windows.begin(step);
      const size_t end = windows.end(step);
      if (end < begin + 2) continue;
      Reach& reach = reaches_[step];
      reach = ReachOf(windows.times_ms()[begin], windows.times_ms()[end - 1], end - begin,
                      windows.start_ms(step), windows.end_ms(step));
      reach.factor = Factor(reach, 0, 0);
    }
  }

  static double Seconds(int64_t ms) { return static_cast<double>(ms) / kMillisPerSecond; }

  void NoteName() {
    if (name_noted_) return;
    name_noted_ = true;
    NoteCounterName(call_, metric_);
  }

  RangeCall& call_;
  const bool is_counter_;
  const bool is_rate_;
  std::string_view metric_;
  bool name_noted_ = false;
  std::vector<size_t> resets_;  // Indexes of floats that are below the one before.
  // Of each step, for series whose times are those of windows of that version.
  std::vector<Reach> reaches_;
  uint64_t version_ = 0;
};

}  // namespace

void NoteCounterName(RangeCall& call, std::string_view metric) {
  if (LooksLikeCounter(metric)) return;
  call.annotations().Info(call.matrix.span,
                          fmt::format("metric might not be a counter, name does not end in "
                                      "_total/_sum/_count/_bucket: {}",
                                      storage::Quote(metric)));
}

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
