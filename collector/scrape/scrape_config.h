// SPDX-License-Identifier: Apache-2.0
//
// `scrape_configs` of the configuration, with Prometheus' keys. What vigil does not do is refused
// by name.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/http/http_config.h"
#include "base/yaml_map.h"
#include "collector/discovery/file_discovery.h"
#include "collector/discovery/target_group.h"
#include "collector/exposition/scrape_protocol.h"
#include "collector/scrape/scrape_settings.h"
#include "storage/relabel/relabel_rule.h"

namespace vigil::collector {

struct ScrapeConfig : ScrapeSettings {
  std::string job_name;
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  std::vector<std::pair<std::string, std::vector<std::string>>> params;  // Sorted by name.
  // Of two labels of one name the scraped one wins; otherwise it is kept as exported_<name>.
  bool honor_labels = false;
  // Timestamps in the answer count; otherwise the time of the scrape does.
  bool honor_timestamps = true;
  // Series with timestamps of their own end, too, when they are not exposed any more.
  bool track_timestamps_staleness = false;
  bool enable_compression = true;
  std::optional<ScrapeProtocol> fallback_protocol;
  std::vector<DiscoveredTarget> static_targets;
  std::vector<FileSdConfig> file_sd;
  std::vector<storage::RelabelRule> relabel;
  std::vector<storage::RelabelRule> metric_relabel;
  HttpConfig http;
  std::string text;  // As it was written, with its defaults: equal texts are equal configurations.
};

// What `global` sets for all, and where the file is.
struct ScrapeDefaults : ScrapeSettings {
  std::string directory;
  std::string text;
};

// Reads the list under `scrape_configs`; mistakes go to `errors`.
std::vector<ScrapeConfig> ReadScrapeConfigs(const YAML::Node& list, const ScrapeDefaults& defaults,
                                            YamlErrors* errors);

}  // namespace vigil::collector
