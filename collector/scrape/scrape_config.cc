// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_config.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "storage/relabel/relabel_config.h"

namespace vigil::collector {
namespace {

// Reads one job.
class ScrapeConfigReader {
 public:
  ScrapeConfigReader(const YAML::Node& node, const ScrapeDefaults& defaults, YamlErrors* errors)
      : node_(node), defaults_(defaults), errors_(*errors), map_(node, "scrape config", errors) {}

  ScrapeConfig Read() {
    static_cast<ScrapeSettings&>(config_) = defaults_;
    if (!map_.TakeString("job_name", &config_.job_name) || config_.job_name.empty()) {
      errors_.Add(map_.mark(), "job_name is missing");
    }
    const bool own_timeout = map_.Has("scrape_timeout");
    TakeScrapeSettings(&map_, &config_, &errors_);
    CheckTimes(own_timeout);
    ReadRequest();
    map_.TakeBool("honor_labels", &config_.honor_labels);
    map_.TakeBool("honor_timestamps", &config_.honor_timestamps);
    map_.TakeBool("track_timestamps_staleness", &config_.track_timestamps_staleness);
    ReadFallback();
    config_.relabel =
        storage::ReadRelabelConfigs(map_.Take("relabel_configs"), "relabel_configs", &errors_);
    config_.metric_relabel = storage::ReadRelabelConfigs(map_.Take("metric_relabel_configs"),
                                                         "metric_relabel_configs", &errors_);
    ReadTargets();
    config_.http = TakeHttpConfig(defaults_.directory, &map_, &errors_);
    RefuseDiscoveries();
    map_.Finish();
    config_.text = fmt::format("{}\n{}", defaults_.text, YAML::Dump(node_));
    return std::move(config_);
  }

 private:
  void CheckTimes(bool own_timeout) {
    if (config_.interval_ms <= 0) {
      errors_.Add(map_.MarkOf("scrape_interval"), "scrape_interval must be more than 0");
    }
    if (config_.timeout_ms <= 0) {
      errors_.Add(map_.MarkOf("scrape_timeout"), "scrape_timeout must be more than 0");
    }
    if (config_.timeout_ms <= config_.interval_ms) return;
    if (own_timeout) {
      errors_.Add(map_.MarkOf("scrape_timeout"), "scrape_timeout is longer than scrape_interval");
    }
    config_.timeout_ms = config_.interval_ms;
  }

  // What is asked, and how.
  void ReadRequest() {
    map_.TakeString("metrics_path", &config_.metrics_path);
    if (map_.TakeString("scheme", &config_.scheme) && config_.scheme != "http" &&
        config_.scheme != "https") {
      errors_.Add(map_.MarkOf("scheme"),
                  fmt::format("scheme \"{}\" is neither http nor https", config_.scheme));
    }
    map_.TakeBool("enable_compression", &config_.enable_compression);
    YamlMap params(map_.Take("params"), "params", &errors_);
    for (const std::string& name : params.Names()) {
      const YAML::Node list = params.Take(name);
      if (!list.IsSequence()) {
        errors_.Add(list, fmt::format("the values of param {} must be a list", name));
        continue;
      }
      auto& [key, values] = config_.params.emplace_back(name, std::vector<std::string>());
      for (const YAML::Node& value : list) {
        if (value.IsScalar()) {
          values.push_back(value.Scalar());
        } else {
          errors_.Add(value, fmt::format("a value of param {} must be a text", name));
        }
      }
    }
    params.Finish();
    std::sort(config_.params.begin(), config_.params.end());
  }

  void ReadFallback() {
    std::string fallback;
    if (!map_.TakeString("fallback_scrape_protocol", &fallback)) return;
    config_.fallback_protocol = ParseScrapeProtocol(fallback);
    if (config_.fallback_protocol.has_value()) return;
    errors_.Add(map_.MarkOf("fallback_scrape_protocol"),
                fmt::format("this is no protocol: {}", kScrapeProtocolNames));
  }

  template <typename Visit>
  void ForEachOf(std::string_view field, const Visit& visit) {
    const YAML::Node list = map_.Take(field);
    if (list.IsSequence()) {
      for (const YAML::Node& one : list) visit(one);
    } else if (!list.IsNull()) {
      errors_.Add(list, fmt::format("{} must be a list", field));
    }
  }

  void ReadTargets() {
    ForEachOf("static_configs", [this](const YAML::Node& node) {
      ReadTargetGroup(node, "static config", &config_.static_targets, &errors_);
      // Relabelling may make of it what it should be.
      if (config_.relabel.empty() && node.IsMap()) CheckAddresses(node["targets"]);
    });
    ForEachOf("file_sd_configs", [this](const YAML::Node& node) {
      config_.file_sd.push_back(ReadFileSdConfig(node, defaults_.directory, &errors_));
    });
  }

  void CheckAddresses(const YAML::Node& targets) {
    if (!targets.IsDefined() || !targets.IsSequence()) return;
    for (const YAML::Node& target : targets) {
      if (!target.IsScalar() || target.Scalar().find('/') == std::string::npos) continue;
      errors_.Add(target, fmt::format("\"{}\" is not a target: write host:port", target.Scalar()));
    }
  }

  // Whatever finds targets by asking someone.
  void RefuseDiscoveries() {
    for (const std::string& name : map_.Names()) {
      if (!name.ends_with("_sd_configs") || name == "file_sd_configs") continue;
      map_.Refuse({name},
                  "have a script write the targets into a file, and name it in file_sd_configs");
    }
  }

  const YAML::Node node_;
  const ScrapeDefaults& defaults_;
  YamlErrors& errors_;
  YamlMap map_;
  ScrapeConfig config_;
};

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
    configs.push_back(ScrapeConfigReader(node, defaults, errors).Read());
    const std::string& name = configs.back().job_name;
    if (!name.empty() && !names.insert(name).second) {
      errors->Add(node, fmt::format("job_name \"{}\" is not unique", name));
    }
  }
  return configs;
}

}  // namespace vigil::collector
