// SPDX-License-Identifier: Apache-2.0
#include "storage/relabel/relabel_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

TEST(RelabelRuleTest, ActionsAreNamed) {
  for (const char* const name : {"replace", "keep", "drop", "keepequal", "dropequal", "hashmod",
                                 "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"}) {
    const auto action = ParseRelabelAction(name);
    ASSERT_TRUE(action.has_value()) << name;
    EXPECT_EQ(RelabelActionName(*action), name);
  }
  EXPECT_EQ(ParseRelabelAction("LabelDrop"), RelabelAction::kLabelDrop);
  EXPECT_EQ(ParseRelabelAction(""), std::nullopt);
}

TEST(RelabelRuleTest, RefusesWhatIsNoRule) {
  EXPECT_THAT(RelabelRule::Create({}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs a target_label")));
  EXPECT_THAT(RelabelRule::Create({.action = RelabelAction::kKeep, .regex = "("}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("regex: error parsing regexp: missing closing ): `(`")));
}

TEST(RelabelRuleTest, StopsAtTheRuleThatDrops) {
  ASSERT_OK_AND_ASSIGN(const RelabelRule set,
                       RelabelRule::Create({.target_label = "b", .replacement = "1"}));
  ASSERT_OK_AND_ASSIGN(const RelabelRule drop,
                       RelabelRule::Create({.action = RelabelAction::kDrop}));
  ASSERT_OK_AND_ASSIGN(const RelabelRule later,
                       RelabelRule::Create({.target_label = "c", .replacement = "1"}));
  LabelsBuilder labels(Labels{{"a", "1"}});
  EXPECT_FALSE(Relabel(std::vector<RelabelRule>{set, drop, later}, &labels));
  EXPECT_EQ(labels.Build().ToString(), R"({a="1", b="1"})");
}

TEST(RelabelRuleTest, BytesThatAreNotUtf8KeepTheirCase) {
  ASSERT_OK_AND_ASSIGN(
      const RelabelRule upper,
      RelabelRule::Create(
          {.action = RelabelAction::kUppercase, .source_labels = {"a"}, .target_label = "b"}));
  LabelsBuilder labels;
  labels.Set("a", std::string_view("x\xff\0y\xc3", 5));
  EXPECT_TRUE(upper.Apply(&labels));
  EXPECT_EQ(labels.Get("b"), std::string_view("X\xff\0Y\xc3", 5));
}

}  // namespace
}  // namespace vigil::storage
