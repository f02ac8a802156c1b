// SPDX-License-Identifier: Apache-2.0
//
// The slow path of metric ingest: from the parsed identity of a data point to its series. Runs once
// for each identity; metrics_receiver.h remembers the result.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "collector/otlp/attributes.h"
#include "collector/otlp/metric_cache.h"
#include "storage/model/sample.h"
#include "storage/model/value.h"
#include "storage/storage.h"

namespace vigil::collector {

// The `data` of an OTLP metric.
enum class DataKind : uint8_t {
  kGauge = 5,
  kSum = 7,
  kHistogram = 9,
  kExponential = 10,
  kSummary = 11
};

// A resource, parsed.
struct ResourceIdentity {
  storage::Attributes attributes;
  TargetIdentity target;
};

// What a metric says of all its points.
struct MetricIdentity {
  std::string_view name;
  std::string_view unit;
  std::string_view description;
  DataKind kind = DataKind::kGauge;
  bool monotonic = false;
};

// Resolves for one tenant. Borrows the storage.
class MetricResolver {
 public:
  MetricResolver(storage::Storage* storage, storage::TenantId tenant)
      : storage_(*storage), tenant_(tenant) {}

  // The series of a gauge, sum or exponential histogram point. InvalidArgument or ResourceExhausted
  // say why there is none.
  absl::StatusOr<PointTarget> Number(const ResourceIdentity& resource, const MetricIdentity& metric,
                                     const storage::Attributes& point);
  // Of a histogram with those bounds: buckets (+Inf last), sum, count.
  absl::StatusOr<PointTarget> Histogram(const ResourceIdentity& resource,
                                        const MetricIdentity& metric,
                                        const storage::Attributes& point,
                                        const std::vector<double>& bounds);
  // Of a summary with those quantiles: quantiles, sum, count.
  absl::StatusOr<PointTarget> Summary(const ResourceIdentity& resource,
                                      const MetricIdentity& metric,
                                      const storage::Attributes& point,
                                      const std::vector<double>& quantiles);
  // The target_info series of a resource; SeriesRef 0 when it has nothing to tell.
  absl::StatusOr<PointTarget> TargetInfo(const ResourceIdentity& resource);

 private:
  // `base` with "<suffix>" on the metric's name and, if `label` is not empty, one more label.
  struct Variant {
    std::string_view suffix;
    std::string_view label;
    double bound = 0;
  };
  absl::StatusOr<PointTarget> Family(const ResourceIdentity& resource, const MetricIdentity& metric,
                                     const storage::Attributes& point,
                                     const std::vector<Variant>& variants);
  absl::StatusOr<std::string> NameOf(const MetricIdentity& metric) const;

  storage::Storage& storage_;
  const storage::TenantId tenant_;
};

}  // namespace vigil::collector
