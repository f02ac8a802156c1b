// SPDX-License-Identifier: Apache-2.0
#include "base/yaml_map.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/status.h"
#include "tests/testing/status_matchers.h"

namespace vigil {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::StatusIs;

// A map read from text, and its errors.
struct Read {
  explicit Read(const std::string& text) : map(YAML::Load(text), "thing", &errors) {}
  // The errors, "" if there are none.
  std::string Errors() { return std::string(MessageOf(errors.ToStatus())); }

  YamlErrors errors{"f.yaml"};
  YamlMap map;
};

TEST(YamlMapTest, TakesScalarsByName) {
  Read read("text: a b\nflag: true\nnumber: 12\nspan: 1h30m\nquoted: \"7\"\nempty: \"\"");
  std::string text;
  bool flag = false;
  int64_t number = 0;
  int64_t span_ms = 0;
  EXPECT_TRUE(read.map.TakeString("text", &text));
  EXPECT_EQ(text, "a b");
  EXPECT_TRUE(read.map.TakeBool("flag", &flag));
  EXPECT_TRUE(flag);
  EXPECT_TRUE(read.map.TakeInt("number", &number));
  EXPECT_EQ(number, 12);
  EXPECT_TRUE(read.map.TakeDurationMs("span", &span_ms));
  EXPECT_EQ(span_ms, 90 * kMillisPerMinute);
  EXPECT_TRUE(read.map.TakeString("quoted", &text));
  EXPECT_EQ(text, "7");
  EXPECT_TRUE(read.map.TakeString("empty", &text));
  EXPECT_EQ(text, "");
  read.map.Finish();
  EXPECT_EQ(read.Errors(), "");
}

TEST(YamlMapTest, WhatIsAbsentOrNullLeavesTheDefault) {
  Read read("null_one: null\ntilde: ~\nbare:");
  for (const char* const name : {"null_one", "tilde", "bare", "absent"}) {
    std::string text = "default";
    int64_t number = 5;
    EXPECT_FALSE(read.map.Has(name));
    EXPECT_FALSE(read.map.TakeString(name, &text));
    EXPECT_FALSE(read.map.TakeInt(name, &number));
    EXPECT_EQ(text, "default");
    EXPECT_EQ(number, 5);
    EXPECT_TRUE(read.map.Take(name).IsNull());
  }
  read.map.Finish();
  EXPECT_EQ(read.Errors(), "");
}

TEST(YamlMapTest, WrongValuesAreToldWithTheirPlace) {
  Read read(
      "list: [1]\n"
      "flag: perhaps\n"
      "number: -1\n"
      "large: 99999999999999999999\n"
      "span: soon\n"
      "long: 101y\n");
  std::string text = "default";
  bool flag = true;
  int64_t number = 5;
  EXPECT_FALSE(read.map.TakeString("list", &text));
  EXPECT_FALSE(read.map.TakeBool("flag", &flag));
  EXPECT_FALSE(read.map.TakeInt("number", &number));
  EXPECT_FALSE(read.map.TakeInt("large", &number));
  EXPECT_FALSE(read.map.TakeDurationMs("span", &number));
  EXPECT_FALSE(read.map.TakeDurationMs("long", &number));
  EXPECT_EQ(text, "default");
  EXPECT_TRUE(flag);
  EXPECT_EQ(number, 5);
  EXPECT_EQ(
      read.Errors(),
      "f.yaml:1:7: list must be a single value\n"
      "f.yaml:2:7: flag must be true or false\n"
      "f.yaml:3:9: number must be a whole number, 0 or more\n"
      "f.yaml:4:8: large must be a whole number, 0 or more\n"
      "f.yaml:5:7: span: \"soon\" is not a duration: write integers with units y, w, d, h, m, "
      "s or ms, largest first, as in 1h30m\n"
      "f.yaml:6:7: long is longer than 100y");
}

TEST(YamlMapTest, FieldsThatNobodyTookAreErrors) {
  Read read("a: 1\nb: 2\nc: 3\nnothing:\n");
  read.map.Take("b");
  read.map.Refuse({"c", "d"});
  read.map.Finish();
  EXPECT_EQ(read.Errors(),
            "f.yaml:1:1: unknown field a in thing\n"
            "f.yaml:3:1: c is not supported\n"
            "f.yaml:4:1: unknown field nothing in thing");
  EXPECT_THAT(read.errors.ToStatus(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(YamlMapTest, AFieldMayBeGivenOnce) {
  Read read("a: 1\na: 2\n");
  int64_t a = 0;
  EXPECT_TRUE(read.map.TakeInt("a", &a));
  EXPECT_EQ(a, 1);
  EXPECT_EQ(read.Errors(), "f.yaml:2:1: a is given twice in thing");
}

TEST(YamlMapTest, QuotedWordsAndNumbersAreTexts) {
  Read read("flag: 'true'\nnumber: \"7\"\n");
  bool flag = false;
  int64_t number = 0;
  EXPECT_FALSE(read.map.TakeBool("flag", &flag));
  EXPECT_FALSE(read.map.TakeInt("number", &number));
  EXPECT_EQ(read.Errors(),
            "f.yaml:1:7: flag must be true or false\n"
            "f.yaml:2:9: number must be a whole number, 0 or more");
}

TEST(YamlMapTest, WhatIsMergedInGivesWay) {
  Read read(
      "base: &base {a: 1, b: 2}\n"
      "more: &more {<<: *base, b: 3, c: 4}\n"
      "thing: {c: 5, <<: [*more, {d: 6}]}\n");
  YamlMap thing(read.map.Take("thing"), "thing", &read.errors);
  EXPECT_THAT(thing.Names(), ElementsAre("c", "b", "a", "d"));
  int64_t number = 0;
  for (const auto& [name, value] : {std::pair("a", 1), {"b", 3}, {"c", 5}, {"d", 6}}) {
    EXPECT_TRUE(thing.TakeInt(name, &number));
    EXPECT_EQ(number, value) << name;
  }
  EXPECT_EQ(read.Errors(), "");
}

TEST(YamlMapTest, OnlyMapsAreMergedIn) {
  Read quoted("'<<': {a: 1}\n");
  EXPECT_THAT(quoted.map.Names(), ElementsAre("<<")) << "a field like others";
  Read text("<<: x\nb: 1\n");
  EXPECT_EQ(text.Errors(), "f.yaml:1:5: thing must be a map");
  Read endless("&a {b: 1, <<: *a}\n");
  EXPECT_EQ(endless.Errors(), "f.yaml:1:1: maps merge each other too deeply");
}

TEST(YamlMapTest, MergesEnd) {
  std::string yaml = "x0: &x0 {a: 1}\n";
  for (int i = 1; i <= 15; ++i) {
    yaml +=
        fmt::format("x{0}: &x{0} {{<<: [*x{1}, *x{1}, *x{1}, *x{1}, *x{1}, *x{1}]}}\n", i, i - 1);
  }
  Read read(yaml);
  YamlMap last(read.map.Take("x15"), "thing", &read.errors);
  EXPECT_THAT(last.Names(), ElementsAre("a"));
  EXPECT_EQ(read.Errors(), "f.yaml:1:5: maps merge each other too deeply");
}

TEST(YamlMapTest, WhatIsNoMapReadsAsAnEmptyOne) {
  for (const std::string text : {"[1, 2]", "text"}) {
    Read read(text);
    EXPECT_THAT(read.map.Names(), IsEmpty());
    EXPECT_FALSE(read.map.Has("a"));
    EXPECT_EQ(read.Errors(), "f.yaml:1:1: thing must be a map");
  }
  Read nothing("");
  EXPECT_THAT(nothing.map.Names(), IsEmpty());
  EXPECT_EQ(nothing.Errors(), "");
}

TEST(YamlMapTest, KeysAreTexts) {
  Read read("{[1]: a, b: c}");
  EXPECT_THAT(read.map.Names(), ElementsAre("b"));
  EXPECT_EQ(read.Errors(), "f.yaml:1:2: thing has a key that is not a text");
}

TEST(YamlMapTest, KnowsWhereThingsStand) {
  Read read("b: 1\na:\n  - x\n");
  EXPECT_THAT(read.map.Names(), ElementsAre("b", "a")) << "in file order";
  EXPECT_EQ(read.map.MarkOf("a").line, 2);
  EXPECT_EQ(read.map.MarkOf("a").column, 2);
  EXPECT_EQ(read.map.MarkOf("absent").line, read.map.mark().line);
}

TEST(YamlErrorsTest, AreInFileOrder) {
  YamlErrors errors("f.yaml");
  EXPECT_OK(errors.ToStatus());
  const YAML::Node list = YAML::Load("[a,\n b, c]");
  errors.Add(list[2], "third");
  errors.Add(list[1], "second");
  errors.Add(list[0], "first");
  errors.Add(list[0], "first again");
  errors.Add(YAML::Mark::null_mark(), "of nothing");
  EXPECT_THAT(errors.ToStatus(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "f.yaml:1:1: of nothing\nf.yaml:1:2: first\nf.yaml:1:2: first again\n"
                       "f.yaml:2:2: second\nf.yaml:2:5: third"));
}

}  // namespace
}  // namespace vigil
