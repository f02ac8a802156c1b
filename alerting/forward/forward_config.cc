// SPDX-License-Identifier: Apache-2.0
#include "alerting/forward/forward_config.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "storage/relabel/relabel_config.h"

namespace vigil::alerting {
namespace {

// Whether `text` may stand in a URL as it is; everything in it goes into labels of metrics too.
bool IsAddress(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && std::string_view("\"\\<>^`{|}/?#@").find(c) == std::string::npos;
  });
}

bool IsPath(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && std::string_view("\"\\<>^`{|}?#").find(c) == std::string::npos;
  });
}

class ForwardReader {
 public:
  explicit ForwardReader(YamlErrors* errors) : errors_(errors) {}

  ForwardConfig Read(const YAML::Node& node) {
    YamlMap map(node, "alerting", errors_);
    config_.alert_relabels = storage::ReadRelabelConfigs(map.Take("alert_relabel_configs"),
                                                         "alert_relabel_configs", errors_);
    const YAML::Node managers = map.Take("alertmanagers");
    if (!managers.IsNull() && !managers.IsSequence()) {
      errors_->Add(managers, "alertmanagers must be a list");
    } else {
      for (const YAML::Node& entry : managers) ReadManagers(entry);
    }
    map.Finish();
    return std::move(config_);
  }

 private:
  // Several that are reached in the same way.
  void ReadManagers(const YAML::Node& node) {
    YamlMap map(node, "alertmanagers", errors_);
    ForwardTarget target;
    std::string scheme = "http";
    std::string prefix;
    std::string version = "v2";
    map.TakeString("scheme", &scheme);
    map.TakeString("path_prefix", &prefix);
    map.TakeDurationMs("timeout", &target.timeout_ms);
    if (scheme != "http" && scheme != "https") {
      errors_->Add(map.MarkOf("scheme"), fmt::format("scheme \"{}\" is not http or https", scheme));
    }
    if (!IsPath(prefix)) {
      errors_->Add(map.MarkOf("path_prefix"), "path_prefix holds characters that a URL cannot");
    }
    if (map.TakeString("api_version", &version) && version != "v2") {
      errors_->Add(
          map.MarkOf("api_version"),
          fmt::format("expected Alertmanager api version to be one of [v2] but got {}", version));
    }
    target.alert_relabels = storage::ReadRelabelConfigs(map.Take("alert_relabel_configs"),
                                                        "alert_relabel_configs", errors_);
    while (prefix.ends_with('/')) prefix.pop_back();
    if (!prefix.empty() && !prefix.starts_with('/')) prefix.insert(0, "/");
    ReadStatic(map.Take("static_configs"), [&](const std::string& address) {
      ForwardTarget copy = target;
      copy.url = fmt::format("{}://{}{}/api/v2/alerts", scheme, address, prefix);
      config_.targets.push_back(std::move(copy));
    });
    RefuseOthers(&map);
    map.Finish();
  }

  void ReadStatic(const YAML::Node& node, const std::function<void(const std::string&)>& add) {
    if (!node.IsNull() && !node.IsSequence()) {
      return errors_->Add(node, "static_configs must be a list");
    }
    for (const YAML::Node& entry : node) {
      YamlMap map(entry, "static_configs", errors_);
      const YAML::Node targets = map.Take("targets");
      map.Take("labels");  // Of the target, which relabelling alone could see.
      if (!targets.IsNull() && !targets.IsSequence()) {
        errors_->Add(targets, "targets must be a list of HOST:PORT");
      } else {
        for (const YAML::Node& target : targets) ReadAddress(target, add);
      }
      map.Finish();
    }
  }

  void ReadAddress(const YAML::Node& node, const std::function<void(const std::string&)>& add) {
    if (node.IsScalar() && IsAddress(node.Scalar())) return add(node.Scalar());
    errors_->Add(node, "a target must be HOST:PORT");
  }

  static void RefuseOthers(YamlMap* map) {
    for (const std::string& name : map->Names()) {
      if (name.ends_with("_sd_configs")) map->Refuse({name}, "list targets as static_configs");
    }
    map->Refuse({"relabel_configs"}, "list targets as they are under static_configs");
    map->Refuse(
        {"basic_auth", "authorization", "oauth2", "sigv4", "azuread", "google_iam", "tls_config",
         "proxy_url", "no_proxy", "proxy_from_environment", "proxy_connect_header",
         "follow_redirects", "enable_http2", "http_headers", "bearer_token", "bearer_token_file"},
        "put a proxy that adds it in between");
  }

  YamlErrors* const errors_;
  ForwardConfig config_;
};

}  // namespace

ForwardConfig ReadForwardConfig(const YAML::Node& node, YamlErrors* errors) {
  return ForwardReader(errors).Read(node);
}

}  // namespace vigil::alerting
