// SPDX-License-Identifier: Apache-2.0
//
// Aggregates of windows that slide over a column, without looking at the whole window at each step.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "query/exec/histogram/compensated.h"

namespace vigil::exec {

// Aggregates whose parts can be put together, but nothing taken out again: a sum from which a large
// value was subtracted has lost what it was before. So a window is kept in two parts. Of the front
// one it is known for each value what this and all behind it come to; the back one has one total.
// When the front is used up, the back becomes the front. Each value is looked at twice.
//
//   front: [ abc | bc | c ]   back: [ de ]      the window b..e is bc + de
//
// Part has Add(double) and Add(const Part&), which puts another one behind it.
template <typename Part>
class SlidingParts {
 public:
  explicit SlidingParts(std::span<const double> values) : values_(values) {}

  // The total of [begin, end). Requires: begin < end; neither goes back from call to call.
  Part Over(size_t begin, size_t end) {
    if (begin >= border_) MoveBorder(begin, end);
    for (; end_ < end; ++end_) back_.Add(values_[end_]);
    Part total = front_[border_ - 1 - begin];
    total.Add(back_);
    return total;
  }

 private:
  void MoveBorder(size_t begin, size_t end) {
    front_.clear();
    Part total;
    for (size_t i = end; i-- > begin;) {
      Part first;
      first.Add(values_[i]);
      first.Add(total);
      total = first;
      front_.push_back(total);
    }
    back_ = Part();
    border_ = end_ = end;
  }

  const std::span<const double> values_;
  std::vector<Part> front_;  // Of the values before the border, the last one first.
  Part back_;
  size_t border_ = 0;
  size_t end_ = 0;
};

// The smallest or largest value: a NaN only if there is nothing else.
template <bool kMax>
class Extreme {
 public:
  void Add(double value) {
    const bool beats = kMax ? value > value_ : value < value_;
    if (empty_ || beats || std::isnan(value_)) value_ = value;
    empty_ = false;
  }
  void Add(const Extreme& other) {
    if (!other.empty_) Add(other.value_);
  }
  double Result() const { return value_; }

 private:
  double value_ = 0;
  bool empty_ = true;
};

// The values of a window in their order, NaN first.
class SlidingOrder {
 public:
  explicit SlidingOrder(std::span<const double> values) : values_(values) {}

  // The values of [begin, end), sorted. Requires: begin < end; neither goes back.
  const std::vector<double>& Over(size_t begin, size_t end) {
    if (begin >= end_) {  // Nothing in common with the window before.
      sorted_.assign(values_.begin() + static_cast<ptrdiff_t>(begin),
                     values_.begin() + static_cast<ptrdiff_t>(end));
      std::sort(sorted_.begin(), sorted_.end(), Less);
    } else {
      for (; begin_ < begin; ++begin_) sorted_.erase(PlaceOf(values_[begin_]));
      for (; end_ < end; ++end_) sorted_.insert(PlaceOf(values_[end_]), values_[end_]);
    }
    begin_ = begin;
    end_ = end;
    return sorted_;
  }

  static bool Less(double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; }

 private:
  std::vector<double>::iterator PlaceOf(double value) {
    return std::lower_bound(sorted_.begin(), sorted_.end(), value, Less);
  }

  const std::span<const double> values_;
  std::vector<double> sorted_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace vigil::exec
