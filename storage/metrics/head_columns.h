// SPDX-License-Identifier: Apache-2.0
//
// The open columns of one series: its samples in the order in which they came, with what it takes
// to put them in order later.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/duration.h"
#include "storage/model/sample.h"

namespace vigil::storage {

// Time and value stand side by side: appending touches one cache line.
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
  // Returns by how many bytes the columns grew.
  size_t Append(int64_t time_ms, double value) {
    if (!floats_.empty() && time_ms <= floats_.back().time_ms) sorted_ = false;
    size_t grown = 0;
    if (floats_.size() == floats_.capacity()) [[unlikely]]
      grown = Grow();
    floats_.push_back({time_ms, value});
    return grown;
  }
  size_t Append(int64_t time_ms, std::shared_ptr<const Histogram> histogram);

  bool empty() const { return floats_.empty() && histograms_ == nullptr; }

  // Sorts by time and keeps, of the samples for one instant, the last appended.
  void Normalize();

  // The samples in `range` as a copy that Normalize may still have to put in order; may hold others
  // too.
  HeadColumns Copy(TimeRange range) const;

  // Appends the samples in `range` to `*columns`. Requires: normalized.
  void AppendTo(TimeRange range, SampleColumns* columns) const;

 private:
  using Histograms = std::vector<HeadHistogram>;

  size_t Grow();
  void NormalizeMixed();

  std::vector<HeadSample> floats_;
  std::unique_ptr<Histograms> histograms_;  // Null until needed: most series have none.
  bool sorted_ = true;                      // Times of floats_ ascend strictly, no histograms_.
};

}  // namespace vigil::storage
