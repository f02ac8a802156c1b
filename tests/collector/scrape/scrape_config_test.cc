// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_config.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/status.h"
#include "tests/testing/text_test.h"

namespace vigil::collector {
namespace {

using vigil::testing::TextCase;

std::string LimitsText(const ScrapeLimits& limits) {
  return fmt::format("{} {} {} {} {} {} {} {}", limits.body_bytes, limits.samples, limits.labels,
                     limits.label_name_bytes, limits.label_value_bytes, limits.targets,
                     limits.native_buckets, limits.dropped_targets);
}

std::string TextOf(const ScrapeConfig& config) {
  const auto flag = [](bool set, const char* name) {
    return set ? fmt::format(" {}", name) : std::string();
  };
  std::string text =
      fmt::format("{} every {} ms within {} ms at {}://{}", config.job_name, config.interval_ms,
                  config.timeout_ms, config.scheme, config.metrics_path);
  text += flag(config.honor_labels, "honor_labels") +
          flag(config.honor_timestamps, "honor_timestamps") +
          flag(config.track_timestamps_staleness, "track_timestamps_staleness") +
          flag(!config.enable_compression, "uncompressed") +
          flag(config.TakesNativeHistograms(), "native") +
          flag(config.always_classic_histograms, "classic") + flag(config.legacy_names, "legacy") +
          flag(config.extra_metrics, "extra") + "\n";
  for (const auto& [name, values] : config.params) {
    text += fmt::format("  param {} = {}\n", name, fmt::join(values, ", "));
  }
  for (const DiscoveredTarget& target : config.static_targets) {
    text += fmt::format("  target {}\n", target.ToString());
  }
  for (const FileSdConfig& files : config.file_sd) {
    text += fmt::format("  files {} every {} ms\n", fmt::join(files.patterns, ", "),
                        files.refresh_interval_ms);
  }
  if (!config.relabel.empty() || !config.metric_relabel.empty()) {
    text += fmt::format("  {} and {} relabelling rules\n", config.relabel.size(),
                        config.metric_relabel.size());
  }
  if (LimitsText(config.limits) != LimitsText({})) {
    text += fmt::format("  limits {}\n", LimitsText(config.limits));
  }
  if (!config.protocols.empty() || config.TakesNativeHistograms()) {
    text += "  protocols";
    for (const ScrapeProtocol protocol : config.Protocols()) {
      text += fmt::format(" {}", ScrapeProtocolName(protocol));
    }
    text += "\n";
  }
  if (config.http.authorization.has_value()) text += "  with authorization\n";
  return text;
}

TEST(ScrapeConfigTest, Script) {
  const auto run = [](const TextCase& text_case) -> std::string {
    YamlErrors errors("f.yaml");
    ScrapeDefaults defaults;
    defaults.interval_ms = 30'000;
    defaults.directory = "/etc";
    const std::vector<ScrapeConfig> configs =
        ReadScrapeConfigs(YAML::Load(text_case.input), defaults, &errors);
    if (const absl::Status status = errors.ToStatus(); !status.ok()) {
      return std::string(MessageOf(status));
    }
    std::string text;
    for (const ScrapeConfig& config : configs) text += TextOf(config);
    return text;
  };
  vigil::testing::RunTextScript("tests/collector/scrape/testdata/scrape_config.txt", run);
}

TEST(ScrapeConfigTest, GlobalSettingsAreDefaults) {
  YamlErrors errors("f.yaml");
  YamlMap map(YAML::Load("{scrape_interval: 5s, scrape_timeout: 2s, sample_limit: 7, "
                         "scrape_protocols: [PrometheusProto], body_size_limit: 1MB}"),
              "global", &errors);
  ScrapeDefaults defaults;
  TakeScrapeSettings(&map, &defaults, &errors);
  map.Finish();
  const std::vector<ScrapeConfig> configs =
      ReadScrapeConfigs(YAML::Load("[{job_name: a}, {job_name: b, sample_limit: 0, "
                                   "scrape_interval: 1s}]"),
                        defaults, &errors);
  ASSERT_TRUE(errors.ToStatus().ok()) << errors.ToStatus();
  EXPECT_EQ(TextOf(configs[0]),
            "a every 5000 ms within 2000 ms at http:///metrics honor_timestamps native\n"
            "  limits 1048576 7 0 0 0 0 0 0\n  protocols PrometheusProto\n");
  EXPECT_EQ(TextOf(configs[1]),
            "b every 1000 ms within 1000 ms at http:///metrics honor_timestamps native\n"
            "  limits 1048576 0 0 0 0 0 0 0\n  protocols PrometheusProto\n");
}

TEST(ScrapeConfigTest, EqualConfigurationsHaveEqualTexts) {
  const auto text_of = [](const std::string& yaml, const std::string& global) {
    YamlErrors errors("f.yaml");
    ScrapeDefaults defaults;
    defaults.text = global;
    return ReadScrapeConfigs(YAML::Load(yaml), defaults, &errors)[0].text;
  };
  const std::string a = text_of("[{job_name: a, scheme: http}]", "g");
  EXPECT_EQ(a, text_of("# A comment.\n[{job_name: a, scheme: http}]", "g"));
  EXPECT_NE(a, text_of("[{job_name: a, scheme: https}]", "g"));
  EXPECT_NE(a, text_of("[{job_name: a, scheme: http}]", "h"));
}

}  // namespace
}  // namespace vigil::collector
