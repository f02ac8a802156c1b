// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/memory_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "alerting/replay/series_end.h"

namespace vigil::alerting {
namespace {

using storage::LabeledSample;
using storage::SampleColumns;

// The part [first, last) of a column that lies in `range` and was there at `version`.
std::pair<size_t, size_t> Visible(const std::vector<int64_t>& times_ms,
                                  const std::vector<uint64_t>& batches, TimeRange range,
                                  uint64_t version) {
  const auto first = std::lower_bound(times_ms.begin(), times_ms.end(), range.start_ms);
  const auto last = std::upper_bound(first, times_ms.end(), range.end_ms);
  const size_t known = std::upper_bound(batches.begin(), batches.end(), version) - batches.begin();
  const size_t begin = first - times_ms.begin();
  return {begin, std::max(begin, std::min<size_t>(last - times_ms.begin(), known))};
}

template <typename T>
void CopyPart(const std::vector<T>& from, std::pair<size_t, size_t> part, std::vector<T>* to) {
  to->assign(from.begin() + part.first, from.begin() + part.second);
}

// The name that `matchers` ask for, null if they leave it open.
const storage::Matcher* NameMatcher(const std::vector<storage::Matcher>& matchers) {
  const auto found =
      std::find_if(matchers.begin(), matchers.end(), [](const storage::Matcher& matcher) {
        return matcher.type() == storage::MatchType::kEqual &&
               matcher.name() == storage::kMetricName;
      });
  return found == matchers.end() ? nullptr : &*found;
}

}  // namespace

uint64_t MemoryTable::Version() const {
  const ReaderLock lock(&mutex_);
  return version_;
}

storage::WriteResult MemoryTable::Append(const std::vector<LabeledSample>& samples) {
  const WriterLock lock(&mutex_);
  ++version_;
  storage::WriteResult result;
  for (const LabeledSample& sample : samples) {
    if (AppendOneLocked(sample, &FindOrAddLocked(sample.labels))) continue;
    ++result.rejected;
    result.rejection_reason = fmt::format("out of order: {}", sample.labels.ToString());
  }
  return result;
}

MemoryTable::Series& MemoryTable::FindOrAddLocked(const storage::Labels& labels) {
  SeriesIds& ids = by_name_[labels.MetricName()];
  const auto [entry, fresh] = ids.try_emplace(labels, series_.size());
  if (fresh) {
    series_.emplace_back();
    series_.back().labels = labels;
    series_.back().since = version_;
  }
  return series_[entry->second];
}

bool MemoryTable::AppendOneLocked(const LabeledSample& sample, Series* series) {
  const AppendOutcome outcome = AppendSample(sample, &series->samples);
  if (outcome == AppendOutcome::kAdded) {
    (sample.histogram != nullptr ? series->histogram_batches : series->batches).push_back(version_);
  }
  return outcome != AppendOutcome::kOlder;
}

std::vector<storage::SeriesHandle> MemoryTable::Select(
    const std::vector<storage::Matcher>& matchers, uint64_t version) const {
  const ReaderLock lock(&mutex_);
  std::vector<storage::SeriesHandle> handles;
  const auto add = [&](const SeriesIds& ids) {
    for (const auto& [labels, id] : ids) {
      if (series_[id].since > version || !storage::MatchesAll(matchers, labels)) continue;
      handles.push_back({storage::SeriesRef{id}, labels});
    }
  };
  if (const storage::Matcher* const name = NameMatcher(matchers); name != nullptr) {
    const auto ids = by_name_.find(name->value());
    if (ids != by_name_.end()) add(ids->second);
    return handles;
  }
  for (const auto& [name, ids] : by_name_) add(ids);
  std::sort(handles.begin(), handles.end(),
            [](const auto& a, const auto& b) { return a.labels < b.labels; });
  return handles;
}

void MemoryTable::Read(storage::SeriesRef ref, TimeRange range, uint64_t version,
                       SampleColumns* columns) const {
  const ReaderLock lock(&mutex_);
  const Series& series = series_[static_cast<size_t>(ref)];
  const SampleColumns& all = series.samples;
  const auto floats = Visible(all.times_ms, series.batches, range, version);
  const auto histograms = Visible(all.histogram_times_ms, series.histogram_batches, range, version);
  CopyPart(all.times_ms, floats, &columns->times_ms);
  CopyPart(all.values, floats, &columns->values);
  CopyPart(all.histogram_times_ms, histograms, &columns->histogram_times_ms);
  CopyPart(all.histograms, histograms, &columns->histograms);
}

MemorySeries MemoryTable::Dump(std::string_view name) const {
  const ReaderLock lock(&mutex_);
  MemorySeries dump;
  for (const Series& series : series_) {
    if (name.empty() || series.labels.MetricName() == name) {
      dump.emplace(series.labels, series.samples);
    }
  }
  return dump;
}

}  // namespace vigil::alerting
