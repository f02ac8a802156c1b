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

std::string TextOf(const ScrapeConfig& config) {
  std::string text = fmt::format("{} every {} ms within {} ms at {}://{}{}{}\n", config.job_name,
                                 config.interval_ms, config.timeout_ms, config.scheme,
                                 config.metrics_path, config.honor_labels ? " honor_labels" : "",
                                 config.honor_timestamps ? " honor_timestamps" : "");
  for (const ScrapeTarget& target : config.targets) {
    text += "  " + target.address;
    for (const storage::Label& label : target.labels) {
      text += fmt::format(" {}={}", label.name, label.value);
    }
    text += "\n";
  }
  return text;
}

TEST(ScrapeConfigTest, Script) {
  const auto run = [](const TextCase& text_case) -> std::string {
    YamlErrors errors("f.yaml");
    const std::vector<ScrapeConfig> configs =
        ReadScrapeConfigs(YAML::Load(text_case.input), {.interval_ms = 30'000}, &errors);
    if (const absl::Status status = errors.ToStatus(); !status.ok()) {
      return std::string(MessageOf(status));
    }
    std::string text;
    for (const ScrapeConfig& config : configs) text += TextOf(config);
    return text;
  };
  vigil::testing::RunTextScript("tests/collector/scrape/testdata/scrape_config.txt", run);
}

}  // namespace
}  // namespace vigil::collector
