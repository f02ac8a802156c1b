// SPDX-License-Identifier: Apache-2.0
//
// Metrics in memory, as tests load them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <variant>

#include <absl/status/status.h>

#include "storage/metrics/querier.h"

namespace vigil::exec {

// Not thread-safe while being loaded. Queriers see what is loaded when they are asked.
class MemorySource final : public storage::MetricSource {
 public:
  // A series and its values in the notation of query/promql/series_values.h; the first is at time 0
  // and the others follow every `step_ms`. A sample at an instant that has one replaces it.
  absl::Status Load(int64_t step_ms, std::string_view line);
  void AddFloat(const storage::Labels& labels, int64_t time_ms, double value);
  void AddHistogram(const storage::Labels& labels, int64_t time_ms,
                    std::shared_ptr<const storage::Histogram> histogram);
  void Clear() { series_.clear(); }

  std::unique_ptr<storage::MetricQuerier> NewQuerier() override;

 private:
  friend class MemoryQuerier;
  using Sample = std::variant<double, std::shared_ptr<const storage::Histogram>>;
  using Samples = std::map<int64_t, Sample>;
  std::map<storage::Labels, Samples> series_;
};

}  // namespace vigil::exec
