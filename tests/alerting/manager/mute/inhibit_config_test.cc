// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/inhibit_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using vigil::testing::StatusIs;

TEST(InhibitConfig, ReadsBothWaysToWriteMatchers) {
  YamlErrors errors("t.yml");
  const std::vector<InhibitRule> rules = ReadInhibitRules(YAML::Load(R"(
- name: n
  source_match: {a: b}
  source_match_re: {c: d.*}
  source_matchers: ['e!=f', 'g!~h, i=j']
  target_matchers: [k=l]
  equal: [m, 'n o']
- {}
)"),
                                                          &errors);
  ASSERT_OK(errors.ToStatus());
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].name, "n");
  std::vector<std::string> source;
  for (const storage::Matcher& matcher : rules[0].source) source.push_back(matcher.ToString());
  EXPECT_THAT(source, ElementsAre("a=\"b\"", "c=~\"d.*\"", "e!=\"f\"", "g!~\"h\"", "i=\"j\""));
  EXPECT_EQ(rules[0].target.size(), 1u);
  EXPECT_THAT(rules[0].equal, ElementsAre("m", "n o"));
}

TEST(InhibitConfig, NamesMistakes) {
  const auto read = [](const char* yaml) {
    YamlErrors errors("t.yml");
    ReadInhibitRules(YAML::Load(yaml), &errors);
    return errors.ToStatus();
  };
  EXPECT_OK(read(""));
  EXPECT_THAT(read("{}"), StatusIs(absl::StatusCode::kInvalidArgument,
                                   "t.yml:1:1: inhibit_rules must be a list"));
  EXPECT_THAT(read("[{equal: x}]"), StatusIs(absl::StatusCode::kInvalidArgument,
                                             "t.yml:1:10: equal must be a list of label names"));
  EXPECT_THAT(read("[{equal: ['']}]"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "t.yml:1:11: invalid label name \"\" in equal list"));
  EXPECT_THAT(read("[{foo: x}]"), StatusIs(absl::StatusCode::kInvalidArgument,
                                           "t.yml:1:3: unknown field foo in inhibit rule"));
}

}  // namespace
}  // namespace vigil::alerting
