// SPDX-License-Identifier: Apache-2.0
//
// The slow path of metric ingest: from the parsed identity of a data point to its series. Runs once
// for each identity; metrics_receiver.h remembers the result.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "collector/otlp/attributes.h"
#include "collector/otlp/metric_cache.h"
#include "collector/otlp/otlp_options.h"
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

// What a point's resource and scope add to its series.
struct PointOrigin {
  storage::Attributes resource;
  TargetIdentity target;
  // Only if scopes become labels.
  std::string scope_name;
  std::string scope_version;
  std::string scope_schema_url;
  storage::Attributes scope;
};

// What a metric says of all its points.
struct MetricIdentity {
  std::string_view name;
  std::string_view unit;
  std::string_view description;
  DataKind kind = DataKind::kGauge;
  bool monotonic = false;
  bool delta = false;  // Temporality; cumulative if not.
};

// Resolves for one tenant. Borrows the storage and the options.
class MetricResolver {
 public:
  MetricResolver(storage::Storage* storage, storage::TenantId tenant, const OtlpOptions* options)
      : storage_(*storage), tenant_(tenant), options_(*options) {}

  // The series of a gauge, sum or native histogram point. InvalidArgument or ResourceExhausted
  // say why there is none.
  absl::StatusOr<PointTarget> Number(const PointOrigin& origin, const MetricIdentity& metric,
                                     const storage::Attributes& point);
  // Of a histogram with those bounds: buckets (+Inf last), sum, count.
  absl::StatusOr<PointTarget> Histogram(const PointOrigin& origin, const MetricIdentity& metric,
                                        const storage::Attributes& point,
                                        const std::vector<double>& bounds);
  // Of a summary with those quantiles: quantiles, sum, count.
  absl::StatusOr<PointTarget> Summary(const PointOrigin& origin, const MetricIdentity& metric,
                                      const storage::Attributes& point,
                                      const std::vector<double>& quantiles);
  // The target_info series of a resource; SeriesRef 0 when it has nothing to tell.
  absl::StatusOr<PointTarget> TargetInfo(const PointOrigin& origin);

  // The labels that more than one attribute had a value for, since the last call.
  std::vector<std::string> TakeJoined() { return std::exchange(joined_, {}); }

 private:
  // `base` with "<suffix>" on the metric's name and, if `label` is not empty, one more label.
  struct Variant {
    std::string_view suffix;
    std::string_view label;
    double bound = 0;
  };
  absl::StatusOr<PointTarget> Family(const PointOrigin& origin, const MetricIdentity& metric,
                                     const storage::Attributes& point,
                                     const std::vector<Variant>& variants);
  absl::StatusOr<std::string> NameOf(const MetricIdentity& metric) const;
  // The labels but for the name, later ones overriding.
  absl::StatusOr<std::vector<storage::Label>> BaseLabels(const PointOrigin& origin,
                                                         const storage::Attributes& point);
  absl::Status AddPromoted(const PointOrigin& origin, std::vector<storage::Label>* labels);
  absl::Status AddScope(const PointOrigin& origin, std::vector<storage::Label>* labels);

  storage::Storage& storage_;
  const storage::TenantId tenant_;
  const OtlpOptions& options_;
  std::vector<std::string> joined_;
};

}  // namespace vigil::collector
