// SPDX-License-Identifier: Apache-2.0
//
// One target: turns what it exposes into samples, with the series about the scrape itself and the
// staleness markers of what is no longer exposed. Knows nothing of networks or threads.
//
// What a sample's text becomes, after labels of the target and relabelling, is remembered with the
// text, and so is the order of the samples: the next scrape mostly finds each where it expects it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/node_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/strings.h"
#include "collector/exposition/exposition.h"
#include "collector/http/http_client.h"
#include "collector/scrape/scrape_config.h"
#include "collector/scrape/scrape_sink.h"
#include "storage/metrics/metric_batch.h"
#include "storage/series/labels.h"

namespace vigil::collector {

// How a scrape went.
struct ScrapeResult {
  absl::Status status;
  // What the endpoint said of its metrics; null if the scrape failed.
  std::shared_ptr<const std::vector<MetricFamily>> families;
  // Samples of series that the store did not make, and why, for the first of them.
  int64_t refused = 0;
  std::string refusal;
};

// Not thread-safe.
class TargetState {
 public:
  // `labels` are those that the target's series get.
  TargetState(std::shared_ptr<const ScrapeConfig> config, storage::Labels labels,
              int64_t timeout_ms);

  const ScrapeConfig& config() const { return *config_; }
  // Goes on with another configuration. Series that are not exposed any more under it end with the
  // next scrape.
  void SetConfig(std::shared_ptr<const ScrapeConfig> config, int64_t timeout_ms);

  // Adds to `*batch` what comes of the answer to a scrape that began at `start_ms` and took
  // `seconds`; series that are new are made in `sink`.
  ScrapeResult Take(const absl::StatusOr<HttpAnswer>& answer, int64_t start_ms, double seconds,
                    ScrapeSink* sink, storage::MetricBatch* batch);

  // Adds the ends of all series, those about scrapes among them.
  void End(int64_t time_ms, storage::MetricBatch* batch);

 private:
  struct Series {
    storage::SeriesRef ref{};
    bool resolved = false;
    uint64_t seen = 0;           // The generation of its last sample.
    uint64_t tracked = 0;        // That of its last sample whose absence ends it.
    uint64_t last_exemplar = 0;  // A hash of the last one without a time.
  };
  using SeriesMap = absl::node_hash_map<storage::Labels, Series>;
  struct Entry {
    BoundForm form = BoundForm::kNone;
    SeriesMap::value_type* series = nullptr;  // Null: dropped.
    size_t position = SIZE_MAX;               // In order_.
    uint64_t seen = 0;
  };
  using EntryMap = absl::node_hash_map<std::string, Entry, StringHash, std::equal_to<>>;
  // A sample that was read; nothing is stored before all are.
  struct Row {
    SeriesMap::value_type* series;
    size_t family;
    double value;
    std::shared_ptr<const storage::Histogram> histogram;
    std::optional<int64_t> time_ms;
    size_t exemplars_end;  // In exemplars_, behind those of the row.
  };
  struct Report {
    std::string_view name;
    Series series;
  };
  struct Counts {
    size_t scraped = 0;
    size_t kept = 0;   // After relabelling.
    size_t added = 0;  // Of series that the last scrape did not have.
  };

  absl::Status Read(const HttpAnswer& answer, Counts* counts);
  absl::StatusOr<EntryMap::value_type*> FindEntry(const ExposedSample& sample,
                                                  ExpositionReader* reader, Counts* counts);
  absl::StatusOr<SeriesMap::value_type*> MakeSeries(const std::vector<storage::Label>& exposed);
  absl::Status AddRow(SeriesMap::value_type* series, ExposedSample* sample);
  absl::Status LimitHistogram(ExposedSample* sample) const;

  // What follows is done once everything was read.
  void Commit(int64_t start_ms, ScrapeSink* sink, storage::MetricBatch* batch, Counts* counts,
              ScrapeResult* result);
  bool Resolve(SeriesMap::value_type* series, const storage::MetricMetadata& metadata,
               ScrapeSink* sink, ScrapeResult* result);
  void AddExemplars(size_t begin, size_t end, int64_t time_ms, Series* series,
                    storage::MetricBatch* batch);
  std::vector<bool> NoteFamilies(ScrapeResult* result);
  void EndAbsent(int64_t time_ms, storage::MetricBatch* batch);
  void Forget();
  void AddReport(std::string_view name, double value, int64_t time_ms, ScrapeSink* sink,
                 storage::MetricBatch* batch);

  std::shared_ptr<const ScrapeConfig> config_;
  const storage::Labels labels_;
  int64_t timeout_ms_;
  uint64_t generation_ = 1;  // Rises with each scrape.

  SeriesMap series_;
  EntryMap entries_;                          // What is known of keys.
  std::vector<EntryMap::value_type*> order_;  // Those of the last scrape that went well.
  // Series that end when they are not exposed again.
  std::vector<SeriesMap::value_type*> present_;
  std::vector<Report> reports_;
  std::shared_ptr<const std::vector<MetricFamily>> families_;  // Of the last that went well.

  // Of the scrape at hand; kept for their memory.
  std::vector<EntryMap::value_type*> next_order_;
  std::vector<Row> rows_;
  std::vector<ExposedExemplar> exemplars_;
  std::vector<storage::Label> exposed_labels_;
  std::vector<MetricFamily> read_families_;
};

}  // namespace vigil::collector
