// SPDX-License-Identifier: Apache-2.0
//
// How a server is spoken to: credentials, TLS, proxy. Part of each configuration that names servers
// to be asked, with Prometheus' keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml_map.h"

namespace vigil::collector {

// A secret as it is, or in a file that is read whenever it is needed.
struct Secret {
  std::string text;
  std::string file;  // Instead of the text, if not "".
};

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

struct HttpConfig {
  std::optional<BasicAuth> basic_auth;
  std::optional<Authorization> authorization;
  TlsConfig tls;
  bool follow_redirects = true;
  bool enable_http2 = true;
  std::string proxy_url;  // "" for none.
  std::string no_proxy;
  bool proxy_from_environment = false;
  std::vector<HttpHeader> headers;
};

// Takes the fields of an HTTP client from `map`. Relative paths in it are relative to `directory`.
HttpConfig TakeHttpConfig(std::string_view directory, YamlMap* map, YamlErrors* errors);

}  // namespace vigil::collector
