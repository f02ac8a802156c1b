// SPDX-License-Identifier: Apache-2.0
//
// Aggregates of windows that are made of panes (see FloatWindows): first of each pane, then of the
// panes of each window, many windows at once. Nothing waits for what was computed just before, so
// this takes a fraction of the time of parts that slide along (sliding.h).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "base/wide.h"
#include "query/exec/histogram/compensated.h"
#include "query/exec/range_vector.h"

namespace vigil::exec {

// Steps whose panes are put together at once: they stay in the nearest cache.
inline constexpr size_t kPaneSteps = 256;

// The compensated sum of each window; 0 of windows without samples. Made once for many series.
class PaneSums {
 public:
  // Requires: windows.panes() > 0.
  void Make(const FloatWindows& windows, std::span<const double> values) {
    const std::span<const uint32_t> bounds = windows.pane_bounds();
    const size_t panes = bounds.size() - 1;
    pane_sums_.resize(panes);
    pane_lost_.resize(panes);
    for (size_t pane = 0; pane < panes; ++pane) {
      double sum = 0;
      double lost = 0;
      for (size_t i = bounds[pane]; i < bounds[pane + 1]; ++i) {
        CompensatedSum::Add(values[i], &sum, &lost);
      }
      pane_sums_[pane] = sum;
      pane_lost_[pane] = lost;
    }
    sums_.assign(windows.steps(), 0.0);
    lost_.assign(windows.steps(), 0.0);
    for (size_t begin = 0; begin < windows.steps(); begin += kPaneSteps) {
      const size_t size = std::min(kPaneSteps, windows.steps() - begin);
      for (size_t pane = 0; pane < windows.panes(); ++pane) AddPane(begin, size, begin + pane);
    }
  }

  bool Overflowed(size_t step) const { return std::isinf(sums_[step]); }
  double Of(size_t step) const { return sums_[step] + lost_[step]; }

 private:
  // To `size` windows from that of step `begin` on, one pane each, from `pane` on.
  void AddPane(size_t begin, size_t size, size_t pane) {
    Wide(
        [](std::span<const double> pane_sums, const double* pane_lost, double* sums, double* lost) {
          for (size_t i = 0; i < pane_sums.size(); ++i) {
            CompensatedSum::Add(pane_sums[i], &sums[i], &lost[i]);
            const bool finite = std::fabs(sums[i]) <= std::numeric_limits<double>::max();
            lost[i] += finite ? pane_lost[i] : 0;
          }
        },
        std::span<const double>(pane_sums_).subspan(pane, size), pane_lost_.data() + pane,
        sums_.data() + begin, lost_.data() + begin);
  }

  std::vector<double> pane_sums_;
  std::vector<double> pane_lost_;
  std::vector<double> sums_;
  std::vector<double> lost_;
};

// The smallest or largest value of each window: a NaN only if there is nothing else.
template <bool kMax>
class PaneExtremes {
 public:
  // Requires: windows.panes() > 0.
  void Make(const FloatWindows& windows, std::span<const double> values) {
    constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
    const std::span<const uint32_t> bounds = windows.pane_bounds();
    panes_.resize(bounds.size() - 1);
    for (size_t pane = 0; pane < panes_.size(); ++pane) {
      double extreme = kNothing;
      for (size_t i = bounds[pane]; i < bounds[pane + 1]; ++i) {
        extreme = Better(values[i], extreme);
      }
      panes_[pane] = extreme;
    }
    extremes_.assign(windows.steps(), kNothing);
    for (size_t begin = 0; begin < windows.steps(); begin += kPaneSteps) {
      const size_t size = std::min(kPaneSteps, windows.steps() - begin);
      for (size_t pane = 0; pane < windows.panes(); ++pane) AddPane(begin, size, begin + pane);
    }
  }

  double Of(size_t step) const { return extremes_[step]; }

 private:
  static double Better(double value, double extreme) {
    const bool beats = kMax ? value > extreme : value < extreme;
    return beats | std::isnan(extreme) ? value : extreme;
  }

  void AddPane(size_t begin, size_t size, size_t pane) {
    Wide(
        [](std::span<const double> panes, double* extremes) {
          for (size_t i = 0; i < panes.size(); ++i) extremes[i] = Better(panes[i], extremes[i]);
        },
        std::span<const double>(panes_).subspan(pane, size), extremes_.data() + begin);
  }

  std::vector<double> panes_;
  std::vector<double> extremes_;
};

}  // namespace vigil::exec
