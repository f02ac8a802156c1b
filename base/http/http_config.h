// SPDX-License-Identifier: Apache-2.0
//
// How a server is spoken to: credentials, TLS, proxy. Part of each configuration that names servers
// to be asked or told, with Prometheus' keys.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "base/yaml_map.h"

namespace vigil {

struct BasicAuth {
  Secret username;
  Secret password;
};

struct Authorization {
  std::string type = "Bearer";
  Secret credentials;
};

enum class TlsVersion : uint8_t { kDefault, kTls10, kTls11, kTls12, kTls13 };

// Certificates and keys are PEM.
struct TlsConfig {
  Secret ca;
  Secret certificate;
  Secret key;
  std::string server_name;  // To be expected instead of the host of the URL.
  bool insecure_skip_verify = false;
  TlsVersion min_version = TlsVersion::kDefault;
  TlsVersion max_version = TlsVersion::kDefault;
};

struct HttpHeader {
  std::string name;
  std::vector<Secret> values;
};

struct ProxyConfig {
  std::string url;  // "" for none.
  std::string no_proxy;
  bool from_environment = false;
  std::vector<HttpHeader> connect_headers;
};

// OAuth 2 with the client's own credentials.
struct Oauth2Config {
  std::string client_id;
  Secret client_secret;
  std::vector<std::string> scopes;
  std::string token_url;
  std::vector<std::pair<std::string, std::string>> endpoint_params;
  TlsConfig tls;
  ProxyConfig proxy;
};

struct HttpConfig {
  // At most one of these.
  std::optional<BasicAuth> basic_auth;
  std::optional<Authorization> authorization;
  std::shared_ptr<const Oauth2Config> oauth2;

  TlsConfig tls;
  bool follow_redirects = true;
  bool enable_http2 = true;
  ProxyConfig proxy;
  std::vector<HttpHeader> headers;
};

// Takes the fields of an HTTP client from `map`. Relative paths in it are relative to `directory`.
HttpConfig TakeHttpConfig(std::string_view directory, YamlMap* map, YamlErrors* errors);

// Reads a `tls_config`. Null: the defaults.
TlsConfig ReadTlsConfig(const YAML::Node& node, std::string_view directory, YamlErrors* errors);

// Whether `text` may be the name of a header, or stand in one. Line breaks would begin another.
bool IsHeaderName(std::string_view name);
bool IsHeaderText(std::string_view text);

}  // namespace vigil
