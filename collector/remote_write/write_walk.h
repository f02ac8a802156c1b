// SPDX-License-Identifier: Apache-2.0
//
// One walk over the bytes of a prometheus.WriteRequest, remote write 1.0, into a batch of samples.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "collector/remote_write/series_writer.h"
#include "storage/series/labels.h"
#include "storage/storage.h"

namespace vigil::collector {

// For one request; not thread-safe.
class WriteWalk {
 public:
  // Fills `*batch` anew. `cache` holds series by the bytes of their labels and is used by this
  // version alone.
  WriteWalk(storage::Storage* storage, storage::TenantId tenant, MetricCache* cache, uint64_t seed,
            storage::MetricBatch* batch)
      : writer_(storage, tenant, cache, seed, batch) {}

  // InvalidArgument when `request` is not well-formed; batch and metadata are then of no use.
  // Series, samples and histograms that cannot be taken cost only themselves.
  absl::Status Walk(std::string_view request);

  // By metric family name, as views into the request.
  const std::vector<std::pair<std::string_view, storage::MetricMetadata>>& metadata() const {
    return metadata_;
  }
  Rejections& rejections() { return writer_.rejections(); }
  // Samples and histograms that the request has, taken or refused.
  int64_t samples() const { return writer_.samples(); }

 private:
  void WalkSeries(std::string_view series);
  void WalkMetadata(std::string_view metadata);
  bool ReadSeries(std::string_view series);
  void AddLabelField(const char* begin, const char* end);
  void NoteTarget(std::string_view label);
  void OpenLane();

  // The series of labels_; nullopt when it was refused. May find that the labels are malformed.
  std::optional<storage::SeriesRef> MakeSeries(const PointKey& key);
  // The labels of the current series; nullopt when they are malformed.
  std::optional<std::vector<storage::Label>> ParseLabels() const;

  SeriesWriter writer_;

  // The labels that name the lane of the series before.
  std::string_view lane_job_;
  std::string_view lane_instance_;

  // The current series. The label fields, tags and lengths included, nearly always stand side by
  // side; where they do not, labels_ is scattered_, into which they are copied.
  std::string_view labels_;
  std::string scattered_;
  std::string_view job_;  // The label messages of that name.
  std::string_view instance_;
  std::vector<std::string_view> exemplars_;  // Messages, which are well-formed.
  std::vector<storage::LabelView> sorted_;   // See ReadSortedLabels.

  bool malformed_ = false;
  std::vector<std::pair<std::string_view, storage::MetricMetadata>> metadata_;
};

}  // namespace vigil::collector
