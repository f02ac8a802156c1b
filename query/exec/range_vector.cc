// SPDX-License-Identifier: Apache-2.0
#include "query/exec/range_vector.h"

#include <vector>

namespace vigil::exec {
namespace {

// Moves `*index` behind the last of `times` that is <= `limit_ms`.
void Advance(const std::vector<int64_t>& times, int64_t limit_ms, size_t* index) {
  while (*index < times.size() && times[*index] <= limit_ms) ++*index;
}

// With more of them, what a window shares with the one before is worth more than doing without.
constexpr int64_t kMostPanes = 64;

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
  FindPanes();
}

FloatWindows::FloatWindows(const RangeVector& range)
    : times_(range.times()),
      range_ms_(range.range_ms()),
      panes_(range_ms_ > 0 && times_.grid.step_ms > 0 && range_ms_ % times_.grid.step_ms == 0 &&
                     range_ms_ / times_.grid.step_ms <= kMostPanes
                 ? static_cast<size_t>(range_ms_ / times_.grid.step_ms)
                 : 0) {}

void FloatWindows::FindPanes() {
  pane_bounds_.clear();
  if (panes_ == 0 || begins_.size() < panes_) return;
  for (size_t step = panes_; step < begins_.size(); ++step) {
    if (begins_[step] != ends_[step - panes_]) return;
  }
  if (begins_[panes_ - 1] > ends_[0]) return;
  pane_bounds_.assign(begins_.begin(), begins_.begin() + static_cast<ptrdiff_t>(panes_));
  pane_bounds_.insert(pane_bounds_.end(), ends_.begin(), ends_.end());
}

}  // namespace vigil::exec
