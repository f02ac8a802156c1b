// SPDX-License-Identifier: Apache-2.0
#include "cli/text/labels.h"

#include <initializer_list>
#include <utility>

#include <gtest/gtest.h>

#include "proto/vigil/v1/query.pb.h"

namespace vigil::cli {
namespace {

v1::LabelSet SetOf(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  v1::LabelSet set;
  for (const auto& [name, value] : pairs) {
    v1::Label* const label = set.add_labels();
    label->set_name(name);
    label->set_value(value);
  }
  return set;
}

TEST(LabelsTest, SeriesReadAsPromQlWritesThem) {
  EXPECT_EQ(SeriesText(SetOf({}).labels()), "{}");
  EXPECT_EQ(SeriesText(SetOf({{"__name__", "up"}}).labels()), "up");
  EXPECT_EQ(SeriesText(SetOf({{"a", "b"}}).labels()), "{a=\"b\"}");
  EXPECT_EQ(SeriesText(SetOf({{"__name__", "up"}, {"a", "b"}, {"c", "d"}}).labels()),
            "up{a=\"b\", c=\"d\"}");
  EXPECT_EQ(SeriesText(SetOf({{"a", "say \"hi\"\\\n"}}).labels()), "{a=\"say \\\"hi\\\"\\\\\\n\"}");
}

TEST(LabelsTest, LookedUpLeftOutAndAsJson) {
  const v1::LabelSet set = SetOf({{"a", "b"}, {"c", "d"}});
  EXPECT_EQ(LabelOf(set.labels(), "c"), "d");
  EXPECT_EQ(LabelOf(set.labels(), "e"), "");
  EXPECT_EQ(LabelsText(set.labels(), {"a"}), "c=\"d\"");
  EXPECT_EQ(JsonLabels(set.labels()).dump(), "{\"a\":\"b\",\"c\":\"d\"}");
  EXPECT_EQ(JsonLabels(SetOf({}).labels()).dump(), "{}");
}

}  // namespace
}  // namespace vigil::cli
