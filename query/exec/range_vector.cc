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

void FloatWindows::MakeFor(const std::vector<int64_t>& times_ms) {
  if (version_ != 0 && times_ms == times_ms_) return;
  ++version_;
  times_ms_ = times_ms;
  begins_.resize(times_.grid.count);
  ends_.resize(times_.grid.count);
  size_t begin = 0;
  size_t end = 0;
  for (size_t step = 0; step < begins_.size(); ++step) {
    Advance(times_ms_, start_ms(step), &begin);
    Advance(times_ms_, end_ms(step), &end);
    begins_[step] = static_cast<uint32_t>(begin);
    ends_[step] = static_cast<uint32_t>(end);
  }
}

}  // namespace vigil::exec
