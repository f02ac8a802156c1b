// SPDX-License-Identifier: Apache-2.0
#include "server/config_text.h"

#include <string>

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
  EXPECT_EQ(TextOf("{cert: '-----BEGIN CERTIFICATE-----', key: '-----BEGIN PRIVATE KEY-----'}"),
            "cert: -----BEGIN CERTIFICATE-----\nkey: <secret>\n");
}

TEST(ConfigTextTest, AddressesOfReceiversAreSecret) {
  const absl::StatusOr<std::string> text = PublicAlertmanagerText(
      "{global: {slack_api_url: 'http://a/b', pagerduty_url: 'http://c'}, receivers: [{name: r, "
      "webhook_configs: [{url: 'http://d/e', max_alerts: 1}], slack_configs: [{api_url: f}], "
      "pagerduty_configs: [{routing_key: g, url: 'http://h'}]}]}");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text,
            "global:\n  slack_api_url: <secret>\n  pagerduty_url: http://c\n"
            "receivers:\n  - name: r\n    webhook_configs:\n      - url: <secret>\n"
            "        max_alerts: 1\n    slack_configs:\n      - api_url: <secret>\n"
            "    pagerduty_configs:\n      - routing_key: <secret>\n        url: http://h\n");
  const absl::StatusOr<std::string> newer = PublicAlertmanagerText(
      "{global: {mattermost_webhook_url: 'http://a/b'}, receivers: [{name: r, "
      "incidentio_configs: [{url: 'http://c'}]}]}");
  ASSERT_TRUE(newer.ok());
  EXPECT_EQ(*newer,
            "global:\n  mattermost_webhook_url: <secret>\n"
            "receivers:\n  - name: r\n    incidentio_configs:\n      - url: <secret>\n");
  EXPECT_FALSE(PublicAlertmanagerText("{").ok());
  EXPECT_EQ(PublicConfigText(YAML::Load("webhook_configs: [{url: x}]")),
            "webhook_configs:\n  - url: x\n");
}

TEST(ConfigTextTest, UrlsHaveNoPasswords) {
  EXPECT_EQ(TextOf("proxy_url: http://me:p@ss@proxy:3128/x"),
            "proxy_url: http://me:<secret>@proxy:3128/x\n");
  for (const char* const plain : {"http://proxy:3128", "http://me@proxy", "http://a:1/b@c"}) {
    EXPECT_EQ(TextOf(plain), std::string(plain) + "\n");
  }
}

}  // namespace
}  // namespace vigil::server
