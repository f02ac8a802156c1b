// SPDX-License-Identifier: Apache-2.0
#include "query/exec/value.h"

#include <algorithm>

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include "base/status.h"
#include "base/wide.h"
#include "query/promql/lexer.h"

namespace vigil::exec {
namespace {

// Places of a vector's series by their labels, of which no copy is made.
struct LabelsAt {
  size_t operator()(size_t place) const { return vector->series[place].labels.Hash(); }
  bool operator()(size_t a, size_t b) const {
    return vector->series[a].labels == vector->series[b].labels;
  }
  const VectorValue* vector;
};

absl::Status MoveInto(const Column& from, Column* to) {
  for (size_t step = 0; step < from.size(); ++step) {
    if (!from.Has(step)) continue;
    if (to->Has(step)) {
      return absl::FailedPreconditionError("vector cannot contain metrics with the same labelset");
    }
    to->CopyFrom(from, step);
  }
  return absl::OkStatus();
}

}  // namespace

bool Column::Empty() const {
  return std::all_of(kinds_.begin(), kinds_.end(),
                     [](PointKind kind) { return kind == PointKind::kNone; });
}

Point Column::At(size_t step) const {
  if (kinds_[step] == PointKind::kHistogram) return Point::Of(histograms_[step]);
  return {kinds_[step], values_[step], nullptr};
}

void Column::SetHistogram(size_t step, HistogramPtr histogram) {
  if (histograms_.empty()) histograms_.resize(size());
  histograms_[step] = std::move(histogram);
  values_[step] = 0;
  kinds_[step] = PointKind::kHistogram;
}

void Column::Set(size_t step, const Point& point) {
  switch (point.kind) {
    case PointKind::kNone:
      return Clear(step);
    case PointKind::kFloat:
      return SetFloat(step, point.value);
    case PointKind::kHistogram:
      return SetHistogram(step, point.histogram);
  }
}

void Column::Clear(size_t step) {
  if (kinds_[step] == PointKind::kHistogram) histograms_[step].reset();
  values_[step] = 0;
  kinds_[step] = PointKind::kNone;
}

std::optional<Column::Stretch> Column::OneStretch() const {
  const auto at = [this](auto place) { return static_cast<size_t>(place - kinds_.begin()); };
  const auto begin = std::find(kinds_.begin(), kinds_.end(), PointKind::kFloat);
  if (begin == kinds_.end()) return std::nullopt;
  const auto end = std::find(kinds_.rbegin(), kinds_.rend(), PointKind::kFloat).base();
  // What is before `begin` and behind `end` has no float. Without a branch many are looked at at
  // once.
  const auto any_other = [](std::span<const PointKind> kinds, PointKind kind) {
    uint8_t other = 0;
    for (const PointKind one : kinds) other |= one != kind ? 1 : 0;
    return other;
  };
  const Stretch stretch = {at(begin), at(end)};
  const std::span<const PointKind> kinds = kinds_;
  const auto none = PointKind::kNone;
  if (Wide(any_other, kinds.subspan(stretch.begin, stretch.end - stretch.begin),
           PointKind::kFloat) != 0 ||
      Wide(any_other, kinds.first(stretch.begin), none) != 0 ||
      Wide(any_other, kinds.subspan(stretch.end), none) != 0) {
    return std::nullopt;
  }
  return stretch;
}

void Column::ClearHistograms() {
  if (histograms_.empty()) return;
  for (PointKind& kind : kinds_) {
    if (kind == PointKind::kHistogram) kind = PointKind::kNone;
  }
  histograms_.clear();
}

absl::Status VectorValue::Add(storage::Labels labels, Column column, bool drops_name) {
  if (column.Empty()) return absl::OkStatus();
  int64_t samples = static_cast<int64_t>(column.size()) + LabelWeight(labels);
  if (column.MayHaveHistograms()) {
    // Neighbouring steps often share one histogram; it is held once.
    const storage::Histogram* previous = nullptr;
    for (size_t step = 0; step < column.size(); ++step) {
      if (!column.HasHistogram(step) || column.histogram(step).get() == previous) continue;
      previous = column.histogram(step).get();
      samples += SampleWeight(*previous);
    }
  }
  VIGIL_RETURN_IF_ERROR(reservation.Add(samples));
  series.push_back({std::move(labels), std::move(column), drops_name});
  return absl::OkStatus();
}

absl::Status MergeSameLabels(VectorValue* vector) {
  std::vector<Series>& series = vector->series;
  absl::flat_hash_set<size_t, LabelsAt, LabelsAt> places(series.size(), LabelsAt{vector},
                                                         LabelsAt{vector});
  size_t kept = 0;
  for (size_t i = 0; i < series.size(); ++i) {
    if (kept != i) series[kept] = std::move(series[i]);
    const auto [first, inserted] = places.insert(kept);
    if (inserted) {
      ++kept;
    } else {
      VIGIL_RETURN_IF_ERROR(MoveInto(series[kept].column, &series[*first].column));
    }
  }
  series.erase(series.begin() + static_cast<std::ptrdiff_t>(kept), series.end());
  return absl::OkStatus();
}

absl::Status DropNames(VectorValue* vector) {
  for (Series& series : vector->series) {
    // Labels are sorted: mostly there is nothing to drop behind the first.
    const bool may_have =
        !series.labels.empty() && series.labels.begin()->name <= storage::kMetricUnit;
    if (may_have) series.labels = series.labels.WithoutMetadata();
  }
  return MergeSameLabels(vector);
}

absl::Status DropMarkedNames(VectorValue* vector) {
  for (Series& series : vector->series) {
    if (std::exchange(series.drops_name, false)) series.labels = series.labels.WithoutMetadata();
  }
  return MergeSameLabels(vector);
}

std::string InBraces(const storage::Labels& labels) {
  std::string text = "{";
  for (const storage::LabelView& label : labels) {
    const bool plain = promql::IsIdentifier(label.name);
    text += fmt::format("{}{}={}", text.size() > 1 ? ", " : "",
                        plain ? std::string(label.name) : storage::Quote(label.name),
                        storage::Quote(label.value));
  }
  return text + '}';
}

}  // namespace vigil::exec
