// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram_series.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::exec {
namespace {

using storage::Labels;

constexpr std::string_view kBoundLabel = "le";

bool HasFloats(const Column& column) {
  for (size_t step = 0; step < column.size(); ++step) {
    if (column.HasFloat(step)) return true;
  }
  return false;
}

void AddClassic(const Series& series, promql::Span where, Annotations* annotations,
                HistogramSeries* histogram) {
  const std::string_view text = series.labels.Get(kBoundLabel);
  double bound = 0;
  if (ParseDouble(text, &bound)) {
    histogram->classic.push_back({bound, &series.column});
    return;
  }
  annotations->Warn(
      where, fmt::format(
                 "bucket label \"le\" is missing or has a malformed value of {} for metric name {}",
                 storage::Quote(text), storage::Quote(series.labels.MetricName())));
}

}  // namespace

std::vector<HistogramSeries> GatherHistograms(const VectorValue& vector, promql::Span where,
                                              Annotations* annotations) {
  const std::vector<std::string> bound_label = {std::string(kBoundLabel)};
  std::vector<HistogramSeries> histograms;
  absl::flat_hash_map<Labels, size_t> places;
  for (const Series& series : vector.series) {
    Labels labels = series.labels.Without(bound_label, /*drop_name=*/false);
    const auto [at, inserted] = places.try_emplace(labels, histograms.size());
    if (inserted) histograms.push_back({std::move(labels), {}, {}});
    HistogramSeries& histogram = histograms[at->second];
    if (series.column.MayHaveHistograms()) histogram.native.push_back(&series.column);
    if (HasFloats(series.column)) AddClassic(series, where, annotations, &histogram);
  }
  for (HistogramSeries& histogram : histograms) {
    std::stable_sort(histogram.classic.begin(), histogram.classic.end(),
                     [](const auto& a, const auto& b) { return a.bound < b.bound; });
  }
  return histograms;
}

}  // namespace vigil::exec
