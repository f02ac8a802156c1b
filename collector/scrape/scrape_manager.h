// SPDX-License-Identifier: Apache-2.0
//
// Fetches the metrics of all targets, each on its interval.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "collector/scrape/scrape_config.h"
#include "collector/scrape/text_format.h"
#include "storage/series/labels.h"
#include "storage/storage.h"

namespace vigil::collector {

enum class TargetHealth : uint8_t { kUnknown, kUp, kDown };

// A target and how its last scrape went.
struct TargetStatus {
  std::string job_name;
  std::string address;
  std::string url;
  storage::Labels discovered_labels;  // What the configuration says of it.
  storage::Labels labels;             // What its series get.
  int64_t interval_ms = 0;
  int64_t timeout_ms = 0;
  TargetHealth health = TargetHealth::kUnknown;
  std::string last_error;
  int64_t last_scrape_ms = 0;  // 0 before the first.
  double last_scrape_seconds = 0;
  // Of the last scrape that went well; null before it.
  std::shared_ptr<const std::vector<MetricFamily>> families;
};

struct ScrapeStatus {
  std::vector<std::string> job_names;  // Sorted.
  std::vector<TargetStatus> targets;   // By job, then as configured.
};

// Thread-safe.
class ScrapeManager {
 public:
  // Begins to scrape. `sink` and `clock` must outlive the manager. A target's place in its interval
  // follows from its labels, so that targets are spread and keep their phase over restarts.
  static std::unique_ptr<ScrapeManager> Start(const std::vector<ScrapeConfig>& configs,
                                              storage::MetricSink* sink, const Clock* clock);
  // Waits for the scrapes that are under way.
  virtual ~ScrapeManager() = default;

  virtual ScrapeStatus Status() const = 0;
};

}  // namespace vigil::collector
