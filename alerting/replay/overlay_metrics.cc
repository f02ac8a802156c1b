// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/overlay_metrics.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "alerting/replay/series_end.h"
#include "base/mutex.h"
#include "base/status.h"

namespace vigil::alerting {

using storage::LabeledSample;
using storage::Labels;
using storage::Matcher;
using storage::SampleColumns;
using storage::SeriesHandle;
using storage::SeriesRef;

namespace {

constexpr std::string_view kAlertName = "alertname";
// A histogram takes the room of so many floats.
constexpr size_t kFloatsPerHistogram = 32;
// Refs of the store have no such bit: numbers of series end long before it, shards begin behind it.
constexpr uint64_t kOverlayBit = uint64_t{1} << 55;

// The name that series must have to meet `matchers`, "" if several may.
std::string_view OnlyName(const std::vector<Matcher>& matchers) {
  for (const Matcher& matcher : matchers) {
    const bool equal = matcher.type() == storage::MatchType::kEqual;
    if (equal && matcher.name() == storage::kMetricName) return matcher.value();
  }
  return {};
}

int64_t OldestTime(const SampleColumns& columns) {
  int64_t oldest_ms = INT64_MAX;
  if (!columns.times_ms.empty()) oldest_ms = columns.times_ms.front();
  if (!columns.histogram_times_ms.empty()) {
    oldest_ms = std::min(oldest_ms, columns.histogram_times_ms.front());
  }
  return oldest_ms;
}

// Appends what lies in `range`.
template <typename Value>
void AppendRange(const std::vector<int64_t>& times_ms, const std::vector<Value>& values,
                 TimeRange range, std::vector<int64_t>* out_times_ms, std::vector<Value>* out) {
  const auto begin = std::lower_bound(times_ms.begin(), times_ms.end(), range.start_ms);
  const auto end = std::upper_bound(begin, times_ms.end(), range.end_ms);
  out_times_ms->insert(out_times_ms->end(), begin, end);
  out->insert(out->end(), values.begin() + (begin - times_ms.begin()),
              values.begin() + (end - times_ms.begin()));
}

// Drops what is before `time_ms`, but not the last; returns how much that was.
template <typename Value>
size_t DropBefore(int64_t time_ms, std::vector<int64_t>* times_ms, std::vector<Value>* values) {
  if (times_ms->empty()) return 0;
  const auto end = std::lower_bound(times_ms->begin(), std::prev(times_ms->end()), time_ms);
  const auto dropped = end - times_ms->begin();
  times_ms->erase(times_ms->begin(), end);
  values->erase(values->begin(), values->begin() + dropped);
  return static_cast<size_t>(dropped);
}

}  // namespace

bool WrittenSeries::Contains(const Labels& labels) const {
  const std::string_view name = labels.MetricName();
  if (metrics.contains(name)) return true;
  return (name == kAlertsMetric || name == kAlertsForStateMetric) &&
         alerts.contains(labels.Get(kAlertName));
}

class OverlayQuerier final : public storage::MetricQuerier {
 public:
  explicit OverlayQuerier(const OverlayMetrics& overlay)
      : overlay_(overlay), store_(overlay.store_.NewQuerier()) {}

  absl::StatusOr<std::vector<SeriesHandle>> Select(const std::vector<Matcher>& matchers,
                                                   TimeRange range) override {
    absl::flat_hash_map<Labels, Source> written;
    VIGIL_ASSIGN_OR_RETURN(std::vector<SeriesHandle> handles,
                           SelectStored(matchers, range, &written));
    const std::string_view name = OnlyName(matchers);
    if (name.empty()) {
      for (const OverlayMetrics::Series& series : overlay_.series_) {
        AddIfMeant(series, matchers, range, &written);
      }
    } else if (const auto found = overlay_.by_metric_.find(name);
               found != overlay_.by_metric_.end()) {
      for (const size_t index : found->second) {
        AddIfMeant(overlay_.series_[index], matchers, range, &written);
      }
    }
    if (written.empty()) return handles;
    {
      const MutexLock lock(&mutex_);
      for (auto& [labels, source] : written) {
        handles.push_back({SeriesRef{kOverlayBit | sources_.size()}, labels});
        sources_.push_back(source);
      }
    }
    std::sort(handles.begin(), handles.end(),
              [](const SeriesHandle& a, const SeriesHandle& b) { return a.labels < b.labels; });
    return handles;
  }

  void LimitSelection(size_t label_bytes) override { store_->LimitSelection(label_bytes); }

  absl::Status Read(SeriesRef ref, TimeRange range, SampleColumns* columns) override {
    const auto number = static_cast<uint64_t>(ref);
    if ((number & kOverlayBit) == 0) return store_->Read(ref, range, columns);
    const Source source = SourceOf(number & ~kOverlayBit);
    columns->Clear();
    if (source.stored.has_value() && range.start_ms < overlay_.since_ms_) {
      const TimeRange before = {range.start_ms, std::min(range.end_ms, overlay_.since_ms_ - 1)};
      VIGIL_RETURN_IF_ERROR(store_->Read(*source.stored, before, columns));
    }
    if (source.series == nullptr) return absl::OkStatus();
    const SampleColumns& samples = source.series->samples;
    AppendRange(samples.times_ms, samples.values, range, &columns->times_ms, &columns->values);
    AppendRange(samples.histogram_times_ms, samples.histograms, range, &columns->histogram_times_ms,
                &columns->histograms);
    return absl::OkStatus();
  }

  storage::ReadStatistics Statistics() const override { return store_->Statistics(); }

  absl::StatusOr<std::vector<std::string>> LabelNames(const std::vector<Matcher>& matchers,
                                                      TimeRange range) override {
    return store_->LabelNames(matchers, range);
  }
  absl::StatusOr<std::vector<std::string>> LabelValues(const std::string& name,
                                                       const std::vector<Matcher>& matchers,
                                                       TimeRange range) override {
    return store_->LabelValues(name, matchers, range);
  }

 private:
  // Where the samples of a series are that rules of the backtest write.
  struct Source {
    std::optional<SeriesRef> stored;
    const OverlayMetrics::Series* series = nullptr;
  };

  // The stored series that the overlay has nothing to do with. The others go to `written`.
  absl::StatusOr<std::vector<SeriesHandle>> SelectStored(
      const std::vector<Matcher>& matchers, TimeRange range,
      absl::flat_hash_map<Labels, Source>* written) {
    const bool in_tested_time = range.start_ms >= overlay_.since_ms_;
    if (in_tested_time && overlay_.written_.metrics.contains(OnlyName(matchers))) {
      return std::vector<SeriesHandle>();
    }
    VIGIL_ASSIGN_OR_RETURN(std::vector<SeriesHandle> handles, store_->Select(matchers, range));
    const auto others = std::stable_partition(
        handles.begin(), handles.end(),
        [this](const SeriesHandle& handle) { return !overlay_.written_.Contains(handle.labels); });
    if (!in_tested_time) {
      for (auto handle = others; handle != handles.end(); ++handle) {
        (*written)[handle->labels].stored = handle->ref;
      }
    }
    handles.erase(others, handles.end());
    return handles;
  }

  static void AddIfMeant(const OverlayMetrics::Series& series, const std::vector<Matcher>& matchers,
                         TimeRange range, absl::flat_hash_map<Labels, Source>* written) {
    if (OldestTime(series.samples) > range.end_ms || NewestTime(series.samples) < range.start_ms ||
        !storage::MatchesAll(matchers, series.labels)) {
      return;
    }
    (*written)[series.labels].series = &series;
  }

  Source SourceOf(uint64_t index) {
    const MutexLock lock(&mutex_);
    return sources_[index];
  }

  const OverlayMetrics& overlay_;
  const std::unique_ptr<storage::MetricQuerier> store_;
  Mutex mutex_;
  std::vector<Source> sources_ ABSL_GUARDED_BY(mutex_);
};

OverlayMetrics::OverlayMetrics(storage::MetricSource* store, WrittenSeries written,
                               int64_t since_ms, size_t max_samples)
    : store_(*store),
      written_(std::move(written)),
      since_ms_(since_ms),
      max_samples_(max_samples) {}

std::unique_ptr<storage::MetricQuerier> OverlayMetrics::NewQuerier() {
  return std::make_unique<OverlayQuerier>(*this);
}

absl::StatusOr<storage::WriteResult> OverlayMetrics::Append(
    const std::vector<LabeledSample>& samples, const storage::MetricMetadata&) {
  storage::WriteResult result;
  for (const LabeledSample& sample : samples) {
    const auto [entry, is_new] = by_labels_.try_emplace(sample.labels, series_.size());
    if (is_new) {
      by_metric_[sample.labels.MetricName()].push_back(series_.size());
      series_.push_back({sample.labels, {}});
    }
    switch (AppendSample(sample, &series_[entry->second].samples)) {
      case AppendOutcome::kAdded:
        samples_ += sample.histogram != nullptr ? kFloatsPerHistogram : 1;
        break;
      case AppendOutcome::kThere:
        break;
      case AppendOutcome::kOlder:
        ++result.rejected;
        result.rejection_reason = fmt::format("out of order: {}", sample.labels.ToString());
        break;
    }
  }
  if (samples_ <= max_samples_) return result;
  return absl::ResourceExhaustedError(fmt::format(
      "the rules record more than {} samples within what they look back by", max_samples_));
}

void OverlayMetrics::Forget(int64_t time_ms) {
  for (Series& series : series_) {
    SampleColumns& columns = series.samples;
    samples_ -= DropBefore(time_ms, &columns.times_ms, &columns.values);
    samples_ -=
        kFloatsPerHistogram * DropBefore(time_ms, &columns.histogram_times_ms, &columns.histograms);
  }
}

}  // namespace vigil::alerting
