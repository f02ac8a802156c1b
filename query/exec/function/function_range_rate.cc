// SPDX-License-Identifier: Apache-2.0
//
// rate, increase and delta: the change over a window, extrapolated to its ends. Where counters were
// reset is noted once per series, so a window costs only the resets inside it.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/wide.h"
#include "query/exec/function/function_range.h"
#include "query/exec/histogram_change.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

// Steps that are filled in at once, so that what is picked for them stays in the nearest cache.
constexpr size_t kSteps = 128;

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
    labels_ = &labels;
    name_noted_ = !is_counter_ || LooksLikeCounter(call_, labels);
    resets_.clear();
    if (!is_counter_) return;
    const std::span<const double> values = samples.values;
    constexpr size_t kStretch = 256;  // Mostly without a reset: looked through without a branch.
    for (size_t begin = 1; begin < values.size(); begin += kStretch) {
      const size_t end = std::min(begin + kStretch, values.size());
      if (!FallsWithin(values, begin, end)) continue;
      for (size_t i = begin; i < end; ++i) {
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
    for (size_t step = 0; step < windows.steps(); ++step) {
      if (full_.Holds(step)) step = FillFull(windows, values, column);
      if (step == windows.steps()) break;
      if (windows.end(step) < windows.begin(step) + 2) continue;
      NoteName();
      column->SetFloat(step, AtStep(windows, values, step));
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
  };

  // Those of all steps, each part side by side.
  struct Reaches {
    std::vector<double> sampled;
    std::vector<double> to_start;
    std::vector<double> to_end;
    std::vector<double> window;
    std::vector<double> factor;  // Of a series that was far above zero.

    void Reset(size_t steps) {
      for (auto* part : {&sampled, &to_start, &to_end, &window, &factor}) part->assign(steps, 0.0);
    }
    void Put(size_t step, const Reach& reach, double far_factor) {
      sampled[step] = reach.sampled;
      to_start[step] = reach.to_start;
      to_end[step] = reach.to_end;
      window[step] = reach.window;
      factor[step] = far_factor;
    }
    Reach At(size_t step) const {
      return {sampled[step], to_start[step], to_end[step], window[step]};
    }
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

  // The value of one step with at least two samples.
  double AtStep(const FloatWindows& windows, std::span<const double> values, size_t step) const {
    const size_t begin = windows.begin(step);
    const size_t end = windows.end(step);
    double change = values[end - 1] - values[begin];
    auto reset = std::upper_bound(resets_.begin(), resets_.end(), begin);
    for (; reset != resets_.end() && *reset < end; ++reset) change += values[*reset - 1];
    const Reach reach = reaches_.At(step);
    return change * (IsNearZero(reach, values[begin], change) ? Factor(reach, values[begin], change)
                                                              : reaches_.factor[step]);
  }

  // Mostly the counter was far above zero, and the factor is the same for all series.
  bool IsNearZero(const Reach& reach, double first, double change) const {
    return is_counter_ && change > 0 && first >= 0 &&
           reach.sampled * first <= reach.to_start * change;
  }

  // Fills in the steps of full_ and returns the first behind them.
  size_t FillFull(const FloatWindows& windows, std::span<const double> values, Column* column) {
    NoteName();
    const std::span<double> rates = column->SetFloats(full_.begin, full_.end);
    for (size_t begin = full_.begin; begin < full_.end; begin += kSteps) {
      const size_t end = std::min(begin + kSteps, full_.end);
      if (!FillPlain(windows, values, begin, rates.subspan(begin - full_.begin, end - begin))) {
        continue;
      }
      for (size_t step = begin; step < end; ++step) {
        rates[step - full_.begin] = AtStep(windows, values, step);
      }
    }
    const std::span<const uint32_t> ends = windows.ends();
    for (const size_t reset : resets_) {
      // The windows that hold it and the sample before it.
      const auto first = std::upper_bound(ends.begin() + static_cast<ptrdiff_t>(full_.begin),
                                          ends.begin() + static_cast<ptrdiff_t>(full_.end), reset);
      for (auto step = static_cast<size_t>(first - ends.begin());
           step < full_.end && windows.begin(step) < reset; ++step) {
        rates[step - full_.begin] = AtStep(windows, values, step);
      }
    }
    return full_.end;
  }

  // The values of up to kSteps steps from `first_step` on, as if there were no resets. True if some
  // window is near zero, so that they are not right.
  bool FillPlain(const FloatWindows& windows, std::span<const double> values, size_t first_step,
                 std::span<double> rates) const {
    const uint32_t* const begins = windows.begins().data() + first_step;
    const uint32_t* const ends = windows.ends().data() + first_step;
    // Picked one by one, so that the arithmetic can go on several at once.
    std::array<double, kSteps> first;
    for (size_t i = 0; i < rates.size(); ++i) {
      first[i] = values[begins[i]];
      rates[i] = values[ends[i] - 1];
    }
    const bool near_zero = Wide(
        [](std::span<double> last, const double* begin, const double* factor, const double* sampled,
           const double* to_start) {
          uint64_t near = 0;
          for (size_t i = 0; i < last.size(); ++i) {
            const double grown = last[i] - begin[i];
            near |= static_cast<uint64_t>(grown > 0) & static_cast<uint64_t>(begin[i] >= 0) &
                    static_cast<uint64_t>(sampled[i] * begin[i] <= to_start[i] * grown);
            last[i] = grown * factor[i];
          }
          return near != 0;
        },
        rates, first.data(), reaches_.factor.data() + first_step,
        reaches_.sampled.data() + first_step, reaches_.to_start.data() + first_step);
    return is_counter_ && near_zero;
  }

  static bool FallsWithin(std::span<const double> values, size_t begin, size_t end) {
    return Wide(
        [](const double* before, std::span<const double> some) {
          uint64_t falls = 0;  // As wide as a value, for several to be looked at at once.
          for (size_t i = 0; i < some.size(); ++i) falls |= some[i] < before[i] ? 1 : 0;
          return falls != 0;
        },
        values.data() + begin - 1, values.subspan(begin, end - begin));
  }

  void MakeReaches(const FloatWindows& windows) {
    version_ = windows.version();
    reaches_.Reset(windows.steps());
    FullSteps full;
    full_ = {};
    for (size_t step = 0; step < windows.steps(); ++step) {
      const size_t begin = windows.begin(step);
      const size_t end = windows.end(step);
      if (end < begin + 2) continue;
      full = {full.end == step ? full.begin : step, step + 1};
      if (full.end - full.begin > full_.end - full_.begin) full_ = full;
      const Reach reach = ReachOf(windows.times_ms()[begin], windows.times_ms()[end - 1],
                                  end - begin, windows.start_ms(step), windows.end_ms(step));
      reaches_.Put(step, reach, Factor(reach, 0, 0));
    }
  }

  static double Seconds(int64_t ms) { return static_cast<double>(ms) / kMillisPerSecond; }

  void NoteName() {
    if (name_noted_) return;
    name_noted_ = true;
    NoteCounter(call_, *labels_);
  }

  RangeCall& call_;
  const bool is_counter_;
  const bool is_rate_;
  std::string_view metric_;
  const storage::Labels* labels_ = nullptr;
  bool name_noted_ = false;
  std::vector<size_t> resets_;  // Indexes of floats that are below the one before.
  // Of each step, for series whose times are those of windows of that version.
  Reaches reaches_;
  uint64_t version_ = 0;
  // The longest stretch of steps whose windows have two samples at least.
  struct FullSteps {
    size_t begin = 0;
    size_t end = 0;
    bool Holds(size_t step) const { return step >= begin && step < end; }
  };
  FullSteps full_;
};

}  // namespace

bool LooksLikeCounter(const RangeCall& call, const storage::Labels& labels) {
  const std::string_view metric = labels.MetricName();
  if (metric.empty()) return true;
  if (call.evaluator.context().options.type_and_unit_labels) {
    const std::string_view type = labels.Get(storage::kMetricType);
    return type == "counter" || type == "histogram";
  }
  return metric.ends_with("_total") || metric.ends_with("_sum") || metric.ends_with("_count") ||
         metric.ends_with("_bucket");
}

void NoteCounter(RangeCall& call, const storage::Labels& labels) {
  if (LooksLikeCounter(call, labels)) return;
  std::string why = "name does not end in _total/_sum/_count/_bucket";
  if (call.evaluator.context().options.type_and_unit_labels) {
    why = fmt::format("__type__ label is not set to \"counter\" or \"histogram\", got {}",
                      storage::Quote(labels.Get(storage::kMetricType)));
  }
  call.annotations().Info(call.matrix.span, fmt::format("{}, {}: {}", kNoCounterNote, why,
                                                        storage::Quote(labels.MetricName())));
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
