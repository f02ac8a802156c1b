// SPDX-License-Identifier: Apache-2.0
//
// One walk over the bytes of a prometheus.WriteRequest, into a batch of samples.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "collector/otlp/metric_cache.h"
#include "collector/otlp/otlp_export.h"
#include "collector/otlp/wire.h"
#include "collector/remote_write/native_histogram.h"
#include "storage/metrics/metric_shard.h"
#include "storage/series/labels.h"
#include "storage/storage.h"

namespace vigil::collector {

// For one request; not thread-safe.
class WriteWalk {
 public:
  // Fills `*batch` anew. `cache` holds series by the bytes of their labels and is used by this
  // protocol alone.
  WriteWalk(storage::Storage* storage, storage::TenantId tenant, MetricCache* cache, uint64_t seed,
            storage::MetricBatch* batch);

  // InvalidArgument when `request` is not well-formed; batch and metadata are then of no use.
  // Series, samples and histograms that cannot be taken cost only themselves.
  absl::Status Walk(std::string_view request);

  // By metric family name, as views into the request.
  const std::vector<std::pair<std::string_view, storage::MetricMetadata>>& metadata() const {
    return metadata_;
  }
  Rejections& rejections() { return rejections_; }
  // Samples and histograms that the request has, taken or refused.
  int64_t samples() const { return samples_; }

 private:
  struct Sample {
    int64_t time_ms = 0;
    double value = 0;
  };

  void WalkSeries(std::string_view series);
  void WalkMetadata(std::string_view metadata);
  bool ReadSeries(std::string_view series);
  void AddLabelField(const char* begin, const char* end);
  void NoteTarget(std::string_view label);
  void OpenLane();
  bool ReadSample(std::string_view bytes);
  bool ReadHistogram(std::string_view bytes);

  // The series of labels_, from the cache or the store; nullopt when it was refused. May find that
  // the labels are malformed.
  std::optional<storage::SeriesRef> FindSeries();
  absl::StatusOr<storage::SeriesRef> Resolve();
  // The labels of the current series; nullopt when they are malformed.
  std::optional<std::vector<storage::Label>> ParseLabels() const;

  storage::Storage& storage_;
  const storage::TenantId tenant_;
  const storage::TimeRules time_rules_;
  const uint64_t seed_;
  MetricCache& cache_;

  // The lane of the series before, and the labels that name it.
  std::shared_ptr<PointLane> lane_;
  std::optional<PointLane::Cursor> cursor_;
  std::string_view lane_job_;
  std::string_view lane_instance_;

  // The current series. The label fields, tags and lengths included, nearly always stand side by
  // side; where they do not, labels_ is scattered_, into which they are copied.
  std::string_view labels_;
  std::string scattered_;
  std::string_view job_;  // The label messages of that name.
  std::string_view instance_;
  std::vector<Sample> floats_;
  std::vector<storage::LabelView> sorted_;  // See ReadSortedLabels.
  std::vector<NativeHistogram> histograms_;

  bool malformed_ = false;
  int64_t samples_ = 0;
  storage::MetricBatch& batch_;
  std::vector<std::pair<std::string_view, storage::MetricMetadata>> metadata_;
  Rejections rejections_;
};

}  // namespace vigil::collector
