// SPDX-License-Identifier: Apache-2.0
//
// What a query took: time by its parts, and the samples that it looked at, counted as Prometheus
// does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "query/exec/range_vector.h"
#include "query/exec/value.h"

namespace vigil::exec {

// Samples looked at, by step. Of a selector each step's sample counts, of a range each in the
// step's window, and nothing of what is below a subquery but what comes out of it. Thread-safe.
class SampleCounts {
 public:
  explicit SampleCounts(size_t steps) : counts_(steps) {}

  void Add(size_t step, int64_t samples) {
    counts_[step].fetch_add(samples, std::memory_order_relaxed);
  }
  void AddToAll(int64_t samples) {
    for (size_t step = 0; step < counts_.size(); ++step) Add(step, samples);
  }
  // The points of a selected series, and those in the windows of one.
  void AddColumn(const Column& column);
  void AddWindows(const RangeVector& range, const storage::SampleColumns& samples);

  int64_t at(size_t step) const { return counts_[step].load(std::memory_order_relaxed); }
  size_t steps() const { return counts_.size(); }

 private:
  std::vector<std::atomic<int64_t>> counts_;
};

}  // namespace vigil::exec
