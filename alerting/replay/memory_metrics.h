// SPDX-License-Identifier: Apache-2.0
//
// Metrics in memory: what rules read from and write to where no store is wanted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/metrics/querier.h"
#include "storage/storage.h"

namespace vigil::alerting {

using MemorySeries = std::map<storage::Labels, storage::SampleColumns>;

class MemoryTable;

// Thread-safe. Refuses samples that are older than, or differ from, the newest of their series.
// Histograms that are no gauges come back with what is known of resets, as Prometheus' store says
// it: kNotReset, or kUnknown behind a reset and at the start. A querier costs nothing to make and
// sees what was there when it was made.
class MemoryMetrics final : public storage::MetricSource, public storage::MetricSink {
 public:
  MemoryMetrics();
  ~MemoryMetrics() override;

  std::unique_ptr<storage::MetricQuerier> NewQuerier() override;
  absl::StatusOr<storage::WriteResult> Append(const std::vector<storage::LabeledSample>& samples,
                                              const storage::MetricMetadata& metadata) override;

  // The next `count` calls of Append fail with `error`.
  void FailAppends(int64_t count, absl::Status error);

  // The series whose name is `name`, all if that is empty.
  MemorySeries Dump(std::string_view name) const;

 private:
  // Queriers share it.
  const std::shared_ptr<MemoryTable> table_;
  Mutex mutex_;
  int64_t failures_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::alerting
