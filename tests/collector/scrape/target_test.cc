// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/target.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/status.h"
#include "tests/testing/text_test.h"

namespace vigil::collector {
namespace {

using vigil::testing::TextCase;

// Every target of one job: what it becomes.
std::string RunCase(const TextCase& text_case) {
  YamlErrors errors("f.yaml");
  const std::vector<ScrapeConfig> configs =
      ReadScrapeConfigs(YAML::Load(text_case.input), {}, &errors);
  if (const absl::Status status = errors.ToStatus(); !status.ok()) {
    return std::string(MessageOf(status));
  }
  std::string text;
  for (const ScrapeConfig& config : configs) {
    for (const DiscoveredTarget& found : config.static_targets) {
      const storage::Labels discovered = DiscoveredLabels(config, found);
      if (text_case.command == "discovered") text += discovered.ToString() + "\n";
      const auto target = ResolveTarget(config, discovered);
      if (!target.ok()) {
        text += fmt::format("error: {}\n", MessageOf(target.status()));
      } else if (!target->has_value()) {
        text += "dropped\n";
      } else {
        text +=
            fmt::format("{} {} every {} within {}\n", (*target)->url, (*target)->labels.ToString(),
                        (*target)->interval_ms, (*target)->timeout_ms);
      }
    }
  }
  return text;
}

TEST(TargetTest, Script) {
  vigil::testing::RunTextScript("tests/collector/scrape/testdata/target.txt", RunCase);
}

}  // namespace
}  // namespace vigil::collector
