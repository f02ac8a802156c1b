// SPDX-License-Identifier: Apache-2.0
//
// What a node of an expression gives, for all steps of the evaluation at once: columns.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <absl/status/status.h>

#include "query/exec/limits.h"
#include "storage/model/histogram.h"
#include "storage/series/labels.h"

namespace vigil::exec {

using HistogramPtr = std::shared_ptr<const storage::Histogram>;

enum class PointKind : uint8_t { kNone = 0, kFloat = 1, kHistogram = 2 };

// One point, or none.
struct Point {
  PointKind kind = PointKind::kNone;
  double value = 0;
  HistogramPtr histogram;

  static Point None() { return {}; }
  static Point Float(double value) { return {PointKind::kFloat, value, nullptr}; }
  static Point Of(HistogramPtr histogram) {
    return {PointKind::kHistogram, 0, std::move(histogram)};
  }
  static Point Of(storage::Histogram histogram) {
    return Of(std::make_shared<const storage::Histogram>(std::move(histogram)));
  }
};

// The points of one series, one place per step. Presence is kept beside the values, so every double
// may be a value. Where there is no float the value is 0.
class Column {
 public:
  Column() = default;
  explicit Column(size_t steps) : values_(steps, 0.0), kinds_(steps, PointKind::kNone) {}

  size_t size() const { return kinds_.size(); }
  PointKind kind(size_t step) const { return kinds_[step]; }
  bool Has(size_t step) const { return kinds_[step] != PointKind::kNone; }
  bool HasFloat(size_t step) const { return kinds_[step] == PointKind::kFloat; }
  bool HasHistogram(size_t step) const { return kinds_[step] == PointKind::kHistogram; }
  double value(size_t step) const { return values_[step]; }
  // Requires: HasHistogram(step).
  const HistogramPtr& histogram(size_t step) const { return histograms_[step]; }
  // Whether histograms may be among the points.
  bool MayHaveHistograms() const { return !histograms_.empty(); }
  bool Empty() const;
  Point At(size_t step) const;

  void SetFloat(size_t step, double value) {
    if (kinds_[step] == PointKind::kHistogram) histograms_[step].reset();
    values_[step] = value;
    kinds_[step] = PointKind::kFloat;
  }
  // Requires: no point was set at the step.
  void PutFloat(size_t step, double value) {
    values_[step] = value;
    kinds_[step] = PointKind::kFloat;
  }
  // One per step.
  std::span<const double> values() const { return values_; }
  // Puts a float at each step of [begin, end), for the caller to fill in. Requires: no histogram
  // was set there.
  std::span<double> SetFloats(size_t begin, size_t end) {
    const auto first = kinds_.begin() + static_cast<ptrdiff_t>(begin);
    std::fill(first, kinds_.begin() + static_cast<ptrdiff_t>(end), PointKind::kFloat);
    return std::span(values_).subspan(begin, end - begin);
  }
  // The steps [begin, end) with floats, if there are any, they are neighbours, and there is nothing
  // else: nearly always.
  struct Stretch {
    size_t begin = 0;
    size_t end = 0;
  };
  std::optional<Stretch> OneStretch() const;
  void SetHistogram(size_t step, HistogramPtr histogram);
  void Set(size_t step, const Point& point);
  void CopyFrom(const Column& other, size_t step) { Set(step, other.At(step)); }
  void Clear(size_t step);
  // Takes all points out.
  void Reset() {
    std::fill(values_.begin(), values_.end(), 0.0);
    std::fill(kinds_.begin(), kinds_.end(), PointKind::kNone);
    histograms_.clear();
  }
  // Leaves floats only.
  void ClearHistograms();

 private:
  std::vector<double> values_;
  std::vector<PointKind> kinds_;
  std::vector<HistogramPtr> histograms_;  // Empty, or one per step.
};

struct Series {
  storage::Labels labels;
  Column column;
  bool drops_name = false;  // In the end; only where names are not dropped at once.
};

// An instant vector at every step.
struct VectorValue {
  explicit VectorValue(QueryLimits& limits) : reservation(limits) {}

  // Appends a series after accounting for it; one without points is left out.
  absl::Status Add(storage::Labels labels, Column column, bool drops_name = false);

  std::vector<Series> series;
  Reservation reservation;
};

// A scalar at every step.
struct ScalarValue {
  std::vector<double> values;
  Reservation reservation;
};

using Value = std::variant<ScalarValue, VectorValue, std::string>;

// Makes one series out of those that have the same labels, at the place of the first of them.
// FailedPrecondition if two of them have a point at the same step.
absl::Status MergeSameLabels(VectorValue* vector);

// Removes the name, and the labels that go with it, from every series, then merges.
absl::Status DropNames(VectorValue* vector);
// From those only of which it was put off.
absl::Status DropMarkedNames(VectorValue* vector);

// `labels` in braces, the name as a label among them, as error messages show them.
std::string InBraces(const storage::Labels& labels);

}  // namespace vigil::exec
