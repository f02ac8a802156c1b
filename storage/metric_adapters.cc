// SPDX-License-Identifier: Apache-2.0
#include "storage/metric_adapters.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/status.h"

namespace vigil::storage {
namespace {

// Sorts, and drops repeats.
void MakeUnique(std::vector<std::string>* texts) {
  std::sort(texts->begin(), texts->end());
  texts->erase(std::unique(texts->begin(), texts->end()), texts->end());
}

class MergedQuerier final : public MetricQuerier {
 public:
  explicit MergedQuerier(std::vector<std::unique_ptr<MetricQuerier>> queriers)
      : queriers_(std::move(queriers)) {}

  absl::StatusOr<std::vector<SeriesHandle>> Select(const std::vector<Matcher>& matchers,
                                                   TimeRange range) override {
    std::vector<SeriesHandle> all;
    for (const auto& querier : queriers_) {
      VIGIL_ASSIGN_OR_RETURN(std::vector<SeriesHandle> some, querier->Select(matchers, range));
      const size_t middle = all.size();
      std::move(some.begin(), some.end(), std::back_inserter(all));
      std::inplace_merge(
          all.begin(), all.begin() + middle, all.end(),
          [](const SeriesHandle& a, const SeriesHandle& b) { return a.labels < b.labels; });
      VIGIL_RETURN_IF_ERROR(CheckLabelBytes(all, max_label_bytes_));
    }
    return all;
  }

  void LimitSelection(size_t label_bytes) override {
    max_label_bytes_ = label_bytes;
    for (const auto& querier : queriers_) querier->LimitSelection(label_bytes);
  }

  absl::Status Read(SeriesRef ref, TimeRange range, SampleColumns* columns) override {
    VIGIL_CHECK(ShardOf(ref) < queriers_.size());
    return queriers_[ShardOf(ref)]->Read(ref, range, columns);
  }

  SelectionStamp StampOf(const std::vector<Matcher>& matchers, TimeRange range) override {
    SelectionStamp all;
    for (const auto& querier : queriers_) {
      const SelectionStamp one = querier->StampOf(matchers, range);
      if (one.parts.size() != 1) return {};
      all.parts.push_back(one.parts.front());
    }
    return all;
  }

  bool Holds(const SelectionStamp& stamp, TimeRange range) override {
    if (stamp.parts.size() != queriers_.size()) return false;
    for (size_t i = 0; i < queriers_.size(); ++i) {
      if (!queriers_[i]->HoldsPart(stamp.parts[i], range)) return false;
    }
    return true;
  }

  NewestSample ReadNewest(SeriesRef ref, TimeRange range) override {
    VIGIL_CHECK(ShardOf(ref) < queriers_.size());
    return queriers_[ShardOf(ref)]->ReadNewest(ref, range);
  }

  ReadStatistics Statistics() const override {
    ReadStatistics all;
    for (const auto& querier : queriers_) {
      const ReadStatistics one = querier->Statistics();
      all.blocks += one.blocks;
      all.bytes += one.bytes;
    }
    return all;
  }

  absl::StatusOr<std::vector<std::string>> LabelNames(const std::vector<Matcher>& matchers,
                                                      TimeRange range) override {
    std::vector<std::string> all;
    for (const auto& querier : queriers_) {
      VIGIL_ASSIGN_OR_RETURN(std::vector<std::string> some, querier->LabelNames(matchers, range));
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    MakeUnique(&all);
    return all;
  }

  absl::StatusOr<std::vector<std::string>> LabelValues(const std::string& name,
                                                       const std::vector<Matcher>& matchers,
                                                       TimeRange range) override {
    std::vector<std::string> all;
    for (const auto& querier : queriers_) {
      VIGIL_ASSIGN_OR_RETURN(std::vector<std::string> some,
                             querier->LabelValues(name, matchers, range));
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    MakeUnique(&all);
    return all;
  }

  std::optional<uint64_t> SeriesAtMost(const std::vector<Matcher>& matchers,
                                       TimeRange range) override {
    uint64_t all = 0;
    for (const auto& querier : queriers_) {
      const std::optional<uint64_t> some = querier->SeriesAtMost(matchers, range);
      if (!some.has_value()) return std::nullopt;
      all += *some;
    }
    return all;
  }

 private:
  const std::vector<std::unique_ptr<MetricQuerier>> queriers_;
  size_t max_label_bytes_ = std::numeric_limits<size_t>::max();
};

class TenantSource final : public MetricSource {
 public:
  TenantSource(Storage* storage, TenantId tenant) : storage_(*storage), tenant_(tenant) {}
  std::unique_ptr<MetricQuerier> NewQuerier() override {
    return storage_.NewMetricQuerier(tenant_);
  }

 private:
  Storage& storage_;
  const TenantId tenant_;
};

class TenantSink final : public MetricSink {
 public:
  TenantSink(Storage* storage, TenantId tenant) : storage_(*storage), tenant_(tenant) {}

  absl::StatusOr<WriteResult> Append(const std::vector<LabeledSample>& samples,
                                     const MetricMetadata& metadata) override {
    MetricBatch batch;
    WriteResult refused;
    for (const LabeledSample& sample : samples) {
      const absl::StatusOr<SeriesRef> ref = storage_.GetOrCreateSeries(
          tenant_, sample.labels, sample.metadata != nullptr ? *sample.metadata : metadata);
      if (!ref.ok()) {
        ++refused.rejected;
        if (refused.rejection_reason.empty()) refused.rejection_reason = MessageOf(ref.status());
      } else if (sample.histogram != nullptr) {
        batch.histograms.push_back({*ref, sample.time_ms, sample.histogram});
      } else {
        batch.Add(*ref, sample.time_ms, sample.value);
      }
    }
    VIGIL_ASSIGN_OR_RETURN(WriteResult result, storage_.WriteMetrics(tenant_, batch, {}));
    result.rejected += refused.rejected;
    if (!refused.rejection_reason.empty()) result.rejection_reason = refused.rejection_reason;
    return result;
  }

 private:
  Storage& storage_;
  const TenantId tenant_;
};

}  // namespace

std::unique_ptr<MetricQuerier> MergeQueriers(std::vector<std::unique_ptr<MetricQuerier>> queriers) {
  return std::make_unique<MergedQuerier>(std::move(queriers));
}

std::unique_ptr<MetricSource> MakeMetricSource(Storage* storage, TenantId tenant) {
  return std::make_unique<TenantSource>(storage, tenant);
}

std::unique_ptr<MetricSink> MakeMetricSink(Storage* storage, TenantId tenant) {
  return std::make_unique<TenantSink>(storage, tenant);
}

}  // namespace vigil::storage
