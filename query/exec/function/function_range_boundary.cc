// SPDX-License-Identifier: Apache-2.0
//
// rate, increase, delta, changes and resets of ranges that are `anchored` or `smoothed`: values are
// known at the range's boundaries, so nothing is extrapolated. The windows of such ranges reach
// further than the range itself, by the lookback (see SelectRange). Histograms are ignored.
#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "query/exec/function/function_range.h"
#include "query/promql/ast.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

// The value at `time_ms` between two samples. A counter that was reset between them is taken to
// have begun at 0.
double Between(int64_t left_ms, double left, int64_t right_ms, double right, int64_t time_ms,
               bool is_counter) {
  if (is_counter && right < left) left = 0;
  const double share =
      static_cast<double>(time_ms - left_ms) / static_cast<double>(right_ms - left_ms);
  return left + (right - left) * share;
}

class BoundaryFunction final : public RangeFunction {
 public:
  BoundaryFunction(RangeCall& call, const promql::VectorSelector& selector)
      : call_(call),
        id_(call.call.function->id),
        smoothed_(selector.smoothed),
        lookback_ms_(call.evaluator.context().lookback_ms) {}

  void StartSeries(const storage::Labels& labels, const storage::SampleColumns&) override {
    labels_ = &labels;
  }

  Point Apply(const RangeWindow& window) override {
    const int64_t start_ms = SaturatingAdd(window.start_ms, lookback_ms_);
    const int64_t end_ms = smoothed_ ? SaturatingSub(window.end_ms, lookback_ms_) : window.end_ms;
    if (!Gather(window.Times(), window.Floats(), start_ms, end_ms)) return Point::None();
    if (id_ == FunctionId::kChanges || id_ == FunctionId::kResets) return Count();
    double change = values_.back() - values_.front();
    if (IsCounter()) {
      NoteCounter(call_, *labels_);
      for (size_t i = 1; i < values_.size(); ++i) {
        if (values_[i] < values_[i - 1]) change += values_[i - 1];
      }
    }
    if (id_ != FunctionId::kRate) return Point::Float(change);
    return Point::Float(change / (static_cast<double>(end_ms - start_ms) / kMillisPerSecond));
  }

 private:
  bool IsCounter() const { return id_ == FunctionId::kRate || id_ == FunctionId::kIncrease; }

  // Puts the values at both boundaries and those between them into values_. False if there is no
  // sample behind the range's start.
  bool Gather(std::span<const int64_t> times, std::span<const double> values, int64_t start_ms,
              int64_t end_ms) {
    const auto index = [times](auto at) { return static_cast<size_t>(at - times.begin()); };
    const size_t first = index(std::upper_bound(times.begin(), times.end(), start_ms));
    const size_t end = index(std::upper_bound(times.begin(), times.end(), end_ms));
    const bool smoothed_end = smoothed_ && end < times.size();
    if (first == times.size() || (end <= first && !smoothed_end)) return false;
    values_.clear();
    if (first > 0 && smoothed_) {
      values_.push_back(Between(times[first - 1], values[first - 1], times[first], values[first],
                                start_ms, IsCounter()));
    } else if (first > 0) {
      values_.push_back(values[first - 1]);
    }
    values_.insert(values_.end(), values.begin() + static_cast<std::ptrdiff_t>(first),
                   values.begin() + static_cast<std::ptrdiff_t>(end));
    if (smoothed_end) AddEnd(times, values, end, end_ms);
    return true;
  }

  // The value at the end of a smoothed range: between the samples around it, or the one behind it.
  void AddEnd(std::span<const int64_t> times, std::span<const double> values, size_t end,
              int64_t end_ms) {
    if (end == 0) {
      values_.push_back(values[0]);
    } else if (times[end - 1] < end_ms) {
      values_.push_back(
          Between(times[end - 1], values[end - 1], times[end], values[end], end_ms, IsCounter()));
    }
  }

  Point Count() const {
    double count = 0;
    for (size_t i = 1; i < values_.size(); ++i) {
      const double before = values_[i - 1];
      const double now = values_[i];
      const bool counts = id_ == FunctionId::kResets
                              ? now < before
                              : now != before && !(std::isnan(now) && std::isnan(before));
      count += counts ? 1 : 0;
    }
    return Point::Float(count);
  }

  RangeCall& call_;
  const FunctionId id_;
  const bool smoothed_;
  const int64_t lookback_ms_;
  const storage::Labels* labels_ = nullptr;
  std::vector<double> values_;
};

}  // namespace

RangeFunctionPtr MakeBoundary(RangeCall& call) {
  const promql::Expr& inner = Unwrap(call.matrix);
  if (inner.kind != promql::ExprKind::kMatrixSelector) return nullptr;
  const promql::VectorSelector& selector = *promql::As<promql::MatrixSelector>(inner).selector;
  if (!selector.anchored && !selector.smoothed) return nullptr;
  return std::make_unique<BoundaryFunction>(call, selector);
}

}  // namespace vigil::exec
