// SPDX-License-Identifier: Apache-2.0
#include "query/exec/range_vector.h"

#include <vector>

namespace vigil::exec {
namespace {

// Moves `*index` behind the last of `times` that is <= `limit_ms`.
void Advance(const std::vector<int64_t>& times, int64_t limit_ms, size_t* index) {
  while (*index < times.size() && times[*index] <= limit_ms) ++*index;
}

}  // namespace

const RangeWindow& WindowCursor::MoveTo(size_t step) {
  window_.step = step;
  window_.end_ms = times_.At(step);
  window_.start_ms = SaturatingSub(window_.end_ms, range_ms_);
  const storage::SampleColumns& samples = *window_.samples;
  Advance(samples.times_ms, window_.start_ms, &window_.float_begin);
  Advance(samples.times_ms, window_.end_ms, &window_.float_end);
  Advance(samples.histogram_times_ms, window_.start_ms, &window_.histogram_begin);
  Advance(samples.histogram_times_ms, window_.end_ms, &window_.histogram_end);
  return window_;
}

}  // namespace vigil::exec
