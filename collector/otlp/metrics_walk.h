// SPDX-License-Identifier: Apache-2.0
//
// One walk over the bytes of an ExportMetricsServiceRequest, into a batch of samples.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "collector/otlp/exponential.h"
#include "collector/otlp/metric_cache.h"
#include "collector/otlp/metric_resolver.h"
#include "collector/otlp/otlp_export.h"
#include "collector/otlp/wire.h"
#include "storage/metrics/metric_shard.h"

namespace vigil::collector {

// Bytes that identify something, as runs of the request: fields of one number usually stand side by
// side and are then one run.
class ByteRuns {
 public:
  void Clear() { runs_.clear(); }
  void Add(const char* begin, const char* end);
  const std::vector<std::string_view>& runs() const { return runs_; }
  // The hash of the runs in order, on top of `context`.
  PointKey Hash(const PointKey& context, uint64_t seed) const;

 private:
  std::vector<std::string_view> runs_;
};

// For one request; not thread-safe.
class MetricsWalk {
 public:
  MetricsWalk(storage::Storage* storage, storage::TenantId tenant, MetricCache* cache,
              uint64_t seed);

  // InvalidArgument when `request` is not well-formed; the batch is then of no use. Resources,
  // attributes and texts are looked into where a series is new: one that is broken costs the points
  // it belongs to. Scopes, exemplars and metadata are not looked into.
  absl::Status Walk(std::string_view request);

  const storage::MetricBatch& batch() const { return batch_; }
  Rejections& rejections() { return rejections_; }
  // Data points that the request has, taken or refused.
  int64_t points() const { return points_; }

 private:
  // A data point as read. `values` and `bounds` are a histogram's bucket counts and bounds, or a
  // summary's values and quantiles.
  struct Point {
    uint64_t time_ns = 0;
    bool has_value = false;
    bool stale = false;  // "No recorded value".
    bool has_sum = false;
    double value = 0;
    double count = 0;
    double sum = 0;
    std::vector<double> values;
    std::vector<double> bounds;
    ExponentialPoint exponential;
    ByteRuns attributes;
    void Clear();
  };

  void WalkResource(std::string_view resource_metrics);
  void WalkScope(std::string_view scope_metrics);
  void WalkMetric(std::string_view metric);
  void AddData(DataKind kind, std::string_view bytes);
  // Reads what data_ says of all points. Why they are refused, "" if they are not.
  std::string TemporalityFault();
  // Take the points of data_, or only look whether they are well-formed and count them.
  void WalkPoints();
  int64_t CheckPoints();

  // Read a data point into point_; false if it is malformed.
  bool ReadPoint(std::string_view bytes);
  bool ReadNumber(std::string_view bytes);
  bool ReadHistogram(std::string_view bytes);
  bool ReadExponential(std::string_view bytes);
  bool ReadSummary(std::string_view bytes);
  // Reads a field that all kinds of points have, whose attributes and flags have these numbers.
  bool ReadCommonField(WireReader* reader, uint32_t attributes, uint32_t flags);

  // Turn point_ into samples.
  void TakePoint();
  void TakeNumber();
  void TakeHistogram();
  void TakeExponential();
  void TakeSummary();
  void TakeTargetInfo();
  // The time of point_ in milliseconds; nullopt, and the refusal counted, if it has no usable one.
  std::optional<int64_t> TimeMs();
  void AppendStale(const PointTarget& target, int64_t time_ms);

  // The target of `key`, from the cache or by `resolve`; null when it was refused. Valid until the
  // next call.
  template <typename Resolve>
  const PointTarget* FindTarget(const PointKey& key, const Resolve& resolve);
  absl::StatusOr<storage::Attributes> ParsePointAttributes() const;
  absl::StatusOr<const ResourceIdentity*> Resource();
  absl::StatusOr<ResourceIdentity> ParseResource() const;

  const storage::TimeRules time_rules_;
  const uint64_t seed_;
  MetricCache& cache_;
  MetricResolver resolver_;
  std::optional<MetricCache::Reader> reader_;
  PointTarget resolved_;

  std::vector<std::string_view> resource_bytes_;  // The Resource messages of the current envelope.
  std::optional<absl::StatusOr<ResourceIdentity>> resource_;  // Parsed at first need.
  PointKey resource_key_;
  PointKey metric_key_;
  int64_t latest_ms_ = 0;  // Of the current resource.
  MetricIdentity metric_;
  std::vector<std::string_view> data_;  // The metric's `data`, nearly always in one piece.
  Point point_;
  bool malformed_ = false;
  int64_t points_ = 0;

  storage::MetricBatch batch_;
  Rejections rejections_;
};

}  // namespace vigil::collector
