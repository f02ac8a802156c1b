// SPDX-License-Identifier: Apache-2.0
#include "tests/query/exec/memory_source.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/promql/series_values.h"

namespace vigil::exec {

using storage::Labels;
using storage::Matcher;
using storage::SeriesHandle;
using storage::SeriesRef;

// A reference is the place of the series in the order of labels.
class MemoryQuerier final : public storage::MetricQuerier {
 public:
  explicit MemoryQuerier(const MemorySource& source) {
    for (const auto& [labels, samples] : source.series_) series_.push_back({labels, &samples});
  }

  absl::StatusOr<std::vector<SeriesHandle>> Select(const std::vector<Matcher>& matchers,
                                                   TimeRange range) override {
    std::vector<SeriesHandle> handles;
    for (size_t i = 0; i < series_.size(); ++i) {
      const auto& [labels, samples] = series_[i];
      const auto first = samples->lower_bound(range.start_ms);
      if (first == samples->end() || first->first > range.end_ms) continue;
      if (MatchesAll(matchers, labels)) handles.push_back({SeriesRef{i}, labels});
    }
    return handles;
  }

  absl::Status Read(SeriesRef ref, TimeRange range, storage::SampleColumns* columns) override {
    columns->Clear();
    const auto& samples = *series_[static_cast<size_t>(ref)].second;
    for (auto at = samples.lower_bound(range.start_ms);
         at != samples.end() && at->first <= range.end_ms; ++at) {
      if (const auto* value = std::get_if<double>(&at->second)) {
        columns->times_ms.push_back(at->first);
        columns->values.push_back(*value);
      } else {
        columns->histogram_times_ms.push_back(at->first);
        columns->histograms.push_back(std::get<1>(at->second));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> LabelNames(const std::vector<Matcher>& matchers,
                                                      TimeRange range) override {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<SeriesHandle> handles, Select(matchers, range));
    std::set<std::string> names;
    for (const SeriesHandle& handle : handles) {
      for (const storage::LabelView& label : handle.labels) names.emplace(label.name);
    }
    return std::vector<std::string>(names.begin(), names.end());
  }

  absl::StatusOr<std::vector<std::string>> LabelValues(const std::string& name,
                                                       const std::vector<Matcher>& matchers,
                                                       TimeRange range) override {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<SeriesHandle> handles, Select(matchers, range));
    std::set<std::string> values;
    for (const SeriesHandle& handle : handles) {
      if (handle.labels.Has(name)) values.emplace(handle.labels.Get(name));
    }
    return std::vector<std::string>(values.begin(), values.end());
  }

 private:
  std::vector<std::pair<Labels, const MemorySource::Samples*>> series_;
};

absl::Status MemorySource::Load(int64_t step_ms, std::string_view line) {
  VIGIL_ASSIGN_OR_RETURN(const promql::SeriesLine series, promql::ParseSeriesLine(line));
  int64_t time_ms = 0;
  for (const promql::SeriesValue& value : series.values) {
    if (value.has_value()) series_[series.labels].insert_or_assign(time_ms, *value);
    time_ms += step_ms;
  }
  return absl::OkStatus();
}

void MemorySource::AddFloat(const Labels& labels, int64_t time_ms, double value) {
  series_[labels].insert_or_assign(time_ms, value);
}

void MemorySource::AddHistogram(const Labels& labels, int64_t time_ms,
                                std::shared_ptr<const storage::Histogram> histogram) {
  series_[labels].insert_or_assign(time_ms, std::move(histogram));
}

std::unique_ptr<storage::MetricQuerier> MemorySource::NewQuerier() {
  return std::make_unique<MemoryQuerier>(*this);
}

}  // namespace vigil::exec
