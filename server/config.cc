// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "alerting/forward/forward_config.h"
#include "base/byte_size.h"
#include "base/file.h"
#include "base/status.h"
#include "base/yaml_map.h"
#include "server/config_limits.h"
#include "server/config_otlp.h"
#include "server/config_text.h"
#include "server/environment_text.h"

namespace vigil::server {
namespace {

// `path` as seen from the directory of `file_name`.
std::string RelativeTo(std::string_view file_name, const std::string& path) {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(file_name).parent_path() / given).string();
}

// Reads the sections of one file into one Config.
class ConfigReader {
 public:
  ConfigReader(std::string_view file_name, Config defaults)
      : file_name_(file_name), errors_(file_name), config_(std::move(defaults)) {}

  absl::StatusOr<Config> Read(const YAML::Node& root) {
    config_.file = file_name_;
    config_.yaml = PublicConfigText(root);
    if (root.IsNull()) return config_;  // An empty file.
    YamlMap map(root, "configuration", &errors_);
    ReadServer(map.Take("server"));
    ReadStorage(map.Take("storage"));
    ReadOtlp(map.Take("otlp"), &errors_, &config_.otlp);
    ReadLimits(map.Take("limits"), &config_.storage.limits, &errors_);
    ReadGlobal(map.Take("global"));
    ReadRuleFiles(map.Take("rule_files"));
    ReadRules(map.Take("rules"));
    ReadAlertmanager(map.Take("alertmanager"));
    config_.forward = alerting::ReadForwardConfig(map.Take("alerting"), &errors_);
    if (const YAML::Node scrapes = map.Take("scrape_configs"); !scrapes.IsNull()) {
      scrape_defaults_.directory = RelativeTo(file_name_, "");
      config_.scrapes = collector::ReadScrapeConfigs(scrapes, scrape_defaults_, &errors_);
    }
    const absl::Status scrape_files = ReadScrapeFiles(map.Take("scrape_config_files"));
    RefuseOthers(&map);
    map.Finish();
    VIGIL_RETURN_IF_ERROR(errors_.ToStatus());
    VIGIL_RETURN_IF_ERROR(scrape_files);
    return std::move(config_);
  }

 private:
  void ReadServer(const YAML::Node& node) {
    if (node.IsNull()) return;
    YamlMap map(node, "server", &errors_);
    ReadAddress("grpc_listen", &map, &config_.grpc_listen);
    ReadAddress("http_listen", &map, &config_.http_listen);
    if (const auto bytes = ReadByteSize("memory_limit", &map); bytes.has_value()) {
      config_.memory_limit_bytes = *bytes;
    }
    int64_t max_request_bytes = 0;
    if (map.TakeInt("max_request_bytes", &max_request_bytes)) {
      // gRPC counts message sizes in an int.
      if (max_request_bytes <= 0 || max_request_bytes > INT32_MAX) {
        errors_.Add(map.MarkOf("max_request_bytes"),
                    "max_request_bytes must lie between 1 and 2147483647");
      } else {
        config_.admission.max_request_bytes = static_cast<size_t>(max_request_bytes);
      }
    }
    ReadCount("max_inflight_bytes", &map, &config_.admission.max_bytes_in_flight);
    ReadCount("max_queries", &map, &config_.queries.max_running);
    ReadCount("max_queued_queries", &map, &config_.queries.max_waiting);
    ReadCount("max_followers", &map, &config_.queries.max_followers);
    if (const auto bytes = ReadByteSize("query_cache", &map); bytes.has_value()) {
      config_.query_cache_bytes = bytes;
    }
    map.TakeDurationMs("slow_query", &config_.slow_query_ms);
    map.TakeBool("experimental_functions", &config_.experimental_functions);
    map.TakeBool("delayed_name_removal", &config_.delayed_name_removal);
    map.TakeBool("type_and_unit_labels", &config_.storage.type_and_unit_labels);
    map.TakeBool("admin_api", &config_.admin_api);
    map.Finish();
  }

  // nullopt when it is not there, or wrong.
  std::optional<uint64_t> ReadByteSize(const char* key, YamlMap* map) {
    std::string text;
    if (!map->TakeString(key, &text)) return std::nullopt;
    const absl::StatusOr<uint64_t> bytes = ParseByteSize(text);
    if (bytes.ok()) return *bytes;
    errors_.Add(map->MarkOf(key), fmt::format("{}: {}", key, MessageOf(bytes.status())));
    return std::nullopt;
  }

  void ReadCount(const char* key, YamlMap* map, size_t* count) {
    int64_t value = 0;
    if (!map->TakeInt(key, &value)) return;
    if (value == 0) {
      errors_.Add(map->MarkOf(key), fmt::format("{} must be more than 0", key));
    } else {
      *count = static_cast<size_t>(value);
    }
  }

  void ReadAddress(const char* key, YamlMap* map, ListenAddress* address) {
    std::string text;
    if (!map->TakeString(key, &text)) return;
    const absl::StatusOr<ListenAddress> parsed = ParseListenAddress(text);
    if (parsed.ok()) {
      *address = *parsed;
    } else {
      errors_.Add(map->MarkOf(key), fmt::format("{}: {}", key, MessageOf(parsed.status())));
    }
  }

  void ReadStorage(const YAML::Node& node) {
    if (node.IsNull()) return;
    storage::StorageOptions& options = config_.storage;
    YamlMap map(node, "storage", &errors_);
    if (map.TakeString("data_dir", &options.data_dir)) {
      options.data_dir = RelativeTo(file_name_, options.data_dir);
    }
    std::string durability;
    if (map.TakeString("durability", &durability)) {
      if (durability != "sync" && durability != "interval") {
        errors_.Add(map.MarkOf("durability"),
                    fmt::format("durability \"{}\" is neither sync nor interval", durability));
      }
      options.durability =
          durability == "interval" ? storage::Durability::kNoSync : storage::Durability::kSync;
    }
    map.TakeDurationMs("sync_interval", &options.sync_interval_ms);
    map.TakeDurationMs("max_age", &options.max_age_ms);
    map.TakeDurationMs("max_future", &options.max_future_ms);
    map.TakeDurationMs("flush_interval", &options.head_flush_age_ms);
    ReadCount("flush_bytes", &map, &options.head_flush_bytes);
    ReadCount("max_head_bytes", &map, &config_.admission.max_head_bytes);
    if (config_.admission.max_head_bytes != 0 &&
        config_.admission.max_head_bytes < options.head_flush_bytes) {
      errors_.Add(map.MarkOf("max_head_bytes"),
                  fmt::format("max_head_bytes ({}) is less than flush_bytes ({}): senders would be "
                              "refused before anything is written",
                              config_.admission.max_head_bytes, options.head_flush_bytes));
    }
    int64_t shards = options.shards;
    if (map.TakeInt("shards", &shards)) {
      if (shards < 1 || shards > 64) {
        errors_.Add(map.MarkOf("shards"), "shards must lie between 1 and 64");
      } else {
        options.shards = static_cast<uint32_t>(shards);
      }
    }
    if (const YAML::Node retention = map.Take("retention"); !retention.IsNull()) {
      YamlMap retention_map(retention, "retention", &errors_);
      retention_map.TakeDurationMs("metrics", &options.metric_retention_ms);
      retention_map.TakeDurationMs("logs", &options.log_retention_ms);
      retention_map.TakeDurationMs("traces", &options.span_retention_ms);
      retention_map.TakeDurationMs("alert_history", &config_.alert_history_retention_ms);
      retention_map.Finish();
    }
    map.Finish();
  }

  void ReadGlobal(const YAML::Node& node) {
    if (node.IsNull()) return;
    YamlMap map(node, "global", &errors_);
    const YAML::Mark timeout_mark = map.MarkOf("scrape_timeout");
    const bool own_timeout = map.Has("scrape_timeout");
    collector::TakeScrapeSettings(&map, &scrape_defaults_, &errors_);
    if (own_timeout && scrape_defaults_.timeout_ms > scrape_defaults_.interval_ms) {
      errors_.Add(timeout_mark, "scrape_timeout is longer than scrape_interval");
    }
    scrape_defaults_.text = YAML::Dump(node);
    map.TakeDurationMs("evaluation_interval", &config_.rules.default_interval_ms);
    map.TakeDurationMs("rule_query_offset", &config_.rules.query_offset_ms);
    map.TakeString("external_url", &config_.rules.external_url);
    // Links go on with a slash of their own.
    while (config_.rules.external_url.ends_with('/')) config_.rules.external_url.pop_back();
    map.Refuse({"query_log_file"}, "server.slow_query has the log tell of slow queries");
    ReadExternalLabels(map.Take("external_labels"));
    map.Finish();
  }

  // Their values may name variables of the environment, so that one file serves many machines.
  void ReadExternalLabels(const YAML::Node& node) {
    if (node.IsNull()) return;
    YamlMap map(node, "external_labels", &errors_);
    storage::LabelsBuilder builder;
    for (const std::string& name : map.Names()) {
      if (name.empty()) errors_.Add(map.MarkOf(name), "a label needs a name");
      std::string value;
      map.TakeString(name, &value);
      builder.Set(name, ExpandEnvironment(value));
    }
    map.Finish();
    config_.rules.external_labels = builder.Build();
  }

  void ReadRuleFiles(const YAML::Node& node) {
    if (node.IsNull()) return;
    if (!node.IsSequence()) return errors_.Add(node, "rule_files must be a list of patterns");
    for (const YAML::Node& pattern : node) {
      if (!pattern.IsScalar()) {
        errors_.Add(pattern, "a rule file is named by a text");
      } else {
        config_.rule_files.push_back(RelativeTo(file_name_, pattern.Scalar()));
      }
    }
  }

  // What Prometheus takes as flags.
  void ReadRules(const YAML::Node& node) {
    if (node.IsNull()) return;
    YamlMap map(node, "rules", &errors_);
    map.TakeDurationMs("for_outage_tolerance", &config_.rules.for_outage_tolerance_ms);
    map.TakeDurationMs("for_grace_period", &config_.rules.for_grace_period_ms);
    map.TakeDurationMs("resend_delay", &config_.rules.resend_delay_ms);
    map.TakeBool("watch", &config_.watch_rules);
    map.Finish();
  }

  // Jobs in files of their own. Mistakes in this file go to errors_, those in others are returned.
  absl::Status ReadScrapeFiles(const YAML::Node& node) {
    if (node.IsNull()) return absl::OkStatus();
    if (!node.IsSequence()) {
      errors_.Add(node, "scrape_config_files must be a list of patterns");
      return absl::OkStatus();
    }
    for (const YAML::Node& pattern : node) {
      if (!pattern.IsScalar()) {
        errors_.Add(pattern, "a file of scrape_configs is named by a text");
        continue;
      }
      VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                             Glob(RelativeTo(file_name_, pattern.Scalar())));
      for (const std::string& path : paths) {
        VIGIL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
        YamlErrors errors(path);
        try {
          AddScrapes(YAML::Load(text), path, &errors);
        } catch (const YAML::Exception& error) {
          errors.Add(error.mark, error.msg);
        }
        VIGIL_RETURN_IF_ERROR(errors.ToStatus());
      }
    }
    return absl::OkStatus();
  }

  void AddScrapes(const YAML::Node& root, const std::string& path, YamlErrors* errors) {
    YamlMap map(root, "file of scrape_configs", errors);
    collector::ScrapeDefaults defaults = scrape_defaults_;
    defaults.directory = RelativeTo(path, "");
    const YAML::Node list = map.Take("scrape_configs");
    if (!list.IsNull()) {
      for (auto& scrape : collector::ReadScrapeConfigs(list, defaults, errors)) {
        for (const collector::ScrapeConfig& other : config_.scrapes) {
          if (other.job_name != scrape.job_name) continue;
          errors->Add(list, fmt::format("job_name \"{}\" is not unique", scrape.job_name));
        }
        config_.scrapes.push_back(std::move(scrape));
      }
    }
    map.Finish();
  }

  // What people have for Prometheus that vigil does otherwise or not at all.
  static void RefuseOthers(YamlMap* map) {
    map->Refuse({"remote_write", "remote_read"}, "vigil keeps and answers what it has itself");
    map->Refuse({"tracing", "runtime"}, "leave it out");
  }

  void ReadAlertmanager(const YAML::Node& node) {
    if (node.IsNull()) return;
    YamlMap map(node, "alertmanager", &errors_);
    if (map.TakeString("config_file", &config_.alertmanager_file)) {
      config_.alertmanager_file = RelativeTo(file_name_, config_.alertmanager_file);
    }
    map.Finish();
  }

  const std::string file_name_;
  YamlErrors errors_;
  Config config_;
  collector::ScrapeDefaults scrape_defaults_;
};

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view file_name, std::string_view yaml,
                                   Config defaults) {
  try {
    return ConfigReader(file_name, std::move(defaults)).Read(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& error) {
    YamlErrors errors(file_name);
    errors.Add(error.mark, error.msg);
    return errors.ToStatus();
  }
}

}  // namespace vigil::server
