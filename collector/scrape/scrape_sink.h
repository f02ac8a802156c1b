// SPDX-License-Identifier: Apache-2.0
//
// Where scraped samples go.
#pragma once

#include <memory>

#include <absl/status/statusor.h>

#include "storage/storage.h"

namespace vigil::collector {

// Thread-safe.
class ScrapeSink {
 public:
  virtual ~ScrapeSink() = default;
  // See Storage::GetOrCreateSeries and Storage::WriteMetrics.
  virtual absl::StatusOr<storage::SeriesRef> GetOrCreateSeries(
      const storage::Labels& labels, const storage::MetricMetadata& metadata) = 0;
  virtual absl::StatusOr<storage::WriteResult> Write(const storage::MetricBatch& batch) = 0;
};

// One tenant of a store, which must outlive it.
std::unique_ptr<ScrapeSink> MakeScrapeSink(storage::Storage* storage, storage::TenantId tenant);

}  // namespace vigil::collector
