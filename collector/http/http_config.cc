// SPDX-License-Identifier: Apache-2.0
#include "collector/http/http_config.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::collector {
namespace {

// Whether `text` may stand in a header.
bool IsHeaderText(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kAllowed = "!#$%&'*+-.^_`|~";
  for (const char c : name) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      kAllowed.find(c) != std::string_view::npos;
    if (!fine) return false;
  }
  return !name.empty();
}

class HttpConfigReader {
 public:
  HttpConfigReader(std::string_view directory, YamlMap* map, YamlErrors* errors)
      : directory_(directory), map_(*map), errors_(*errors) {}

  HttpConfig Read() {
    if (const YAML::Node node = map_.Take("basic_auth"); !node.IsNull()) ReadBasicAuth(node);
    if (const YAML::Node node = map_.Take("authorization"); !node.IsNull()) ReadAuthorization(node);
    ReadBearerToken();
    if (config_.basic_auth.has_value() && config_.authorization.has_value()) {
      errors_.Add(map_.mark(),
                  "at most one of basic_auth, authorization and bearer_token may be "
                  "given");
    }
    if (const YAML::Node node = map_.Take("tls_config"); !node.IsNull()) ReadTls(node);
    map_.TakeBool("follow_redirects", &config_.follow_redirects);
    map_.TakeBool("enable_http2", &config_.enable_http2);
    ReadProxy();
    if (const YAML::Node node = map_.Take("http_headers"); !node.IsNull()) ReadHeaders(node);
    map_.Refuse({"oauth2"},
                "have something else fetch the token, and name its file as "
                "authorization.credentials_file");
    map_.Refuse({"sigv4", "azuread", "google_iam"},
                "put a proxy that signs requests in between (proxy_url)");
    map_.Refuse({"proxy_connect_header"});
    return std::move(config_);
  }

 private:
  // Reads `name` and `name_file`, of which one at most may be there.
  void ReadSecret(std::string_view name, YamlMap* map, Secret* secret) {
    const std::string file = fmt::format("{}_file", name);
    map->TakeString(name, &secret->text);
    if (map->TakeString(file, &secret->file)) secret->file = Resolve(secret->file);
    if (!secret->text.empty() && !secret->file.empty()) {
      errors_.Add(map->MarkOf(file),
                  fmt::format("at most one of {} and {} may be given", name, file));
    }
    map->Refuse({fmt::format("{}_ref", name)}, fmt::format("write {} instead", file));
  }

  std::string Resolve(const std::string& path) const {
    if (path.empty() || std::filesystem::path(path).is_absolute()) return path;
    return (std::filesystem::path(directory_) / path).string();
  }

  void ReadBasicAuth(const YAML::Node& node) {
    BasicAuth& auth = config_.basic_auth.emplace();
    YamlMap map(node, "basic_auth", &errors_);
    ReadSecret("username", &map, &auth.username);
    ReadSecret("password", &map, &auth.password);
    map.Finish();
  }

  void ReadAuthorization(const YAML::Node& node) {
    Authorization& authorization = config_.authorization.emplace();
    YamlMap map(node, "authorization", &errors_);
    map.TakeString("type", &authorization.type);
    authorization.type = Trim(authorization.type);
    if (authorization.type.empty()) authorization.type = "Bearer";
    ReadSecret("credentials", &map, &authorization.credentials);
    if (ToLower(authorization.type) == "basic") {
      errors_.Add(map.MarkOf("type"), "type may not be basic: write basic_auth instead");
    }
    if (!IsHeaderText(authorization.type) || !IsHeaderText(authorization.credentials.text)) {
      errors_.Add(node, "authorization has characters that a header cannot have");
    }
    map.Finish();
  }

  // The spelling of old.
  void ReadBearerToken() {
    const bool given = map_.Has("bearer_token") || map_.Has("bearer_token_file");
    Secret token;
    ReadSecret("bearer_token", &map_, &token);
    if (!given) return;
    const std::string_view field = map_.Has("bearer_token") ? "bearer_token" : "bearer_token_file";
    if (config_.authorization.has_value()) {
      errors_.Add(map_.MarkOf(field), "at most one of authorization and bearer_token may be given");
    }
    if (!IsHeaderText(token.text)) {
      errors_.Add(map_.MarkOf(field), "bearer_token has characters that a header cannot have");
    }
    config_.authorization = Authorization{"Bearer", std::move(token)};
  }

  void ReadVersion(std::string_view name, YamlMap* map, TlsVersion* version) {
    std::string text;
    if (!map->TakeString(name, &text)) return;
    if (text == "TLS10") {
      *version = TlsVersion::kTls10;
    } else if (text == "TLS11") {
      *version = TlsVersion::kTls11;
    } else if (text == "TLS12") {
      *version = TlsVersion::kTls12;
    } else if (text == "TLS13") {
      *version = TlsVersion::kTls13;
    } else {
      errors_.Add(map->MarkOf(name),
                  fmt::format("{} \"{}\" is none of TLS10, TLS11, TLS12 and TLS13", name, text));
    }
  }

  void ReadTls(const YAML::Node& node) {
    TlsConfig& tls = config_.tls;
    YamlMap map(node, "tls_config", &errors_);
    ReadSecret("ca", &map, &tls.ca);
    ReadSecret("cert", &map, &tls.certificate);
    ReadSecret("key", &map, &tls.key);
    map.TakeString("server_name", &tls.server_name);
    map.TakeBool("insecure_skip_verify", &tls.insecure_skip_verify);
    ReadVersion("min_version", &map, &tls.min_version);
    ReadVersion("max_version", &map, &tls.max_version);
    const auto given = [](const Secret& secret) {
      return !secret.text.empty() || !secret.file.empty();
    };
    if (given(tls.certificate) != given(tls.key)) {
      errors_.Add(node, given(tls.key) ? "a key needs its certificate: cert or cert_file"
                                       : "a certificate needs its key: key or key_file");
    }
    if (tls.max_version != TlsVersion::kDefault && tls.max_version < tls.min_version) {
      errors_.Add(map.MarkOf("max_version"), "max_version is lower than min_version");
    }
    map.Finish();
  }

  void ReadProxy() {
    map_.TakeString("proxy_url", &config_.proxy_url);
    map_.TakeString("no_proxy", &config_.no_proxy);
    map_.TakeBool("proxy_from_environment", &config_.proxy_from_environment);
    if (config_.proxy_from_environment && !config_.proxy_url.empty()) {
      errors_.Add(map_.MarkOf("proxy_from_environment"),
                  "at most one of proxy_url and proxy_from_environment may be given");
    }
    if (!config_.no_proxy.empty() && config_.proxy_url.empty()) {
      errors_.Add(map_.MarkOf("no_proxy"), "no_proxy needs a proxy_url");
    }
  }

  void ReadHeaders(const YAML::Node& node) {
    YamlMap map(node, "http_headers", &errors_);
    for (const std::string& name : map.Names()) {
      HttpHeader& header = config_.headers.emplace_back();
      header.name = name;
      if (!IsHeaderName(name)) errors_.Add(map.mark(), fmt::format("\"{}\" is no header", name));
      YamlMap values(map.Take(name), fmt::format("header {}", name), &errors_);
      for (const std::string_view list : {"values", "secrets", "files"}) {
        const YAML::Node texts = values.Take(list);
        if (texts.IsNull()) continue;
        if (!texts.IsSequence()) errors_.Add(texts, fmt::format("{} must be a list", list));
        for (const YAML::Node& text : texts) ReadHeaderValue(text, list == "files", &header);
      }
      values.Finish();
    }
    map.Finish();
  }

  void ReadHeaderValue(const YAML::Node& node, bool is_file, HttpHeader* header) {
    if (!node.IsScalar() || !IsHeaderText(node.Scalar())) {
      errors_.Add(node, fmt::format("this cannot be a value of the header {}", header->name));
    } else if (is_file) {
      header->values.push_back({"", Resolve(node.Scalar())});
    } else {
      header->values.push_back({node.Scalar(), ""});
    }
  }

  const std::string_view directory_;
  YamlMap& map_;
  YamlErrors& errors_;
  HttpConfig config_;
};

}  // namespace

HttpConfig TakeHttpConfig(std::string_view directory, YamlMap* map, YamlErrors* errors) {
  return HttpConfigReader(directory, map, errors).Read();
}

}  // namespace vigil::collector
