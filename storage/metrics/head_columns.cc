// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/head_columns.h"

#include <algorithm>
#include <utility>

namespace vigil::storage {
namespace {

template <typename Sample>
bool Earlier(const Sample& a, const Sample& b) {
  return a.time_ms < b.time_ms;
}

// Sorts and keeps the last of equal times.
template <typename Sample>
void SortKeepLast(std::vector<Sample>* samples) {
  std::stable_sort(samples->begin(), samples->end(), Earlier<Sample>);
  size_t kept = 0;
  for (size_t i = 0; i < samples->size(); ++i) {
    const bool overwritten =
        i + 1 < samples->size() && (*samples)[i + 1].time_ms == (*samples)[i].time_ms;
    if (!overwritten) (*samples)[kept++] = std::move((*samples)[i]);
  }
  samples->resize(kept);
}

// The part of sorted `samples` that is in `range`.
template <typename Sample>
std::pair<size_t, size_t> Slice(const std::vector<Sample>& samples, TimeRange range) {
  const auto begin = std::lower_bound(
      samples.begin(), samples.end(), range.start_ms,
      [](const Sample& sample, int64_t time_ms) { return sample.time_ms < time_ms; });
  const auto end = std::upper_bound(
      begin, samples.end(), range.end_ms,
      [](int64_t time_ms, const Sample& sample) { return time_ms < sample.time_ms; });
  return {begin - samples.begin(), end - samples.begin()};
}

}  // namespace

size_t HeadColumns::SizeOf(const Histogram& histogram) {
  return sizeof(Histogram) +
         sizeof(BucketSpan) * (histogram.positive_spans.size() + histogram.negative_spans.size()) +
         sizeof(double) * (histogram.positive_counts.size() + histogram.negative_counts.size() +
                           histogram.custom_bounds.size());
}

void HeadColumns::Append(int64_t time_ms, std::shared_ptr<const Histogram> histogram) {
  sorted_ = false;
  if (histograms_ == nullptr) histograms_ = std::make_unique<Histograms>();
  histograms_->push_back({time_ms, static_cast<uint32_t>(floats_.size()), std::move(histogram)});
}

void HeadColumns::Normalize() {
  if (sorted_) return;
  if (histograms_ != nullptr && !floats_.empty()) {
    NormalizeMixed();
  } else if (histograms_ != nullptr) {
    SortKeepLast(histograms_.get());
  } else {
    SortKeepLast(&floats_);
    sorted_ = true;
  }
}

void HeadColumns::NormalizeMixed() {
  // Both kinds in the order in which they were appended, so that the last one counts.
  struct Mixed {
    int64_t time_ms;
    bool is_float;
    size_t index;
  };
  std::vector<Mixed> samples;
  samples.reserve(floats_.size() + histograms_->size());
  size_t next = 0;
  for (size_t i = 0; i <= floats_.size(); ++i) {
    for (; next < histograms_->size() && (*histograms_)[next].floats_before <= i; ++next) {
      samples.push_back({(*histograms_)[next].time_ms, false, next});
    }
    if (i < floats_.size()) samples.push_back({floats_[i].time_ms, true, i});
  }
  SortKeepLast(&samples);
  std::vector<HeadSample> floats;
  Histograms histograms;
  for (const Mixed& sample : samples) {
    if (sample.is_float) {
      floats.push_back(floats_[sample.index]);
    } else {
      histograms.push_back(std::move((*histograms_)[sample.index]));
      histograms.back().floats_before = 0;  // No float for that instant is left.
    }
  }
  floats_ = std::move(floats);
  *histograms_ = std::move(histograms);
}

void HeadColumns::AppendTo(TimeRange range, SampleColumns* columns) const {
  if (range.start_ms > range.end_ms) return;
  const auto [begin, end] = Slice(floats_, range);
  for (size_t i = begin; i < end; ++i) {
    columns->times_ms.push_back(floats_[i].time_ms);
    columns->values.push_back(floats_[i].value);
  }
  if (histograms_ == nullptr) return;
  const auto [first, last] = Slice(*histograms_, range);
  for (size_t i = first; i < last; ++i) {
    columns->histogram_times_ms.push_back((*histograms_)[i].time_ms);
    columns->histograms.push_back((*histograms_)[i].histogram);
  }
}

}  // namespace vigil::storage
