// SPDX-License-Identifier: Apache-2.0
//
// One target: turns what it exposes into samples, with the series about the scrape itself and the
// staleness markers of what is no longer exposed. Knows nothing of networks or threads.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "collector/scrape/scrape_config.h"
#include "collector/scrape/text_format.h"
#include "storage/storage.h"

namespace vigil::collector {

// Not thread-safe.
class TargetState {
 public:
  TargetState(const ScrapeConfig& config, const ScrapeTarget& target);

  const std::string& url() const { return url_; }
  // job, instance and the target's own labels.
  const storage::Labels& labels() const { return labels_; }

  // The samples of a scrape that began at `start_ms`, took `seconds` and gave `scraped`. They
  // borrow metadata from `scraped`.
  std::vector<storage::LabeledSample> ToSamples(const absl::StatusOr<Exposition>& scraped,
                                                int64_t start_ms, double seconds);

 private:
  storage::Labels LabelsOf(const ExposedSample& sample) const;
  void AddReport(std::string_view name, double value, int64_t time_ms,
                 std::vector<storage::LabeledSample>* samples) const;

  const bool honor_labels_;
  const bool honor_timestamps_;
  const std::string url_;
  const storage::Labels labels_;
  // Series of the last scrape that end when they are not exposed again.
  std::set<storage::Labels> present_;
};

}  // namespace vigil::collector
