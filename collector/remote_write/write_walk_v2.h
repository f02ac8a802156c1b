// SPDX-License-Identifier: Apache-2.0
//
// One walk over the bytes of an io.prometheus.write.v2.Request, remote write 2.0, into a batch of
// samples. Labels are numbers there, of texts that stand once in the request: each text is hashed
// once, and a series is known by the hash of its texts' hashes, in whatever request it comes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

#include "collector/remote_write/series_writer.h"
#include "storage/series/labels.h"
#include "storage/storage.h"

namespace vigil::collector {

// For one request; not thread-safe. Times at which series were created are passed over.
class WriteWalkV2 {
 public:
  // As of WriteWalk, from which it differs in keys: `cache` is another one.
  WriteWalkV2(storage::Storage* storage, storage::TenantId tenant, MetricCache* cache,
              uint64_t seed, storage::MetricBatch* batch)
      : writer_(storage, tenant, cache, seed, batch) {}

  // InvalidArgument when `request` is not well-formed or its texts do not begin with an empty one;
  // batch and metadata are then of no use. What else cannot be taken costs only itself.
  absl::Status Walk(std::string_view request);

  // By metric family name, as views into the request; what the series say of their metrics.
  const std::vector<std::pair<std::string_view, storage::MetricMetadata>>& metadata() const {
    return metadata_;
  }
  Rejections& rejections() { return writer_.rejections(); }
  // Samples and histograms that the request has, taken or refused.
  int64_t samples() const { return writer_.samples(); }

 private:
  // What a text is as the name of a label.
  enum class Role : uint8_t { kOther, kMetricName, kJob, kInstance };
  struct Exemplar {
    std::vector<uint32_t> refs;
    double value = 0;
    int64_t time_ms = 0;
  };
  struct Metadata {
    uint32_t type = 0;
    uint32_t help = 0;
    uint32_t unit = 0;
    friend bool operator==(const Metadata&, const Metadata&) = default;
  };

  bool ReadSymbols(std::string_view request);
  void WalkSeries(std::string_view series);
  bool ReadSeries(std::string_view series);
  bool ReadExemplar(std::string_view bytes);
  bool ReadMetadata(std::string_view bytes);

  // What is wrong with the numbers of the current series, "" if nothing.
  std::string RefsFault() const;
  PointKey KeyOfSeries();
  std::optional<storage::SeriesRef> MakeSeries(const PointKey& key);
  void TakeExemplars(storage::SeriesRef ref);
  void NoteMetadata();
  void MakeMetadata();
  std::vector<storage::Label> LabelsOf(const std::vector<uint32_t>& refs) const;
  // Refuses the current series as a whole.
  void RefuseSeries(std::string_view reason);

  SeriesWriter writer_;
  std::vector<std::string_view> symbols_;
  std::vector<PointKey> keys_;  // Of the symbols.
  std::vector<Role> roles_;

  // The values that name the lane of the series before, by number.
  uint32_t lane_job_ = 0;
  uint32_t lane_instance_ = 0;

  // The current series.
  std::vector<uint32_t> refs_;
  std::vector<PointKey> series_keys_;  // Of refs_.
  uint32_t name_ = 0;                  // The numbers of these labels' values, 0 for none.
  uint32_t job_ = 0;
  uint32_t instance_ = 0;
  std::vector<Exemplar> exemplars_;
  Metadata series_metadata_;
  std::vector<storage::LabelView> sorted_;

  bool malformed_ = false;
  absl::flat_hash_map<uint32_t, Metadata> by_name_;  // By the number of the metric's name.
  std::vector<std::pair<std::string_view, storage::MetricMetadata>> metadata_;
};

}  // namespace vigil::collector
