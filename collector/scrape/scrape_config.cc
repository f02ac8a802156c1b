// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_config.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace vigil::collector {
namespace {

ScrapeTarget ReadTarget(const YAML::Node& node, const std::vector<storage::Label>& labels,
                        YamlErrors* errors) {
  ScrapeTarget target;
  target.labels = labels;
  if (node.IsScalar()) target.address = node.Scalar();
  if (target.address.empty() || target.address.find('/') != std::string::npos) {
    errors->Add(node, fmt::format("\"{}\" is not a target: write host:port", target.address));
  }
  return target;
}

void ReadStaticConfig(const YAML::Node& node, std::vector<ScrapeTarget>* targets,
                      YamlErrors* errors) {
  YamlMap map(node, "static config", errors);
  std::vector<storage::Label> labels;
  YamlMap label_fields(map.Take("labels"), "labels", errors);
  for (const std::string& name : label_fields.Names()) {
    std::string value;
    if (label_fields.TakeString(name, &value)) labels.push_back({name, std::move(value)});
  }
  const YAML::Node list = map.Take("targets");
  if (!list.IsSequence()) {
    errors->Add(map.MarkOf("targets"), "a static config needs a list of targets");
  } else {
    for (const YAML::Node& target : list) targets->push_back(ReadTarget(target, labels, errors));
  }
  map.Finish();
}

ScrapeConfig ReadScrapeConfig(const YAML::Node& node, const ScrapeDefaults& defaults,
                              YamlErrors* errors) {
  ScrapeConfig config;
  config.interval_ms = defaults.interval_ms;
  config.timeout_ms = defaults.timeout_ms;
  YamlMap map(node, "scrape config", errors);
  if (!map.TakeString("job_name", &config.job_name)) errors->Add(map.mark(), "job_name is missing");
  map.TakeDurationMs("scrape_interval", &config.interval_ms);
  const bool own_timeout = map.TakeDurationMs("scrape_timeout", &config.timeout_ms);
  map.TakeString("metrics_path", &config.metrics_path);
  map.TakeString("scheme", &config.scheme);
  map.TakeBool("honor_labels", &config.honor_labels);
  map.TakeBool("honor_timestamps", &config.honor_timestamps);
  const YAML::Node static_configs = map.Take("static_configs");
  if (static_configs.IsSequence()) {
    for (const YAML::Node& one : static_configs) ReadStaticConfig(one, &config.targets, errors);
  } else if (!static_configs.IsNull()) {
    errors->Add(static_configs, "static_configs must be a list");
  }
  map.Refuse({"relabel_configs", "metric_relabel_configs", "file_sd_configs", "http_sd_configs",
              "dns_sd_configs", "kubernetes_sd_configs", "basic_auth", "authorization", "oauth2",
              "tls_config", "params", "sample_limit", "label_limit"});
  map.Finish();
  if (config.scheme != "http" && config.scheme != "https") {
    errors->Add(map.MarkOf("scheme"),
                fmt::format("scheme \"{}\" is neither http nor https", config.scheme));
  }
  if (config.interval_ms <= 0) {
    errors->Add(map.MarkOf("scrape_interval"), "scrape_interval must be more than 0");
  }
  if (config.timeout_ms > config.interval_ms) {
    if (own_timeout) {
      errors->Add(map.MarkOf("scrape_timeout"), "scrape_timeout is longer than scrape_interval");
    }
    config.timeout_ms = config.interval_ms;
  }
  return config;
}

}  // namespace

std::vector<ScrapeConfig> ReadScrapeConfigs(const YAML::Node& list, const ScrapeDefaults& defaults,
                                            YamlErrors* errors) {
  std::vector<ScrapeConfig> configs;
  if (!list.IsSequence()) {
    errors->Add(list, "scrape_configs must be a list");
    return configs;
  }
  std::set<std::string> names;
  for (const YAML::Node& node : list) {
    configs.push_back(ReadScrapeConfig(node, defaults, errors));
    if (!names.insert(configs.back().job_name).second) {
      errors->Add(node, fmt::format("job_name \"{}\" is not unique", configs.back().job_name));
    }
  }
  return configs;
}

}  // namespace vigil::collector
