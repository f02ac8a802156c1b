// SPDX-License-Identifier: Apache-2.0
#include "alerting/forward/forward_config.h"

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using vigil::testing::StatusIs;

absl::Status Read(const char* yaml, ForwardConfig* config = nullptr) {
  YamlErrors errors("v.yml");
  ForwardConfig read = ReadForwardConfig(YAML::Load(yaml), &errors);
  if (config != nullptr) *config = std::move(read);
  return errors.ToStatus();
}

TEST(ForwardConfig, ReadsStaticTargets) {
  ForwardConfig config;
  ASSERT_OK(Read(R"(
alert_relabel_configs: [{action: labeldrop, regex: replica}]
alertmanagers:
- static_configs: [{targets: ['a:9093', '[::1]:9093']}, {targets: [b]}]
- scheme: https
  path_prefix: am/
  timeout: 5s
  api_version: v2
  alert_relabel_configs: [{source_labels: [x], action: keep, regex: y}]
  static_configs: [{targets: ['c:1'], labels: {z: z}}]
)",
                 &config));
  EXPECT_EQ(config.alert_relabels.size(), 1u);
  ASSERT_EQ(config.targets.size(), 4u);
  EXPECT_EQ(config.targets[0].url, "http://a:9093/api/v2/alerts");
  EXPECT_EQ(config.targets[0].timeout_ms, 10'000);
  EXPECT_EQ(config.targets[1].url, "http://[::1]:9093/api/v2/alerts");
  EXPECT_EQ(config.targets[2].url, "http://b/api/v2/alerts");
  EXPECT_EQ(config.targets[3].url, "https://c:1/am/api/v2/alerts");
  EXPECT_EQ(config.targets[3].timeout_ms, 5'000);
  EXPECT_EQ(config.targets[3].alert_relabels.size(), 1u);
}

TEST(ForwardConfig, NothingIsNoTargets) {
  ForwardConfig config;
  EXPECT_OK(Read("", &config));
  EXPECT_OK(Read("{alertmanagers: []}", &config));
  EXPECT_TRUE(config.targets.empty());
}

TEST(ForwardConfig, NamesMistakes) {
  const auto is = [](const char* message) {
    return StatusIs(absl::StatusCode::kInvalidArgument, message);
  };
  EXPECT_THAT(Read("{foo: x}"), is("v.yml:1:2: unknown field foo in alerting"));
  EXPECT_THAT(Read("{alertmanagers: x}"), is("v.yml:1:17: alertmanagers must be a list"));
  EXPECT_THAT(Read("{alertmanagers: [{scheme: ftp}]}"),
              is("v.yml:1:27: scheme \"ftp\" is not http or https"));
  EXPECT_THAT(Read("{alertmanagers: [{api_version: v1}]}"),
              is("v.yml:1:32: expected Alertmanager api version to be one of [v2] but got v1"));
  EXPECT_THAT(Read("{alertmanagers: [{static_configs: [{targets: ['http://a']}]}]}"),
              is("v.yml:1:47: a target must be HOST:PORT"));
  EXPECT_THAT(Read("{alertmanagers: [{dns_sd_configs: []}]}"),
              is("v.yml:1:19: dns_sd_configs is not supported: list targets as static_configs"));
  EXPECT_THAT(Read("{alertmanagers: [{basic_auth: {}}]}"),
              is("v.yml:1:19: basic_auth is not supported: put a proxy that adds it in between"));
}

}  // namespace
}  // namespace vigil::alerting
