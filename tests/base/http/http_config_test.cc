// SPDX-License-Identifier: Apache-2.0
#include "base/http/http_config.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/status.h"
#include "tests/testing/text_test.h"

namespace vigil {
namespace {

using vigil::testing::TextCase;

std::string TextOf(const Secret& secret) {
  return secret.file.empty() ? fmt::format("\"{}\"", secret.text) : secret.file;
}

std::string TextOf(const std::vector<HttpHeader>& headers, std::string_view where) {
  std::string text;
  for (const HttpHeader& header : headers) {
    text += fmt::format("{}{}:", where, header.name);
    for (const Secret& value : header.values) text += " " + TextOf(value);
    text += "\n";
  }
  return text;
}

std::string TextOf(const HttpConfig& config) {
  std::string text;
  if (config.basic_auth.has_value()) {
    text += fmt::format("basic {} {}\n", TextOf(config.basic_auth->username),
                        TextOf(config.basic_auth->password));
  }
  if (config.authorization.has_value()) {
    text += fmt::format("authorization {} {}\n", config.authorization->type,
                        TextOf(config.authorization->credentials));
  }
  const TlsConfig& tls = config.tls;
  text += fmt::format("ca {} certificate {} key {} server \"{}\" skip {} versions {} to {}\n",
                      TextOf(tls.ca), TextOf(tls.certificate), TextOf(tls.key), tls.server_name,
                      tls.insecure_skip_verify, static_cast<int>(tls.min_version),
                      static_cast<int>(tls.max_version));
  text += fmt::format("redirects {} http2 {} proxy \"{}\" but \"{}\" environment {}\n",
                      config.follow_redirects, config.enable_http2, config.proxy.url,
                      config.proxy.no_proxy, config.proxy.from_environment);
  if (config.oauth2 != nullptr) {
    text += fmt::format("oauth2 {} {} from {} scopes [{}]", config.oauth2->client_id,
                        TextOf(config.oauth2->client_secret), config.oauth2->token_url,
                        fmt::join(config.oauth2->scopes, " "));
    for (const auto& [name, value] : config.oauth2->endpoint_params) {
      text += fmt::format(" {}={}", name, value);
    }
    text += fmt::format(" ca {} proxy \"{}\"\n", TextOf(config.oauth2->tls.ca),
                        config.oauth2->proxy.url);
  }
  return text + TextOf(config.headers, "") + TextOf(config.proxy.connect_headers, "proxy ");
}

std::string RunCase(const TextCase& text_case) {
  YamlErrors errors("f.yaml");
  YamlMap map(YAML::Load(text_case.input), "config", &errors);
  const HttpConfig config = TakeHttpConfig("/etc/vigil", &map, &errors);
  map.Finish();
  const absl::Status status = errors.ToStatus();
  return status.ok() ? TextOf(config) : std::string(MessageOf(status));
}

TEST(HttpConfigTest, Script) {
  vigil::testing::RunTextScript("tests/base/http/testdata/http_config.txt", RunCase);
}

}  // namespace
}  // namespace vigil
