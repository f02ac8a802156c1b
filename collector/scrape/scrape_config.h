// SPDX-License-Identifier: Apache-2.0
//
// `scrape_configs` of the configuration, with Prometheus' keys. What vigil does not do is refused
// by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/yaml_map.h"
#include "storage/series/labels.h"

namespace vigil::collector {

struct ScrapeTarget {
  std::string address;  // "host:port"
  std::vector<storage::Label> labels;
};

struct ScrapeConfig {
  std::string job_name;
  int64_t interval_ms = 60'000;
  int64_t timeout_ms = 10'000;
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  // Of two labels of one name the scraped one wins; otherwise it is kept as exported_<name>.
  bool honor_labels = false;
  // Timestamps in the answer count; otherwise the time of the scrape does.
  bool honor_timestamps = true;
  std::vector<ScrapeTarget> targets;
};

// What `global` sets for all.
struct ScrapeDefaults {
  int64_t interval_ms = 60'000;
  int64_t timeout_ms = 10'000;
};

// Reads the list under `scrape_configs`; mistakes go to `errors`.
std::vector<ScrapeConfig> ReadScrapeConfigs(const YAML::Node& list, const ScrapeDefaults& defaults,
                                            YamlErrors* errors);

}  // namespace vigil::collector
