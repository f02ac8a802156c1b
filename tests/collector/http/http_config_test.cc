// SPDX-License-Identifier: Apache-2.0
#include "collector/http/http_config.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/status.h"
#include "tests/testing/text_test.h"

namespace vigil::collector {
namespace {

using vigil::testing::TextCase;

std::string TextOf(const Secret& secret) {
  return secret.file.empty() ? fmt::format("\"{}\"", secret.text) : secret.file;
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
                      config.follow_redirects, config.enable_http2, config.proxy_url,
                      config.no_proxy, config.proxy_from_environment);
  for (const HttpHeader& header : config.headers) {
    text += header.name + ":";
    for (const Secret& value : header.values) text += " " + TextOf(value);
    text += "\n";
  }
  return text;
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
  vigil::testing::RunTextScript("tests/collector/http/testdata/http_config.txt", RunCase);
}

}  // namespace
}  // namespace vigil::collector
