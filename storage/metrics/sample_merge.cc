// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/sample_merge.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace vigil::storage {
namespace {

using Times = std::vector<int64_t>;

// Removes the samples of (times, values) whose instant is in `gone`. All times ascend.
template <typename Value>
void RemoveInstants(const Times& gone, Times* times, std::vector<Value>* values) {
  auto next_gone = gone.begin();
  size_t kept = 0;
  for (size_t i = 0; i < times->size(); ++i) {
    next_gone = std::lower_bound(next_gone, gone.end(), (*times)[i]);
    if (next_gone != gone.end() && *next_gone == (*times)[i]) continue;
    (*times)[kept] = (*times)[i];
    (*values)[kept++] = std::move((*values)[i]);
  }
  times->resize(kept);
  values->resize(kept);
}

template <typename T>
void MoveAppend(std::vector<T>&& from, std::vector<T>* to) {
  if (to->empty()) {
    *to = std::move(from);
  } else {
    to->insert(to->end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
  }
}

// Merges two columns that have no instant in common.
template <typename Value>
void MergeDistinct(Times&& from_times, std::vector<Value>&& from_values, Times* times,
                   std::vector<Value>* values) {
  if (from_times.empty()) return;
  if (times->empty() || times->back() < from_times.front()) {
    MoveAppend(std::move(from_times), times);
    MoveAppend(std::move(from_values), values);
    return;
  }
  Times merged_times;
  std::vector<Value> merged_values;
  merged_times.reserve(times->size() + from_times.size());
  merged_values.reserve(times->size() + from_times.size());
  size_t i = 0;
  size_t j = 0;
  while (i < times->size() || j < from_times.size()) {
    const bool take_from =
        i == times->size() || (j < from_times.size() && from_times[j] < (*times)[i]);
    merged_times.push_back(take_from ? from_times[j] : (*times)[i]);
    merged_values.push_back(take_from ? std::move(from_values[j]) : std::move((*values)[i]));
    ++(take_from ? j : i);
  }
  *times = std::move(merged_times);
  *values = std::move(merged_values);
}

}  // namespace

TimeRange Extent(const SampleColumns& columns) {
  TimeRange extent = {std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
  for (const Times* times : {&columns.times_ms, &columns.histogram_times_ms}) {
    if (times->empty()) continue;
    extent.start_ms = std::min(extent.start_ms, times->front());
    extent.end_ms = std::max(extent.end_ms, times->back());
  }
  return extent;
}

void Overlay(SampleColumns&& newer, SampleColumns* base) {
  if (newer.Empty()) return;
  if (base->Empty()) {
    *base = std::move(newer);
    return;
  }
  const TimeRange ours = Extent(*base);
  const TimeRange theirs = Extent(newer);
  if (ours.start_ms <= theirs.end_ms && theirs.start_ms <= ours.end_ms) {
    for (const Times* gone : {&newer.times_ms, &newer.histogram_times_ms}) {
      RemoveInstants(*gone, &base->times_ms, &base->values);
      RemoveInstants(*gone, &base->histogram_times_ms, &base->histograms);
    }
  }
  MergeDistinct(std::move(newer.times_ms), std::move(newer.values), &base->times_ms, &base->values);
  MergeDistinct(std::move(newer.histogram_times_ms), std::move(newer.histograms),
                &base->histogram_times_ms, &base->histograms);
}

}  // namespace vigil::storage
