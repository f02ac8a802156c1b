// SPDX-License-Identifier: Apache-2.0
//
// The samples of one series as they came: whatever order, several for one instant, floats and
// histograms mixed; and how they are put in order.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/duration.h"
#include "storage/model/sample.h"

namespace vigil::storage {

struct HeadSample {
  int64_t time_ms = 0;
  double value = 0;
};

struct HeadHistogram {
  int64_t time_ms = 0;
  // How many floats were appended before: of a float and a histogram for one instant the later one
  // counts.
  uint32_t floats_before = 0;
  std::shared_ptr<const Histogram> histogram;
};

// Not thread-safe.
class HeadColumns {
 public:
  // About what a histogram takes in memory, bytes.
  static size_t SizeOf(const Histogram& histogram);

  void Append(int64_t time_ms, double value) {
    if (!floats_.empty() && time_ms <= floats_.back().time_ms) sorted_ = false;
    floats_.push_back({time_ms, value});
  }
  void Append(int64_t time_ms, std::shared_ptr<const Histogram> histogram);

  bool empty() const { return floats_.empty() && histograms_ == nullptr; }

  // Sorts by time and keeps, of the samples for one instant, the last appended.
  void Normalize();

  // Appends the samples in `range` to `*columns`. Requires: normalized.
  void AppendTo(TimeRange range, SampleColumns* columns) const;

 private:
  using Histograms = std::vector<HeadHistogram>;

  void NormalizeMixed();

  std::vector<HeadSample> floats_;
  std::unique_ptr<Histograms> histograms_;  // Null until needed: most series have none.
  bool sorted_ = true;                      // Times of floats_ ascend strictly, no histograms_.
};

}  // namespace vigil::storage
