// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_target.h"

#include <utility>

#include <fmt/format.h>

namespace vigil::collector {
namespace {

storage::Labels TargetLabels(const ScrapeConfig& config, const ScrapeTarget& target) {
  std::vector<storage::Label> labels = {{"job", config.job_name}, {"instance", target.address}};
  labels.insert(labels.end(), target.labels.begin(), target.labels.end());
  return storage::Labels(std::move(labels));
}

}  // namespace

TargetState::TargetState(const ScrapeConfig& config, const ScrapeTarget& target)
    : honor_labels_(config.honor_labels),
      honor_timestamps_(config.honor_timestamps),
      url_(fmt::format("{}://{}{}", config.scheme, target.address, config.metrics_path)),
      labels_(TargetLabels(config, target)) {}

storage::Labels TargetState::LabelsOf(const ExposedSample& sample) const {
  storage::LabelsBuilder labels(storage::Labels(sample.labels));
  for (const storage::LabelView& label : labels_) {
    const std::string exposed(labels.Get(label.name));
    if (!exposed.empty() && honor_labels_) continue;
    if (!exposed.empty()) {
      std::string renamed = fmt::format("exported_{}", label.name);
      while (!labels.Get(renamed).empty()) renamed.insert(0, "exported_");
      labels.Set(renamed, exposed);
    }
    labels.Set(label.name, label.value);
  }
  return labels.Build();
}

void TargetState::AddReport(std::string_view name, double value, int64_t time_ms,
                            std::vector<storage::LabeledSample>* samples) const {
  storage::LabelsBuilder labels(labels_);
  labels.Set(storage::kMetricName, name);
  samples->push_back({.labels = labels.Build(), .time_ms = time_ms, .value = value});
}

std::vector<storage::LabeledSample> TargetState::ToSamples(
    const absl::StatusOr<Exposition>& scraped, int64_t start_ms, double seconds) {
  std::vector<storage::LabeledSample> samples;
  std::set<storage::Labels> now_present;
  size_t added = 0;
  if (scraped.ok()) {
    for (const ExposedSample& exposed : scraped->samples) {
      storage::LabeledSample sample;
      sample.labels = LabelsOf(exposed);
      sample.value = exposed.value;
      const bool own_time = honor_timestamps_ && exposed.time_ms.has_value();
      sample.time_ms = own_time ? *exposed.time_ms : start_ms;
      sample.metadata = &scraped->families[exposed.family].metadata;
      if (!own_time) {
        // Of a series that is exposed twice, the first counts.
        if (!now_present.insert(sample.labels).second) continue;
        added += !present_.contains(sample.labels);
      }
      samples.push_back(std::move(sample));
    }
  }
  const size_t kept = samples.size();
  for (const storage::Labels& labels : present_) {
    if (now_present.contains(labels)) continue;
    samples.push_back({.labels = labels, .time_ms = start_ms, .value = storage::StaleNan()});
  }
  present_ = std::move(now_present);
  AddReport("up", scraped.ok() ? 1 : 0, start_ms, &samples);
  AddReport("scrape_duration_seconds", seconds, start_ms, &samples);
  AddReport("scrape_samples_scraped",
            scraped.ok() ? static_cast<double>(scraped->samples.size()) : 0, start_ms, &samples);
  AddReport("scrape_samples_post_metric_relabeling", static_cast<double>(kept), start_ms, &samples);
  AddReport("scrape_series_added", static_cast<double>(added), start_ms, &samples);
  return samples;
}

}  // namespace vigil::collector
