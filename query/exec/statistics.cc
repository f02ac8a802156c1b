// SPDX-License-Identifier: Apache-2.0
#include "query/exec/statistics.h"

namespace vigil::exec {

void SampleCounts::AddColumn(const Column& column) {
  for (size_t step = 0; step < column.size(); ++step) {
    if (column.HasFloat(step)) {
      Add(step, 1);
    } else if (column.HasHistogram(step)) {
      Add(step, SampleWeight(*column.histogram(step)));
    }
  }
}

void SampleCounts::AddWindows(const RangeVector& range, const storage::SampleColumns& samples) {
  // Sums of weights up to each histogram, so that a window costs a subtraction.
  std::vector<int64_t> weights(samples.histograms.size() + 1);
  for (size_t i = 0; i < samples.histograms.size(); ++i) {
    weights[i + 1] = weights[i] + SampleWeight(*samples.histograms[i]);
  }
  WindowCursor cursor(range, samples);
  for (size_t step = 0; step < counts_.size(); ++step) {
    const RangeWindow& window = cursor.MoveTo(step);
    const int64_t count = static_cast<int64_t>(window.FloatCount()) +
                          weights[window.histogram_end] - weights[window.histogram_begin];
    if (count > 0) Add(step, count);
  }
}

}  // namespace vigil::exec
