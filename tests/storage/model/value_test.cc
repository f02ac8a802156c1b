// SPDX-License-Identifier: Apache-2.0
#include "storage/model/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/testing/fuzz.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

const double kNaN = std::numeric_limits<double>::quiet_NaN();

Value Nested(int depth) {
  Value value{int64_t{1}};
  for (int i = 0; i < depth; ++i) value = Value{ValueList{std::move(value)}};
  return value;
}

std::vector<Value> EveryKind() {
  return {
      {},
      {""},
      {"text with \"quotes\" and \n"},
      {true},
      {false},
      {int64_t{0}},
      {std::numeric_limits<int64_t>::min()},
      {std::numeric_limits<int64_t>::max()},
      {1.5},
      {-0.0},
      {kNaN},
      {-INFINITY},
      {Bytes{std::string("\0\xFF", 2)}},
      {ValueList{}},
      {ValueList{{}, {"a"}, {ValueList{{int64_t{1}}}}}},
      {Attributes{}},
      {Attributes{{"a", {int64_t{1}}}, {"", {}}, {"a", {Attributes{{"b", {kNaN}}}}}}},
      Nested(kMaxValueDepth),
  };
}

TEST(Value, RoundTripsAndLeavesWhatIsBehind) {
  std::string bytes;
  for (const Value& value : EveryKind()) EncodeValue(value, &bytes);
  bytes += "behind";
  std::string_view rest = bytes;
  for (const Value& value : EveryKind()) {
    ASSERT_OK_AND_ASSIGN(const Value decoded, DecodeValue(&rest));
    EXPECT_EQ(decoded, value) << ToText(value);
  }
  EXPECT_EQ(rest, "behind");
}

TEST(Value, AttributesRoundTrip) {
  Attributes attributes;
  for (const Value& value : EveryKind()) attributes.push_back({ToText(value), value});
  // One level deeper than the others: a list in an attribute is two levels.
  attributes.pop_back();
  std::string bytes;
  EncodeAttributes(attributes, &bytes);
  std::string_view rest = bytes;
  ASSERT_OK_AND_ASSIGN(const Attributes decoded, DecodeAttributes(&rest));
  EXPECT_EQ(decoded, attributes);
  EXPECT_EQ(rest, "");
}

TEST(Value, EqualityIsOfKindAndBits) {
  EXPECT_EQ(Value{kNaN}, Value{kNaN});
  EXPECT_NE(Value{0.0}, Value{-0.0});
  EXPECT_NE(Value{int64_t{1}}, Value{1.0});
  EXPECT_NE(Value{"x"}, Value{Bytes{"x"}});
  EXPECT_NE(Value{ValueList{}}, Value{Attributes{}});
  EXPECT_NE(Value{ValueList{{int64_t{1}}}}, Value{ValueList{{int64_t{2}}}});
}

TEST(Value, TextOfEachKind) {
  EXPECT_EQ(ToText({}), "");
  EXPECT_EQ(ToText({"as \"it\" is\n"}), "as \"it\" is\n");
  EXPECT_EQ(ToText({true}), "true");
  EXPECT_EQ(ToText({int64_t{-42}}), "-42");
  EXPECT_EQ(ToText({0.1}), "0.1");
  EXPECT_EQ(ToText({1e-7}), "1e-7");
  EXPECT_EQ(ToText({-2.5e-10}), "-2.5e-10");
  EXPECT_EQ(ToText({ValueList{{9.99e-7}, {1e21}}}), "[9.99e-7,1e+21]");
  EXPECT_EQ(ToText({100000.0}), "100000");
  EXPECT_EQ(ToText({1e21}), "1e+21");
  EXPECT_EQ(ToText({kNaN}), "NaN");
  EXPECT_EQ(ToText({INFINITY}), "Infinity");
  EXPECT_EQ(ToText({-INFINITY}), "-Infinity");
  EXPECT_EQ(ToText({Bytes{"f"}}), "Zg==");
  EXPECT_EQ(ToText({Bytes{"fo"}}), "Zm8=");
  EXPECT_EQ(ToText({Bytes{"foobar"}}), "Zm9vYmFy");
  EXPECT_EQ(ToText({Bytes{"\xFB\xFF"}}), "+/8=");
}

TEST(Value, NestedValuesAreJson) {
  EXPECT_EQ(ToText({ValueList{}}), "[]");
  EXPECT_EQ(ToText({Attributes{}}), "{}");
  EXPECT_EQ(ToText({ValueList{{}, {"q\"\n"}, {false}, {1.5}, {kNaN}, {-INFINITY}, {Bytes{"f"}}}}),
            R"([null,"q\"\n",false,1.5,"NaN","-Infinity","Zg=="])");
  EXPECT_EQ(ToText({Attributes{{"a", {int64_t{1}}}, {"b\\", {Attributes{{"c", {}}}}}}}),
            R"({"a":1,"b\\":{"c":null}})");
}

TEST(Value, FindsTheLastAttributeOfAName) {
  const Attributes attributes = {{"a", {int64_t{1}}}, {"b", {}}, {"a", {int64_t{2}}}};
  ASSERT_NE(FindAttribute(attributes, "a"), nullptr);
  EXPECT_EQ(*FindAttribute(attributes, "a"), Value{int64_t{2}});
  EXPECT_EQ(FindAttribute(attributes, "c"), nullptr);
}

TEST(Value, NestingTooDeepIsDataLossNotACrash) {
  std::string bytes;
  EncodeValue(Nested(kMaxValueDepth + 1), &bytes);
  std::string_view rest = bytes;
  EXPECT_THAT(DecodeValue(&rest), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("deeper")));
  // A million lists of one list each.
  std::string endless;
  for (int i = 0; i < 1'000'000; ++i) endless += "\x07\x01";
  rest = endless;
  EXPECT_THAT(DecodeValue(&rest), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("deeper")));
}

TEST(Value, ClaimsBeyondTheBytesAreDataLoss) {
  std::string_view list("\x07\xFF\xFF\xFF\xFF\x0F", 6);
  EXPECT_THAT(DecodeValue(&list), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("list size")));
  std::string_view text(
      "\x01\x05"
      "abc",
      5);
  EXPECT_THAT(DecodeValue(&text), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("string value")));
  std::string_view tag("\x09");
  EXPECT_THAT(DecodeValue(&tag), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("9 is unknown")));
}

TEST(Value, HostileBytes) {
  std::string bytes;
  for (const Value& value : EveryKind()) EncodeValue(value, &bytes);
  std::mt19937_64 random(7);
  for (int i = 0; i < 5000; ++i) {
    const std::string mutated = vigil::testing::Mutate(bytes, &random);
    std::string_view rest = mutated;
    while (!rest.empty()) {
      const absl::StatusOr<Value> value = DecodeValue(&rest);
      if (!value.ok()) {
        EXPECT_THAT(value, StatusIs(absl::StatusCode::kDataLoss));
        break;
      }
    }
  }
}

}  // namespace
}  // namespace vigil::storage
