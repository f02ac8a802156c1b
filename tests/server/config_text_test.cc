// SPDX-License-Identifier: Apache-2.0
#include "server/config_text.h"

#include <gtest/gtest.h>

namespace vigil::server {
namespace {

std::string TextOf(const char* yaml) { return PublicConfigText(YAML::Load(yaml)); }

TEST(ConfigTextTest, IsTheConfiguration) {
  EXPECT_EQ(TextOf(""), "");
  EXPECT_EQ(TextOf("{global: {scrape_interval: 5s}, rule_files: [a.yaml, 'b: c']}"),
            "global:\n  scrape_interval: 5s\nrule_files:\n  - a.yaml\n  - \"b: c\"\n");
}

TEST(ConfigTextTest, SecretsAreNotShown) {
  EXPECT_EQ(TextOf("basic_auth: {username: u, password: p, password_file: /f}"),
            "basic_auth:\n  username: u\n  password: <secret>\n  password_file: /f\n");
  EXPECT_EQ(TextOf("http_headers: {X-Key: {values: [a, b]}}"),
            "http_headers:\n  X-Key:\n    values:\n      - <secret>\n      - <secret>\n");
  EXPECT_EQ(TextOf("Bearer_Token: x"), "Bearer_Token: <secret>\n");
}

}  // namespace
}  // namespace vigil::server
