// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metadata_table.h"

#include <algorithm>

#include "storage/kv/record_keys.h"
#include "storage/metrics/metric_payload.h"
#include "storage/metrics/series_rules.h"

namespace vigil::storage {

void MetadataTable::Set(std::string_view metric_name, const MetricMetadata& metadata) {
  if (metadata == MetricMetadata()) return;
  MetricMetadata tidy = TidyMetadata(metadata);
  MutexLock lock(&mutex_);
  Metric& metric = metrics_[metric_name];
  if (metric.metadata == tidy) return;
  metric.metadata = std::move(tidy);
  ++metric.version;
}

void MetadataTable::Restore(std::string_view metric_name, const MetricMetadata& metadata) {
  MutexLock lock(&mutex_);
  metrics_[metric_name] = {
      .metadata = metadata, .version = 1, .added_version = 1, .written_version = 1};
}

MetricMetadata MetadataTable::Get(std::string_view metric_name) const {
  MutexLock lock(&mutex_);
  const auto found = metrics_.find(metric_name);
  return found == metrics_.end() ? MetricMetadata() : found->second.metadata;
}

size_t MetadataTable::size() const {
  MutexLock lock(&mutex_);
  return metrics_.size();
}

std::vector<std::pair<std::string, MetricMetadata>> MetadataTable::All() const {
  std::vector<std::pair<std::string, MetricMetadata>> all;
  {
    MutexLock lock(&mutex_);
    for (const auto& [name, metric] : metrics_) all.emplace_back(name, metric.metadata);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return all;
}

void MetadataTable::AddRows(TenantId tenant, uint8_t shard, WriteBatch* batch) {
  MutexLock lock(&mutex_);
  for (auto& [name, metric] : metrics_) {
    if (metric.written_version == metric.version) continue;
    std::string row;
    EncodeMetadata(metric.metadata, &row);
    batch->Put(Family::kSeries, MetadataKey{tenant, shard, name}.Encode(), std::move(row));
    metric.added_version = metric.version;
  }
}

void MetadataTable::RowsWritten() {
  MutexLock lock(&mutex_);
  for (auto& [name, metric] : metrics_) metric.written_version = metric.added_version;
}

}  // namespace vigil::storage
