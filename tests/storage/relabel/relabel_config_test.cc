// SPDX-License-Identifier: Apache-2.0
#include "storage/relabel/relabel_config.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/promql/parser.h"
#include "tests/testing/text_test.h"

namespace vigil::storage {
namespace {

using vigil::testing::TextCase;

// Reads `{a="1", b="2"}`.
LabelsBuilder ReadLabels(const std::string& text) {
  LabelsBuilder labels;
  const auto selector = promql::ParseSelector(text);
  if (!selector.ok()) {
    ADD_FAILURE() << text << ": " << selector.status();
    return labels;
  }
  for (const Matcher& matcher : *selector) labels.Set(matcher.name(), matcher.value());
  return labels;
}

std::string RunCase(const TextCase& text_case) {
  std::string yaml = text_case.input;
  std::string first_line;
  if (text_case.command == "relabel") {
    const size_t end = std::min(yaml.find('\n'), yaml.size());
    first_line = yaml.substr(0, end);
    yaml.erase(0, end);
  }
  YamlErrors errors("f.yaml");
  const std::vector<RelabelRule> rules =
      ReadRelabelConfigs(YAML::Load(yaml), "relabel_configs", &errors);
  if (const absl::Status status = errors.ToStatus(); !status.ok()) {
    return std::string(MessageOf(status));
  }
  LabelsBuilder labels = ReadLabels(first_line);
  if (!Relabel(rules, &labels)) return "dropped";
  return labels.Build().ToString();
}

TEST(RelabelConfigTest, Script) {
  vigil::testing::RunTextScript("tests/storage/relabel/testdata/relabel.txt", RunCase);
}

}  // namespace
}  // namespace vigil::storage
