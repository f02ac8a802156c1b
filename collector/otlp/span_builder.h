// SPDX-License-Identifier: Apache-2.0
//
// Buckets of a native histogram as spans and counts.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/model/histogram.h"

namespace vigil::collector {

// Adds buckets in ascending order of index and keeps them as spans.
class SpanBuilder {
 public:
  SpanBuilder(std::vector<storage::BucketSpan>* spans, std::vector<double>* counts)
      : spans_(*spans), counts_(*counts) {}

  void Add(int64_t index, double count) {
    if (count == 0) return;
    if (!spans_.empty() && index == last_) {
      counts_.back() += count;
      return;
    }
    const int64_t gap = spans_.empty() ? index : index - last_ - 1;
    if (spans_.empty() || gap > kMaxFilledGap) {
      spans_.push_back({static_cast<int32_t>(gap), 0});
    } else {
      counts_.insert(counts_.end(), gap, 0);
      spans_.back().length += static_cast<uint32_t>(gap);
    }
    counts_.push_back(count);
    ++spans_.back().length;
    last_ = index;
  }

 private:
  // A gap this short is cheaper as empty buckets than as a new span.
  static constexpr int64_t kMaxFilledGap = 2;

  std::vector<storage::BucketSpan>& spans_;
  std::vector<double>& counts_;
  int64_t last_ = 0;
};

}  // namespace vigil::collector
