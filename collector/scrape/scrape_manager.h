// SPDX-License-Identifier: Apache-2.0
//
// Fetches the metrics of all targets, each on its interval.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "base/clock.h"
#include "collector/scrape/scrape_config.h"
#include "collector/scrape/scrape_sink.h"
#include "collector/scrape/scrape_status.h"

namespace vigil::collector {

// Thread-safe.
class ScrapeManager {
 public:
  // Begins with nothing to scrape. `clock` must outlive the manager.
  static absl::StatusOr<std::unique_ptr<ScrapeManager>> Start(std::unique_ptr<ScrapeSink> sink,
                                                              const Clock* clock,
                                                              std::string user_agent);
  // Gives up the scrapes that wait for an answer, finishes those that have one. Series do not end:
  // the next process goes on with them.
  virtual ~ScrapeManager() = default;

  // What is to be scraped from now on. Targets that stay keep their place in their interval and
  // what is known of them; the series of those that go end when their next scrape would have been.
  // A target's place follows from its labels, so that targets are spread and keep it over restarts.
  virtual void SetConfigs(std::vector<ScrapeConfig> configs) = 0;

  virtual ScrapeStatus Status() const = 0;
};

}  // namespace vigil::collector
