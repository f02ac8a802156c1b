// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/memory_metrics.h"

#include <set>
#include <utility>

#include "alerting/replay/memory_table.h"

namespace vigil::alerting {
namespace {

class MemoryQuerier final : public storage::MetricQuerier {
 public:
  explicit MemoryQuerier(std::shared_ptr<const MemoryTable> table)
      : table_(std::move(table)), version_(table_->Version()) {}

  absl::StatusOr<std::vector<storage::SeriesHandle>> Select(
      const std::vector<storage::Matcher>& matchers, TimeRange) override {
    return table_->Select(matchers, version_);
  }

  absl::Status Read(storage::SeriesRef ref, TimeRange range,
                    storage::SampleColumns* columns) override {
    table_->Read(ref, range, version_, columns);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> LabelNames(const std::vector<storage::Matcher>& matchers,
                                                      TimeRange) override {
    std::set<std::string> names;
    for (const storage::SeriesHandle& handle : table_->Select(matchers, version_)) {
      for (const storage::LabelView& label : handle.labels) names.emplace(label.name);
    }
    return std::vector<std::string>(names.begin(), names.end());
  }

  absl::StatusOr<std::vector<std::string>> LabelValues(
      const std::string& name, const std::vector<storage::Matcher>& matchers, TimeRange) override {
    std::set<std::string> values;
    for (const storage::SeriesHandle& handle : table_->Select(matchers, version_)) {
      if (handle.labels.Has(name)) values.emplace(handle.labels.Get(name));
    }
    return std::vector<std::string>(values.begin(), values.end());
  }

 private:
  const std::shared_ptr<const MemoryTable> table_;
  const uint64_t version_;
};

}  // namespace

MemoryMetrics::MemoryMetrics() : table_(std::make_shared<MemoryTable>()) {}
MemoryMetrics::~MemoryMetrics() = default;

std::unique_ptr<storage::MetricQuerier> MemoryMetrics::NewQuerier() {
  return std::make_unique<MemoryQuerier>(table_);
}

absl::StatusOr<storage::WriteResult> MemoryMetrics::Append(
    const std::vector<storage::LabeledSample>& samples, const storage::MetricMetadata&) {
  {
    const MutexLock lock(&mutex_);
    if (failures_ > 0) {
      --failures_;
      return error_;
    }
  }
  return table_->Append(samples);
}

void MemoryMetrics::FailAppends(int64_t count, absl::Status error) {
  const MutexLock lock(&mutex_);
  failures_ = count;
  error_ = std::move(error);
}

MemorySeries MemoryMetrics::Dump(std::string_view name) const { return table_->Dump(name); }

}  // namespace vigil::alerting
