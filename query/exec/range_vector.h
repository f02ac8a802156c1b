// SPDX-License-Identifier: Apache-2.0
//
// Range vectors: series with all samples that any step's window needs, read one series at a time,
// and the window that slides over them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <absl/status/statusor.h>

#include "query/exec/limits.h"
#include "query/exec/steps.h"
#include "query/exec/value.h"
#include "storage/model/sample.h"

namespace vigil::exec {

// One window (start_ms, end_ms] of a series: indexes into its columns.
struct RangeWindow {
  const storage::SampleColumns* samples = nullptr;
  size_t step = 0;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  size_t float_begin = 0;
  size_t float_end = 0;
  size_t histogram_begin = 0;
  size_t histogram_end = 0;

  size_t FloatCount() const { return float_end - float_begin; }
  size_t HistogramCount() const { return histogram_end - histogram_begin; }
  size_t Count() const { return FloatCount() + HistogramCount(); }
  bool IsMixed() const { return FloatCount() > 0 && HistogramCount() > 0; }

  std::span<const double> Floats() const {
    return {samples->values.data() + float_begin, FloatCount()};
  }
  std::span<const int64_t> Times() const {
    return {samples->times_ms.data() + float_begin, FloatCount()};
  }
  std::span<const HistogramPtr> Histograms() const {
    return {samples->histograms.data() + histogram_begin, HistogramCount()};
  }
  std::span<const int64_t> HistogramTimes() const {
    return {samples->histogram_times_ms.data() + histogram_begin, HistogramCount()};
  }
};

// Where the samples of one series are kept while they are looked at.
struct RangeBuffer {
  storage::SampleColumns samples;
  Reservation held;
};

// The series of a matrix selector or a subquery, without staleness markers. Thread-safe.
class RangeVector {
 public:
  RangeVector(const LookupTimes& times, int64_t range_ms) : times_(times), range_ms_(range_ms) {}
  virtual ~RangeVector() = default;

  virtual size_t size() const = 0;
  // See SeriesSource::ReadOrder.
  virtual std::vector<uint32_t> ReadOrder() const { return {}; }
  virtual const storage::Labels& labels(size_t series) const = 0;
  // The same, moved out where that saves a copy: labels() of the series is not asked for any more.
  virtual storage::Labels TakeLabels(size_t series) { return labels(series); }
  // Whether the series as it stands, and not a function of it, loses its name in the end.
  virtual bool DropsName(size_t series) const { return false; }
  // Reads into `*buffer` the samples of a series for the windows of all steps.
  virtual absl::Status Read(size_t series, RangeBuffer* buffer) const = 0;

  const LookupTimes& times() const { return times_; }
  int64_t range_ms() const { return range_ms_; }

 private:
  const LookupTimes times_;
  const int64_t range_ms_;
};

// Slides over the samples of one series, step by step; windows only move forward.
class WindowCursor {
 public:
  WindowCursor(const RangeVector& range, const storage::SampleColumns& samples)
      : times_(range.times()), range_ms_(range.range_ms()) {
    window_.samples = &samples;
  }
  // The window of `step`. Requires: steps ascend from call to call.
  const RangeWindow& MoveTo(size_t step);

 private:
  const LookupTimes& times_;
  const int64_t range_ms_;
  RangeWindow window_;
};

// The windows of all steps over floats with given times. Series that are scraped together have the
// same times, and so the same windows.
class FloatWindows {
 public:
  explicit FloatWindows(const RangeVector& range);

  // Does nothing if these are the times that it was made for last.
  void MakeFor(const std::vector<int64_t>& times_ms);

  size_t steps() const { return begins_.size(); }
  // The window of a step is the samples [begin, end); neither ever goes back.
  size_t begin(size_t step) const { return begins_[step]; }
  size_t end(size_t step) const { return ends_[step]; }
  std::span<const uint32_t> begins() const { return begins_; }
  std::span<const uint32_t> ends() const { return ends_; }
  int64_t end_ms(size_t step) const { return times_.At(step); }
  int64_t start_ms(size_t step) const { return SaturatingSub(times_.At(step), range_ms_); }
  const std::vector<int64_t>& times_ms() const { return times_ms_; }
  // Another number each time that the windows are other ones.
  uint64_t version() const { return version_; }

  // Where the range is a multiple of the step, windows are made of panes: the samples between two
  // neighbouring bounds. The window of a step is the panes [step, step + panes()), pane i the
  // samples [bounds[i], bounds[i + 1]). 0 where they are not, or it would take very many.
  size_t panes() const { return pane_bounds_.empty() ? 0 : panes_; }
  std::span<const uint32_t> pane_bounds() const { return pane_bounds_; }

 private:
  const LookupTimes& times_;
  void FindPanes();

  const int64_t range_ms_;
  const size_t panes_;  // Of a window, if they fit.
  std::vector<int64_t> times_ms_;
  std::vector<uint32_t> begins_;
  std::vector<uint32_t> ends_;
  std::vector<uint32_t> pane_bounds_;  // Empty if they do not.
  uint64_t version_ = 0;
};

}  // namespace vigil::exec
