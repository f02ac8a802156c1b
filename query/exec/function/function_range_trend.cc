// SPDX-License-Identifier: Apache-2.0
//
// deriv, predict_linear and double_exponential_smoothing: where the floats of a window are heading.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/strings.h"
#include "query/exec/function/function_range.h"
#include "query/exec/histogram/compensated.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

struct Line {
  double slope;  // Per second.
  double intercept;
};

// The least-squares line, with 0 seconds at `origin_ms`.
Line FitLine(const RangeWindow& window, int64_t origin_ms) {
  const std::span<const double> values = window.Floats();
  const double first = values.front();
  if (std::all_of(values.begin(), values.end(), [first](double v) { return v == first; })) {
    if (std::isfinite(first)) return {0, first};
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan};
  }
  CompensatedSum xs;
  CompensatedSum ys;
  CompensatedSum xys;
  CompensatedSum xxs;
  for (size_t i = 0; i < values.size(); ++i) {
    const double x =
        static_cast<double>(SaturatingSub(window.Times()[i], origin_ms)) / kMillisPerSecond;
    xs.Add(x);
    ys.Add(values[i]);
    xys.Add(x * values[i]);
    xxs.Add(x * x);
  }
  const auto n = static_cast<double>(values.size());
  const double covariance = xys.Result() - xs.Result() * ys.Result() / n;
  const double variance = xxs.Result() - xs.Result() * xs.Result() / n;
  const double slope = covariance / variance;
  return {slope, ys.Result() / n - slope * xs.Result() / n};
}

// What the three share: two floats are needed, histograms are ignored.
class TrendFunction : public RangeFunction {
 public:
  explicit TrendFunction(RangeCall& call) : call_(call) {}
  void StartSeries(const storage::Labels& labels, const storage::SampleColumns&) override {
    metric_ = labels.MetricName();
  }
  Point Apply(const RangeWindow& window) final {
    Check(window.step);
    if (window.IsMixed()) call_.annotations().InfoIgnoredInRange(call_.matrix.span, metric_);
    return window.FloatCount() < 2 ? Point::None() : Point::Float(Trend(window));
  }

 protected:
  // Looks at the parameters, once there is any sample.
  virtual void Check(size_t step) {}
  virtual double Trend(const RangeWindow& window) = 0;
  RangeCall& call_;

 private:
  std::string_view metric_;
};

class DerivFunction final : public TrendFunction {
 public:
  using TrendFunction::TrendFunction;

 protected:
  double Trend(const RangeWindow& window) override {
    return FitLine(window, window.Times().front()).slope;
  }
};

class PredictFunction final : public TrendFunction {
 public:
  using TrendFunction::TrendFunction;

 protected:
  double Trend(const RangeWindow& window) override {
    const Line line = FitLine(window, call_.evaluator.grid().At(window.step));
    return line.slope * call_.scalars[0].values[window.step] + line.intercept;
  }
};

class SmoothingFunction final : public TrendFunction {
 public:
  using TrendFunction::TrendFunction;
  absl::Status error() const override { return error_; }

 protected:
  void Check(size_t step) override {
    CheckFactor("smoothing", "sf", call_.scalars[0].values[step]);
    CheckFactor("trend", "tf", call_.scalars[1].values[step]);
  }
  double Trend(const RangeWindow& window) override {
    const std::span<const double> values = window.Floats();
    const double smoothing = call_.scalars[0].values[window.step];
    const double trending = call_.scalars[1].values[window.step];
    double before = 0;
    double smoothed = values[0];
    double trend = values[1] - values[0];
    for (size_t i = 1; i < values.size(); ++i) {
      if (i > 1) trend = trending * (smoothed - before) + (1 - trending) * trend;
      before = smoothed;
      smoothed = smoothing * values[i] + (1 - smoothing) * (smoothed + trend);
    }
    return smoothed;
  }

 private:
  void CheckFactor(std::string_view name, std::string_view letters, double factor) {
    if ((factor > 0 && factor < 1) || !error_.ok()) return;
    error_ = absl::FailedPreconditionError(
        fmt::format("invalid {} factor. Expected: 0 < {} < 1, got: {}", name, letters,
                    std::isfinite(factor) ? fmt::format("{:f}", factor) : FormatValue(factor)));
  }

  absl::Status error_;
};

}  // namespace

absl::StatusOr<RangeFunctionPtr> MakeTrend(RangeCall& call) {
  switch (call.call.function->id) {
    case FunctionId::kDeriv:
      return std::make_unique<DerivFunction>(call);
    case FunctionId::kPredictLinear:
      return std::make_unique<PredictFunction>(call);
    case FunctionId::kDoubleExponentialSmoothing:
      return std::make_unique<SmoothingFunction>(call);
    default:
      return absl::InternalError("BUG: no such function of range vectors");
  }
}

}  // namespace vigil::exec
