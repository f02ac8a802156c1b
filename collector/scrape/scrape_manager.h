// SPDX-License-Identifier: Apache-2.0
//
// Fetches the metrics of all targets, each on its interval.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "collector/scrape/scrape_config.h"
#include "storage/storage.h"

namespace vigil::collector {

class ScrapeManager {
 public:
  // Begins to scrape. `sink` and `clock` must outlive the manager. A target's place in its interval
  // follows from its labels, so that targets are spread and keep their phase over restarts.
  static std::unique_ptr<ScrapeManager> Start(const std::vector<ScrapeConfig>& configs,
                                              storage::MetricSink* sink, const Clock* clock);
  // Waits for the scrapes that are under way.
  virtual ~ScrapeManager() = default;
};

}  // namespace vigil::collector
