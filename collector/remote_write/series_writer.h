// SPDX-License-Identifier: Apache-2.0
//
// What the walks over both versions of remote write have in common: the samples of one series after
// another go into a batch, series come from a cache, and what cannot be taken is accounted for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/otlp/metric_cache.h"
#include "collector/otlp/otlp_export.h"
#include "collector/otlp/wire.h"
#include "collector/remote_write/native_histogram.h"
#include "storage/metrics/metric_shard.h"
#include "storage/series/labels.h"
#include "storage/storage.h"

namespace vigil::collector {

// Of a series that is named in a message, what is shown.
inline constexpr size_t kShownSeriesBytes = 256;
std::string SeriesText(const std::vector<storage::Label>& labels);

// What is wrong with the names of `labels` apart from what the store refuses, "" if nothing.
std::string NamesFault(const std::vector<storage::Label>& labels);

// For one request; not thread-safe. Of each series: StartSeries, the samples, then Take or Refuse.
class SeriesWriter {
 public:
  // Fills `*batch` anew. `cache` holds series by keys of their labels that one version makes.
  SeriesWriter(storage::Storage* storage, storage::TenantId tenant, MetricCache* cache,
               uint64_t seed, storage::MetricBatch* batch);

  // Differs for tenants, so that keys do.
  uint64_t seed() const { return seed_; }

  void StartSeries() {
    floats_.clear();
    histograms_.clear();
    faults_.clear();
  }

  // Read a Sample and a Histogram of the series. False when they are malformed.
  bool ReadFloat(std::string_view bytes) {
    Float sample;
    WireReader reader(bytes);
    while (reader.NextField()) {
      if (reader.Is(1, WireType::kFixed64)) {
        sample.value = reader.Double();
      } else if (reader.Is(2, WireType::kVarint)) {
        sample.time_ms = static_cast<int64_t>(reader.Varint());
      } else {
        reader.Skip();
      }
    }
    ++samples_;
    if (time_rules_.Admits(sample.time_ms)) {
      floats_.push_back(sample);
    } else {
      rejections_.Add(1, time_rules_.Reason(sample.time_ms));
    }
    return reader.ok();
  }
  bool ReadHistogram(std::string_view bytes);

  // Whether there is something to take.
  bool HasSamples() const { return !floats_.empty() || !histograms_.empty(); }
  // Whether histograms make no sense: RefuseFaulty is then to be called.
  bool HasFaulty() const { return !faults_.empty(); }
  void RefuseFaulty(std::string_view series_text);

  // Series of one target come one after another, scrape for scrape, and in the same order: what
  // follows is looked for in the lane of that key.
  void OpenLane(const PointKey& lane);
  bool HasLane() const { return cursor_.has_value(); }
  // The series that was given that key, if it is known.
  std::optional<storage::SeriesRef> Find(const PointKey& key) {
    const std::optional<PointLane::Found> known = cursor_->Find(key);
    if (known.has_value()) return known->first;
    return std::nullopt;
  }
  // The series of `labels`, which that key is to stand for; nullopt, and its samples refused, when
  // the store will not have it.
  std::optional<storage::SeriesRef> Create(const PointKey& key, const storage::Labels& labels);

  void Take(storage::SeriesRef ref) {
    for (const Float& sample : floats_) batch_.Add(ref, sample.time_ms, sample.value);
    for (NativeHistogram& histogram : histograms_) {
      batch_.histograms.push_back(
          {ref, histogram.time_ms,
           std::make_shared<const storage::Histogram>(std::move(histogram.histogram))});
    }
  }
  // All samples that were read of the series.
  void Refuse(std::string_view reason) {
    rejections_.Add(static_cast<int64_t>(floats_.size() + histograms_.size()), reason);
  }
  // Nobody loses anything by an exemplar: one that cannot be kept is passed over and counted.
  void TakeExemplar(storage::SeriesRef ref, storage::Exemplar exemplar);
  static void CountRefusedExemplar();

  // The lane is let go.
  void Finish() { cursor_.reset(); }

  Rejections& rejections() { return rejections_; }
  // Samples and histograms that were read, taken or refused.
  int64_t samples() const { return samples_; }

 private:
  struct Float {
    int64_t time_ms = 0;
    double value = 0;
  };

  storage::Storage& storage_;
  const storage::TenantId tenant_;
  const storage::TimeRules time_rules_;
  const uint64_t seed_;
  MetricCache& cache_;
  std::shared_ptr<PointLane> lane_;
  std::optional<PointLane::Cursor> cursor_;

  // Of the current series.
  std::vector<Float> floats_;
  std::vector<NativeHistogram> histograms_;
  std::vector<std::string> faults_;

  int64_t samples_ = 0;
  storage::MetricBatch& batch_;
  Rejections rejections_;
};

}  // namespace vigil::collector
