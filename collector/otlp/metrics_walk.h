// SPDX-License-Identifier: Apache-2.0
//
// One walk over the bytes of an ExportMetricsServiceRequest, into a batch of samples.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "collector/otlp/delta_total.h"
#include "collector/otlp/exponential.h"
#include "collector/otlp/metric_cache.h"
#include "collector/otlp/metric_resolver.h"
#include "collector/otlp/otlp_export.h"
#include "collector/otlp/wire.h"
#include "collector/otlp/wire_pieces.h"
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
  // Clears `*batch` and fills it. Borrows everything. One cache is for one set of options.
  MetricsWalk(storage::Storage* storage, storage::TenantId tenant, const OtlpOptions* options,
              MetricCache* cache, uint64_t seed, storage::MetricBatch* batch);

  // InvalidArgument when `request` is not well-formed; the batch is then of no use. Resources,
  // attributes and texts (and scopes, if they become labels) are looked into where a series is new:
  // one that is broken costs the points it belongs to. Metadata is not looked into.
  // What the pieces' borders cut is put together in `joined`, which must outlive the walk.
  absl::Status Walk(BytePieces request, JoinedBytes* joined);

  // The points of delta temporality, which are not in the batch. They borrow from the request and
  // from what was joined.
  std::vector<DeltaPoint> TakeDeltas() { return std::move(deltas_); }

  Rejections& rejections() { return rejections_; }
  // Data points that the request has, taken or refused.
  int64_t points() const { return points_; }

 private:
  // An exemplar as read.
  struct WireExemplar {
    uint64_t time_ns = 0;
    bool has_value = false;
    double value = 0;
    std::string_view trace_id;
    std::string_view span_id;
    std::vector<std::string_view> attributes;
  };

  // A data point as read. `values` and `bounds` are a histogram's bucket counts and bounds, or a
  // summary's values and quantiles.
  struct Point {
    uint64_t time_ns = 0;
    uint64_t start_ns = 0;
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
    std::vector<WireExemplar> exemplars;
    void Clear();
  };

  // Of the enumeration AggregationTemporality.
  static constexpr uint64_t kDelta = 1;
  static constexpr uint64_t kCumulative = 2;
  bool HasTemporality() const {
    return metric_.kind != DataKind::kGauge && metric_.kind != DataKind::kSummary;
  }

  void WalkResource(const PieceReader& resource_metrics);
  void WalkScope(const PieceReader& scope_metrics);
  void ReadScope(PieceReader reader);
  void WalkMetric(std::string_view metric);
  void AddData(DataKind kind, std::string_view bytes);
  void SetMetricKey();
  // Whether what data_ says of all points can be guessed from its end; metric_ then says so too.
  bool GuessTrailer();
  // Reads what data_ says of all points. Why they are refused, "" if they are not.
  std::string TemporalityFault();
  // Take the points of data_, or only look whether they are well-formed and count them.
  void WalkPoints();
  // WalkPoints on a guess. False, and nothing taken, if the guess was wrong.
  bool WalkPointsGuessed();
  int64_t CheckPoints();

  // Takes a number point whose fields are laid out as senders lay them out, nearly always; false,
  // and nothing done, if it is not such a point.
  bool TakePlainNumber(std::string_view bytes);
  // Read a data point into point_; false if it is malformed.
  bool ReadPoint(std::string_view bytes);
  bool ReadNumber(std::string_view bytes);
  bool ReadHistogram(std::string_view bytes);
  bool ReadExponential(std::string_view bytes);
  bool ReadSummary(std::string_view bytes);
  // Reads a field that all kinds of points have, which have these numbers.
  struct CommonFields {
    uint32_t attributes;
    uint32_t flags;
    uint32_t exemplars;  // 0: there are none.
  };
  bool ReadCommonField(WireReader* reader, CommonFields fields);
  bool ReadExemplar(std::string_view bytes);

  // Turn point_ into samples.
  void TakePoint();
  void TakeNumber(const PointKey& key);
  void TakeHistogram();
  // Tells the sender of a histogram whose buckets, `total` together, are not its count.
  void WarnOfTotal(double total);
  void TakeExponential();
  void TakeNative(int64_t time_ms, storage::Histogram histogram);
  void TakeSummary();
  void TakeTargetInfo();
  // Take the exemplars of point_ (metrics_exemplars.cc): for one series, or each for the series of
  // its bucket.
  void TakeExemplars(storage::SeriesRef series, int64_t time_ms);
  void TakeBucketExemplars(const SeriesFamily& series, int64_t time_ms);
  void TakeExemplar(const WireExemplar& wire, storage::SeriesRef series, int64_t time_ms);
  // The same for points of delta temporality (metrics_delta.cc).
  DeltaPoint MakeDelta(storage::SeriesRef stream) const;
  void TakeDeltaNumber(storage::SeriesRef series);
  void TakeDeltaHistogram(const SeriesFamily& series);
  void TakeDeltaNative(storage::SeriesRef series, storage::Histogram histogram);
  // The time of point_ in milliseconds; nullopt, and the refusal counted, if it has no usable one.
  std::optional<int64_t> TimeMs();
  // The metric's name in what senders are told of its points: a name may be as long as a request.
  std::string ShownName() const;
  void AppendStale(const PointLane::Found& target, int64_t time_ms);

  // The target of `key`, from the lane or by `resolve`; nullopt when it was refused. Valid until
  // the next call.
  template <typename Resolve>
  std::optional<PointLane::Found> FindTarget(const PointKey& key, const Resolve& resolve);
  absl::StatusOr<storage::Attributes> ParsePointAttributes() const;
  // Of the current resource and scope.
  absl::StatusOr<const PointOrigin*> Origin();
  absl::StatusOr<PointOrigin> ParseOrigin() const;

  const OtlpOptions& options_;
  const storage::TimeRules time_rules_;
  const uint64_t seed_;
  MetricCache& cache_;
  MetricResolver resolver_;

  // The Resource and, if scopes become labels, scope messages and the schema of the current
  // envelopes, and all of it parsed at first need.
  std::vector<std::string_view> resource_bytes_;
  std::vector<std::string_view> scope_bytes_;
  std::string_view scope_schema_url_;
  std::optional<absl::StatusOr<PointOrigin>> origin_;
  PointKey resource_key_;
  PointKey origin_key_;
  std::shared_ptr<PointLane> lane_;  // Of the current resource.
  std::optional<PointLane::Cursor> cursor_;
  std::shared_ptr<const SeriesFamily> resolved_family_;  // Keeps the last one resolved.
  PointKey metric_key_;
  // Of the points of the current resource; 0 if there are none.
  int64_t earliest_ms_ = 0;
  int64_t latest_ms_ = 0;
  // The last time that was admitted, 0 at first: points mostly share theirs.
  uint64_t admitted_ns_ = 0;
  int64_t admitted_ms_ = 0;
  MetricIdentity metric_;
  std::vector<std::string_view> data_;  // The metric's `data`, nearly always in one piece.
  uint64_t seen_temporality_ = 0;       // What WalkPoints found beside the points.
  bool seen_monotonic_ = false;
  Point point_;
  bool malformed_ = false;
  int64_t points_ = 0;

  storage::MetricBatch& batch_;
  std::vector<DeltaPoint> deltas_;
  Rejections rejections_;
};

}  // namespace vigil::collector
