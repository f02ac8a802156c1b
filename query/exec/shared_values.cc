// SPDX-License-Identifier: Apache-2.0
#include "query/exec/shared_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/status.h"
#include "query/promql/operation.h"

namespace vigil::exec {
namespace {

using promql::BinaryOp;

// Sorting costs as much as some comparisons of everything.
constexpr uint32_t kComparisonsBeforeRanking = 4;

// Nobody waits for shared values alone: the queries that ask for them have deadlines.
constexpr int64_t kNoTimeoutMs = int64_t{365} * 24 * 3600 * 1000;

int64_t WeightOf(const std::vector<Series>& series) {
  int64_t weight = 0;
  for (const Series& one : series) {
    weight += 1 + LabelWeight(one.labels);
    if (one.column.HasHistogram(0)) weight += SampleWeight(*one.column.histogram(0));
  }
  return weight;
}

bool IsOrder(BinaryOp op) {
  return op == BinaryOp::kGreater || op == BinaryOp::kGreaterOrEqual || op == BinaryOp::kLess ||
         op == BinaryOp::kLessOrEqual || op == BinaryOp::kEqual;
}

}  // namespace

void SharedVector::Rank() {
  ranked_.reserve(series_.size());
  for (size_t i = 0; i < series_.size(); ++i) {
    const Column& column = series_[i].column;
    has_histograms_ |= column.HasHistogram(0);
    if (!column.HasFloat(0) || std::isnan(column.value(0))) continue;
    ranked_.push_back({column.value(0), static_cast<uint32_t>(i)});
  }
  std::sort(ranked_.begin(), ranked_.end(),
            [](const Ranked& a, const Ranked& b) { return a.value < b.value; });
}

std::optional<std::vector<uint32_t>> SharedVector::LookThrough(BinaryOp op,
                                                               double threshold) const {
  std::vector<uint32_t> found;
  for (size_t i = 0; i < series_.size(); ++i) {
    const Column& column = series_[i].column;
    if (column.HasHistogram(0)) return std::nullopt;
    double ignored = 0;
    if (column.HasFloat(0) && promql::FloatOperation(op, column.value(0), threshold, &ignored)) {
      found.push_back(static_cast<uint32_t>(i));
    }
  }
  return found;
}

std::optional<std::vector<uint32_t>> SharedVector::Beyond(BinaryOp op, double threshold) {
  if (!IsOrder(op)) return std::nullopt;
  if (++compared_ < kComparisonsBeforeRanking) return LookThrough(op, threshold);
  if (compared_ == kComparisonsBeforeRanking) Rank();
  if (has_histograms_) return std::nullopt;
  std::vector<uint32_t> found;
  if (std::isnan(threshold)) return found;
  const auto equal_begin =
      std::lower_bound(ranked_.begin(), ranked_.end(), threshold,
                       [](const Ranked& ranked, double value) { return ranked.value < value; });
  const auto equal_end =
      std::upper_bound(equal_begin, ranked_.end(), threshold,
                       [](double value, const Ranked& ranked) { return value < ranked.value; });
  const bool up = op == BinaryOp::kGreater || op == BinaryOp::kGreaterOrEqual;
  const bool down = op == BinaryOp::kLess || op == BinaryOp::kLessOrEqual;
  const bool with_equal = op != BinaryOp::kGreater && op != BinaryOp::kLess;
  const auto begin = down ? ranked_.begin() : (with_equal ? equal_begin : equal_end);
  const auto end = up ? ranked_.end() : (with_equal ? equal_end : equal_begin);
  for (auto ranked = begin; ranked != end; ++ranked) found.push_back(ranked->series);
  std::sort(found.begin(), found.end());
  return found;
}

SharedValues::SharedValues(const CommonNodes* nodes, int64_t time_ms, int64_t max_samples,
                           KeptSelections* kept)
    : nodes_(nodes),
      time_ms_(time_ms),
      limits_(max_samples, kNoTimeoutMs, nullptr),
      values_(nodes->size()),
      kept_(kept) {}

absl::StatusOr<SharedVector*> SharedValues::Get(const promql::Expr& node, Make make) {
  std::unique_ptr<Held>& held = values_[nodes_->Find(node)];
  if (held == nullptr) {
    VIGIL_ASSIGN_OR_RETURN(VectorValue value, make());
    Reservation reservation(limits_);
    VIGIL_RETURN_IF_ERROR(reservation.Add(WeightOf(value.series)));
    held = std::make_unique<Held>(std::move(value));
    held->reservation = std::move(reservation);
  }
  return &held->vector;
}

void SharedValues::Forget(absl::FunctionRef<bool(const promql::Expr& node)> stale) {
  for (uint32_t number = 0; number < values_.size(); ++number) {
    if (values_[number] != nullptr && stale(nodes_->Example(number))) values_[number].reset();
  }
}

}  // namespace vigil::exec
