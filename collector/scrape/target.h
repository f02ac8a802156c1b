// SPDX-License-Identifier: Apache-2.0
//
// From what discovery says of a target to what is scraped: relabelling, the URL, the labels of its
// series.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <absl/status/statusor.h>

#include "collector/discovery/target_group.h"
#include "collector/scrape/scrape_config.h"
#include "storage/series/labels.h"

namespace vigil::collector {

struct Target {
  storage::Labels discovered_labels;  // Before relabelling.
  storage::Labels labels;             // What its series get.
  std::string address;
  std::string url;
  int64_t interval_ms = 0;
  int64_t timeout_ms = 0;
};

// The labels of `found` before relabelling: its own and those that come of the configuration.
storage::Labels DiscoveredLabels(const ScrapeConfig& config, const DiscoveredTarget& found);

// Relabels; nullopt if the rules drop it. InvalidArgument if what they leave cannot be scraped.
absl::StatusOr<std::optional<Target>> ResolveTarget(const ScrapeConfig& config,
                                                    const storage::Labels& discovered);

}  // namespace vigil::collector
