// SPDX-License-Identifier: Apache-2.0
#include "base/http/http_config.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil {
namespace {

// Headers that the client sets itself, or that have settings of their own.
constexpr std::string_view kReservedHeaders[] = {"authorization",
                                                 "connection",
                                                 "content-encoding",
                                                 "content-length",
                                                 "content-type",
                                                 "expect",
                                                 "host",
                                                 "keep-alive",
                                                 "proxy-authenticate",
                                                 "proxy-authorization",
                                                 "te",
                                                 "trailer",
                                                 "transfer-encoding",
                                                 "upgrade",
                                                 "user-agent",
                                                 "www-authenticate",
                                                 "x-vigil-notification-id"};

bool IsReserved(std::string_view name) {
  return std::find(std::begin(kReservedHeaders), std::end(kReservedHeaders), ToLower(name)) !=
         std::end(kReservedHeaders);
}

void ReadVersion(std::string_view name, YamlMap* map, YamlErrors* errors, TlsVersion* version) {
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
    errors->Add(map->MarkOf(name),
                fmt::format("{} \"{}\" is none of TLS10, TLS11, TLS12 and TLS13", name, text));
  }
}

class HttpConfigReader {
 public:
  HttpConfigReader(std::string_view directory, YamlMap* map, YamlErrors* errors)
      : directory_(directory), map_(*map), errors_(*errors) {}

  HttpConfig Read() {
    if (const YAML::Node node = map_.Take("basic_auth"); !node.IsNull()) ReadBasicAuth(node);
    if (const YAML::Node node = map_.Take("authorization"); !node.IsNull()) ReadAuthorization(node);
    ReadBearerToken();
    if (const YAML::Node node = map_.Take("oauth2"); !node.IsNull()) ReadOauth2(node);
    if (config_.basic_auth.has_value() + config_.authorization.has_value() +
            (config_.oauth2 != nullptr) >
        1) {
      errors_.Add(map_.mark(),
                  "at most one of basic_auth, authorization, bearer_token and oauth2 may be given");
    }
    config_.tls = ReadTlsConfig(map_.Take("tls_config"), directory_, &errors_);
    map_.TakeBool("follow_redirects", &config_.follow_redirects);
    map_.TakeBool("enable_http2", &config_.enable_http2);
    config_.proxy = ReadProxy(&map_);
    config_.headers = ReadHeaders(map_.Take("http_headers"), "http_headers");
    map_.Refuse({"sigv4", "azuread", "google_iam"},
                "put a proxy that signs requests in between (proxy_url)");
    return std::move(config_);
  }

 private:
  void ReadSecretField(std::string_view name, YamlMap* map, Secret* secret) {
    TakeSecret(name, directory_, map, &errors_, secret);
    map->Refuse({fmt::format("{}_ref", name)}, fmt::format("write {}_file instead", name));
  }

  void ReadBasicAuth(const YAML::Node& node) {
    BasicAuth& auth = config_.basic_auth.emplace();
    YamlMap map(node, "basic_auth", &errors_);
    ReadSecretField("username", &map, &auth.username);
    ReadSecretField("password", &map, &auth.password);
    map.Finish();
  }

  void ReadAuthorization(const YAML::Node& node) {
    Authorization& authorization = config_.authorization.emplace();
    YamlMap map(node, "authorization", &errors_);
    map.TakeString("type", &authorization.type);
    authorization.type = Trim(authorization.type);
    if (authorization.type.empty()) authorization.type = "Bearer";
    ReadSecretField("credentials", &map, &authorization.credentials);
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
    ReadSecretField("bearer_token", &map_, &token);
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

  void ReadOauth2(const YAML::Node& node) {
    Oauth2Config oauth2;
    YamlMap map(node, "oauth2", &errors_);
    map.TakeString("client_id", &oauth2.client_id);
    if (oauth2.client_id.empty()) errors_.Add(node, "oauth2 needs a client_id");
    ReadSecretField("client_secret", &map, &oauth2.client_secret);
    if (!map.TakeString("token_url", &oauth2.token_url)) {
      errors_.Add(node, "oauth2 needs a token_url");
    }
    const YAML::Node scopes = map.Take("scopes");
    if (!scopes.IsNull() && !scopes.IsSequence()) errors_.Add(scopes, "scopes must be a list");
    for (const YAML::Node& scope : scopes) {
      if (scope.IsScalar()) oauth2.scopes.push_back(scope.Scalar());
    }
    YamlMap params(map.Take("endpoint_params"), "endpoint_params", &errors_);
    for (const std::string& name : params.Names()) {
      std::string value;
      if (params.TakeString(name, &value)) oauth2.endpoint_params.emplace_back(name, value);
    }
    oauth2.tls = ReadTlsConfig(map.Take("tls_config"), directory_, &errors_);
    oauth2.proxy = ReadProxy(&map);
    map.Refuse(
        {"client_certificate_key", "client_certificate_key_file", "client_certificate_key_id",
         "signature_algorithm", "iss", "audience", "claims", "grant_type"},
        "only the grant client_credentials with a client_secret is known");
    map.Finish();
    config_.oauth2 = std::make_shared<const Oauth2Config>(std::move(oauth2));
  }

  ProxyConfig ReadProxy(YamlMap* map) {
    ProxyConfig proxy;
    map->TakeString("proxy_url", &proxy.url);
    map->TakeString("no_proxy", &proxy.no_proxy);
    map->TakeBool("proxy_from_environment", &proxy.from_environment);
    proxy.connect_headers = ReadProxyHeaders(map->Take("proxy_connect_header"));
    if (proxy.from_environment && !proxy.url.empty()) {
      errors_.Add(map->MarkOf("proxy_from_environment"),
                  "at most one of proxy_url and proxy_from_environment may be given");
    }
    if (!proxy.no_proxy.empty() && proxy.url.empty()) {
      errors_.Add(map->MarkOf("no_proxy"), "no_proxy needs a proxy_url");
    }
    if (!proxy.connect_headers.empty() && proxy.url.empty() && !proxy.from_environment) {
      errors_.Add(map->MarkOf("proxy_connect_header"), "proxy_connect_header needs a proxy");
    }
    return proxy;
  }

  // {NAME: [VALUE ...]}
  std::vector<HttpHeader> ReadProxyHeaders(const YAML::Node& node) {
    std::vector<HttpHeader> headers;
    if (node.IsNull()) return headers;
    YamlMap map(node, "proxy_connect_header", &errors_);
    for (const std::string& name : map.Names()) {
      HttpHeader& header = headers.emplace_back();
      header.name = name;
      if (!IsHeaderName(name)) {
        errors_.Add(map.MarkOf(name), fmt::format("\"{}\" is no header", name));
      }
      const YAML::Node values = map.Take(name);
      if (!values.IsSequence()) {
        errors_.Add(values, fmt::format("{} must be a list", name));
        continue;
      }
      for (const YAML::Node& value : values) ReadHeaderValue(value, false, &header);
    }
    return headers;
  }

  // {NAME: {values: [...], secrets: [...], files: [...]}}
  std::vector<HttpHeader> ReadHeaders(const YAML::Node& node, std::string_view what) {
    std::vector<HttpHeader> headers;
    if (node.IsNull()) return headers;
    YamlMap map(node, what, &errors_);
    for (const std::string& name : map.Names()) {
      HttpHeader& header = headers.emplace_back();
      header.name = name;
      const YAML::Mark mark = map.MarkOf(name);
      if (!IsHeaderName(name)) errors_.Add(mark, fmt::format("\"{}\" is no header", name));
      if (IsReserved(name)) {
        errors_.Add(mark, fmt::format("setting header \"{}\" is not allowed", name));
      }
      YamlMap values(map.Take(name), fmt::format("header {}", name), &errors_);
      for (const std::string_view list : {"values", "secrets", "files"}) {
        const YAML::Node texts = values.Take(list);
        if (texts.IsNull()) continue;
        if (!texts.IsSequence()) errors_.Add(texts, fmt::format("{} must be a list", list));
        for (const YAML::Node& text : texts) ReadHeaderValue(text, list == "files", &header);
      }
      values.Finish();
    }
    return headers;
  }

  void ReadHeaderValue(const YAML::Node& node, bool is_file, HttpHeader* header) {
    if (!node.IsScalar() || !IsHeaderText(node.Scalar())) {
      errors_.Add(node, fmt::format("this cannot be a value of the header {}", header->name));
    } else if (is_file) {
      header->values.push_back({"", ResolvePath(directory_, node.Scalar())});
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

TlsConfig ReadTlsConfig(const YAML::Node& node, std::string_view directory, YamlErrors* errors) {
  TlsConfig tls;
  if (node.IsNull()) return tls;
  YamlMap map(node, "tls_config", errors);
  const auto take = [&](std::string_view name, Secret* secret) {
    TakeSecret(name, directory, &map, errors, secret);
    map.Refuse({fmt::format("{}_ref", name)}, fmt::format("write {}_file instead", name));
  };
  take("ca", &tls.ca);
  take("cert", &tls.certificate);
  take("key", &tls.key);
  map.TakeString("server_name", &tls.server_name);
  map.TakeBool("insecure_skip_verify", &tls.insecure_skip_verify);
  ReadVersion("min_version", &map, errors, &tls.min_version);
  ReadVersion("max_version", &map, errors, &tls.max_version);
  if (tls.certificate.given() != tls.key.given()) {
    errors->Add(node, tls.key.given() ? "a key needs its certificate: cert or cert_file"
                                      : "a certificate needs its key: key or key_file");
  }
  if (tls.max_version != TlsVersion::kDefault && tls.max_version < tls.min_version) {
    errors->Add(map.MarkOf("max_version"), "max_version is lower than min_version");
  }
  map.Finish();
  return tls;
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

bool IsHeaderText(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

HttpConfig TakeHttpConfig(std::string_view directory, YamlMap* map, YamlErrors* errors) {
  return HttpConfigReader(directory, map, errors).Read();
}

}  // namespace vigil
