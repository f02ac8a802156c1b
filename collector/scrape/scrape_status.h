// SPDX-License-Identifier: Apache-2.0
//
// What is scraped and how that goes, for those who ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collector/exposition/exposition.h"
#include "storage/series/labels.h"

namespace vigil::collector {

enum class TargetHealth : uint8_t { kUnknown, kUp, kDown };

// A target and how its last scrape went.
struct TargetStatus {
  std::string job_name;
  std::string address;
  std::string url;
  storage::Labels discovered_labels;  // Before relabelling.
  storage::Labels labels;             // What its series get.
  int64_t interval_ms = 0;
  int64_t timeout_ms = 0;
  TargetHealth health = TargetHealth::kUnknown;
  std::string last_error;
  int64_t last_scrape_ms = 0;  // 0 before the first.
  double last_scrape_seconds = 0;
  // What the last scrape that went well was told of metrics; null before it.
  std::shared_ptr<const std::vector<MetricFamily>> families;
};

// A target that relabelling drops.
struct DroppedTarget {
  std::string job_name;
  storage::Labels discovered_labels;
};

struct ScrapeStatus {
  std::vector<std::string> job_names;            // Sorted.
  std::vector<TargetStatus> targets;             // By job, then as discovered.
  std::vector<DroppedTarget> dropped;            // By job; not all, if the job keeps only some.
  std::map<std::string, size_t> dropped_counts;  // Of each job.
};

}  // namespace vigil::collector
