// SPDX-License-Identifier: Apache-2.0
//
// The series behind MemoryMetrics. Samples are only ever added, so a reader that knows how many
// batches there were when it began sees the same as if it had a copy.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/replay/memory_metrics.h"
#include "base/duration.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "storage/metrics/querier.h"
#include "storage/storage.h"

namespace vigil::alerting {

// Thread-safe.
class MemoryTable {
 public:
  // How many batches were appended so far.
  uint64_t Version() const;

  storage::WriteResult Append(const std::vector<storage::LabeledSample>& samples);

  // What a reader of `version` sees; as storage::MetricQuerier.
  std::vector<storage::SeriesHandle> Select(const std::vector<storage::Matcher>& matchers,
                                            uint64_t version) const;
  void Read(storage::SeriesRef ref, TimeRange range, uint64_t version,
            storage::SampleColumns* columns) const;

  MemorySeries Dump(std::string_view name) const;

 private:
  // The batches that brought the samples stand beside them; they ascend, too.
  struct Series {
    storage::Labels labels;
    uint64_t since = 0;  // The batch that brought the first sample.
    storage::SampleColumns samples;
    std::vector<uint64_t> batches;
    std::vector<uint64_t> histogram_batches;
  };
  using SeriesIds = std::map<storage::Labels, size_t>;

  Series& FindOrAddLocked(const storage::Labels& labels) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AppendOneLocked(const storage::LabeledSample& sample, Series* series)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable SharedMutex mutex_;
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Series> series_ ABSL_GUARDED_BY(mutex_);
  // Most selectors name the metric.
  StringMap<SeriesIds> by_name_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::alerting
