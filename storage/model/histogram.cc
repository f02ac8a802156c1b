// SPDX-License-Identifier: Apache-2.0
#include "storage/model/histogram.h"

#include <algorithm>
#include <bit>

namespace vigil::storage {
namespace {

bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return SameBits(x, y); });
}

}  // namespace

bool operator==(const Histogram& a, const Histogram& b) {
  return a.schema == b.schema && a.reset_hint == b.reset_hint &&
         SameBits(a.zero_threshold, b.zero_threshold) && SameBits(a.zero_count, b.zero_count) &&
         SameBits(a.count, b.count) && SameBits(a.sum, b.sum) &&
         a.positive_spans == b.positive_spans && a.negative_spans == b.negative_spans &&
         SameBits(a.positive_counts, b.positive_counts) &&
         SameBits(a.negative_counts, b.negative_counts) &&
         SameBits(a.custom_bounds, b.custom_bounds);
}

}  // namespace vigil::storage
