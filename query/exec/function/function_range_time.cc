// SPDX-License-Identifier: Apache-2.0
//
// ts_of_*_over_time: when a sample of the window was, in seconds.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/clock.h"
#include "query/exec/function/function_range.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

int64_t FirstTime(const RangeWindow& window) {
  int64_t first = std::numeric_limits<int64_t>::max();
  if (window.FloatCount() > 0) first = window.Times().front();
  if (window.HistogramCount() > 0) first = std::min(first, window.HistogramTimes().front());
  return first;
}

int64_t LastTime(const RangeWindow& window) {
  int64_t last = std::numeric_limits<int64_t>::min();
  if (window.FloatCount() > 0) last = window.Times().back();
  if (window.HistogramCount() > 0) last = std::max(last, window.HistogramTimes().back());
  return last;
}

// Of the last sample that has the extreme value. Requires: there are floats.
int64_t ExtremeTime(const RangeWindow& window, bool want_max) {
  const std::span<const double> values = window.Floats();
  size_t found = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    const bool at_least = want_max ? values[i] >= values[found] : values[i] <= values[found];
    if (at_least || std::isnan(values[found])) found = i;
  }
  return window.Times()[found];
}

class TimeOfFunction final : public RangeFunction {
 public:
  explicit TimeOfFunction(RangeCall& call) : call_(call), id_(call.call.function->id) {}

  void StartSeries(const storage::Labels& labels, const storage::SampleColumns&) override {
    metric_ = labels.MetricName();
  }
  Point Apply(const RangeWindow& window) override {
    if (id_ == FunctionId::kTsOfFirstOverTime) return InSeconds(FirstTime(window));
    if (id_ == FunctionId::kTsOfLastOverTime) return InSeconds(LastTime(window));
    if (window.FloatCount() == 0) return Point::None();
    if (window.IsMixed()) call_.annotations().InfoIgnoredInRange(call_.matrix.span, metric_);
    return InSeconds(ExtremeTime(window, id_ == FunctionId::kTsOfMaxOverTime));
  }

 private:
  static Point InSeconds(int64_t ms) {
    return Point::Float(static_cast<double>(ms) / kMillisPerSecond);
  }

  RangeCall& call_;
  const FunctionId id_;
  std::string_view metric_;
};

}  // namespace

RangeFunctionPtr MakeTimeOf(RangeCall& call) {
  switch (call.call.function->id) {
    case FunctionId::kTsOfFirstOverTime:
    case FunctionId::kTsOfLastOverTime:
    case FunctionId::kTsOfMaxOverTime:
    case FunctionId::kTsOfMinOverTime:
      return std::make_unique<TimeOfFunction>(call);
    default:
      return nullptr;
  }
}

}  // namespace vigil::exec
