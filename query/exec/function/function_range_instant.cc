// SPDX-License-Identifier: Apache-2.0
//
// irate and idelta: the change between the last two samples of a window.
#include <array>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "query/exec/function/function_range.h"
#include "query/exec/histogram/histogram_math.h"
#include "query/exec/histogram_change.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;
using storage::CounterResetHint;

struct TimedPoint {
  int64_t time_ms = 0;
  Point point;
};

// The last two samples of a window, floats and histograms together, the later one first.
std::array<TimedPoint, 2> LastTwo(const RangeWindow& window) {
  std::array<TimedPoint, 2> last;
  size_t f = window.FloatCount();
  size_t h = window.HistogramCount();
  for (TimedPoint& place : last) {
    const bool take_float =
        f > 0 && (h == 0 || window.Times()[f - 1] > window.HistogramTimes()[h - 1]);
    if (take_float) {
      --f;
      place = {window.Times()[f], Point::Float(window.Floats()[f])};
    } else {
      --h;
      place = {window.HistogramTimes()[h], Point::Of(window.Histograms()[h])};
    }
  }
  return last;
}

class InstantRateFunction final : public RangeFunction {
 public:
  InstantRateFunction(RangeCall& call, bool is_rate) : call_(call), is_rate_(is_rate) {}

  void StartSeries(const storage::Labels& labels, const storage::SampleColumns&) override {
    metric_ = labels.MetricName();
  }

  Point Apply(const RangeWindow& window) override {
    if (window.Count() < 2) return Point::None();
    const auto [last, previous] = LastTwo(window);
    if (last.point.kind != previous.point.kind) {
      call_.annotations().WarnMixedRange(call_.matrix.span, metric_);
      return Point::None();
    }
    const double seconds = static_cast<double>(last.time_ms - previous.time_ms) / kMillisPerSecond;
    if (seconds == 0) return Point::None();
    if (last.point.kind == PointKind::kFloat) {
      const bool reset = is_rate_ && last.point.value < previous.point.value;
      const double change = reset ? last.point.value : last.point.value - previous.point.value;
      return Point::Float(is_rate_ ? change / seconds : change);
    }
    return OfHistograms(previous.point.histogram, last.point.histogram, seconds);
  }

 private:
  Point OfHistograms(const HistogramPtr& previous, const HistogramPtr& last, double seconds) {
    const std::array<HistogramPtr, 2> pair = {previous, last};
    const std::optional<storage::Histogram> change =
        HistogramChange(pair, is_rate_, metric_, call_.matrix.span, &call_.annotations());
    if (!change.has_value()) return Point::None();
    if (!is_rate_) return Point::Of(*change);
    storage::Histogram rate = Divide(*change, seconds);
    rate.reset_hint = CounterResetHint::kGauge;
    return Point::Of(std::move(rate));
  }

  RangeCall& call_;
  const bool is_rate_;
  std::string_view metric_;
};

}  // namespace

RangeFunctionPtr MakeInstantRate(RangeCall& call) {
  const FunctionId id = call.call.function->id;
  if (id != FunctionId::kIrate && id != FunctionId::kIdelta) return nullptr;
  return std::make_unique<InstantRateFunction>(call, id == FunctionId::kIrate);
}

}  // namespace vigil::exec
