// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_sink.h"

namespace vigil::collector {
namespace {

class TenantSink final : public ScrapeSink {
 public:
  TenantSink(storage::Storage* storage, storage::TenantId tenant)
      : storage_(*storage), tenant_(tenant) {}

  absl::StatusOr<storage::SeriesRef> GetOrCreateSeries(
      const storage::Labels& labels, const storage::MetricMetadata& metadata) override {
    return storage_.GetOrCreateSeries(tenant_, labels, metadata);
  }

  absl::StatusOr<storage::WriteResult> Write(const storage::MetricBatch& batch) override {
    return storage_.WriteMetrics(tenant_, batch, {});
  }

 private:
  storage::Storage& storage_;
  const storage::TenantId tenant_;
};

}  // namespace

std::unique_ptr<ScrapeSink> MakeScrapeSink(storage::Storage* storage, storage::TenantId tenant) {
  return std::make_unique<TenantSink>(storage, tenant);
}

}  // namespace vigil::collector
