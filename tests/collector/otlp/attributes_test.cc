// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/attributes.h"

#include <opentelemetry/proto/common/v1/common.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collector/otlp/text_proto.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

namespace common = opentelemetry::proto::common::v1;
using storage::Attributes;
using storage::Label;
using storage::Value;
using ::testing::ElementsAre;
using testing::FromText;
using ::testing::IsEmpty;
using vigil::testing::StatusIs;

Value ValueOf(const std::string& text) { return ToValue(FromText<common::AnyValue>(text)); }

TEST(AttributesTest, ValuesOfEveryKind) {
  EXPECT_EQ(ValueOf(""), Value());
  EXPECT_EQ(ValueOf(R"(string_value: "a")"), Value{std::string("a")});
  EXPECT_EQ(ValueOf(R"(string_value: "")"), Value{std::string()});
  EXPECT_EQ(ValueOf("bool_value: true"), Value{true});
  EXPECT_EQ(ValueOf("int_value: -9223372036854775808"), Value{INT64_MIN});
  EXPECT_EQ(ValueOf("double_value: 0.5"), Value{0.5});
  EXPECT_EQ(ValueOf(R"(bytes_value: "\x00\xff")"),
            (Value{storage::Bytes{std::string("\0\xff", 2)}}));
  EXPECT_EQ(ValueOf(R"(array_value { values { int_value: 1 } values { } })"),
            (Value{storage::ValueList{{int64_t{1}}, {}}}));
  EXPECT_EQ(ValueOf(R"(kvlist_value { values { key: "k" value { array_value { } } } })"),
            (Value{Attributes{{"k", {storage::ValueList{}}}}}));
}

TEST(AttributesTest, TheDeepestNestingThatProtobufReadsIsKept) {
  std::string text = "int_value: 7";
  // Each list is two messages; protobuf reads a hundred inside each other.
  for (int depth = 0; depth < 48; ++depth) text = "array_value { values { " + text + " } }";
  const std::string bytes = FromText<common::AnyValue>(text).SerializeAsString();
  common::AnyValue message;
  ASSERT_TRUE(message.ParseFromString(bytes));
  std::string encoded;
  storage::EncodeValue(ToValue(message), &encoded);
  std::string_view rest = encoded;
  ASSERT_OK_AND_ASSIGN(const Value decoded, storage::DecodeValue(&rest));
  EXPECT_EQ(decoded, ToValue(message));
}

TEST(AttributesTest, LabelsAreTranslatedAndJoined) {
  const Attributes attributes = {
      {"http.status", {int64_t{200}}},
      {"a_b", {std::string("second")}},  // Joined in the order of the names: "a.b" < "a_b".
      {"a.b", {std::string("first")}},
      {"repeated", {std::string("lost")}},
      {"repeated", {std::string("counts")}},
      {"__name__", {std::string("evil")}},
      {"empty", {}},
      {"list", {storage::ValueList{{true}, {0.5}}}},
      {"bytes", {storage::Bytes{"\x01"}}},
  };
  std::vector<Label> labels = {{"kept", "before"}};
  std::vector<std::string> joined;
  ASSERT_OK(AddLabels(attributes, {}, &labels, &joined));
  EXPECT_THAT(joined, ElementsAre("a_b"));
  EXPECT_THAT(labels,
              ElementsAre(Label{"kept", "before"}, Label{"a_b", "first;second"},
                          Label{"bytes", "AQ=="}, Label{"empty", ""}, Label{"http_status", "200"},
                          Label{"list", "[true,0.5]"}, Label{"repeated", "counts"}));
}

TEST(AttributesTest, MapsThatAreEqualMakeEqualLabels) {
  const Value one{Attributes{{"b", {int64_t{2}}}, {"a", {Attributes{{"y", {}}, {"x", {true}}}}}}};
  const Value other{Attributes{{"a", {Attributes{{"x", {true}}, {"y", {}}}}}, {"b", {int64_t{2}}}}};
  for (const Value& value : {one, other, Value{storage::ValueList{one}}}) {
    std::vector<Label> labels;
    std::vector<std::string> joined;
    ASSERT_OK(AddLabels({{"map", value}}, {}, &labels, &joined));
    EXPECT_THAT(labels, ElementsAre(Label{"map", value.data.index() == one.data.index()
                                                     ? R"({"a":{"x":true,"y":null},"b":2})"
                                                     : R"([{"a":{"x":true,"y":null},"b":2}])"}));
  }
}

TEST(AttributesTest, ALabelNeedsAName) {
  for (const std::string name : {"", "_", "..."}) {
    std::vector<Label> labels;
    std::vector<std::string> joined;
    EXPECT_THAT(AddLabels({{name, {true}}}, {}, &labels, &joined),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(AttributesTest, NamesThatAreNotEscapedStayApart) {
  const Attributes attributes = {{"a.b", {int64_t{1}}}, {"a_b", {int64_t{2}}}, {"...", {true}}};
  NameRules rules;
  rules.escape = false;
  std::vector<Label> labels;
  std::vector<std::string> joined;
  ASSERT_OK(AddLabels(attributes, rules, &labels, &joined));
  EXPECT_THAT(labels, ElementsAre(Label{"...", "true"}, Label{"a.b", "1"}, Label{"a_b", "2"}));
  EXPECT_THAT(joined, ElementsAre());
}

TEST(AttributesTest, ParsesOneAttribute) {
  const auto message = FromText<common::KeyValue>(R"(key: "k" value { string_value: "v" })");
  ASSERT_OK_AND_ASSIGN(const storage::Attribute attribute,
                       ParseAttribute(message.SerializeAsString()));
  EXPECT_EQ(attribute, (storage::Attribute{"k", {std::string("v")}}));
  ASSERT_OK_AND_ASSIGN(const storage::Attribute nothing, ParseAttribute(""));
  EXPECT_EQ(nothing, storage::Attribute());
  EXPECT_THAT(ParseAttribute("\x0a\x05"
                             "ab"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseAttribute("\x0a\x01\xff"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(AttributesTest, TheTargetOfAResource) {
  const auto identity = [](Attributes resource) {
    const TargetIdentity target = IdentityOf(resource);
    return target.job + "|" + target.instance;
  };
  const storage::Attribute name = {"service.name", {std::string("shop")}};
  const storage::Attribute space = {"service.namespace", {std::string("eu")}};
  const storage::Attribute instance = {"service.instance.id", {int64_t{7}}};
  EXPECT_EQ(identity({}), "|");
  EXPECT_EQ(identity({name}), "shop|");
  EXPECT_EQ(identity({name, space, instance}), "eu/shop|7");
  EXPECT_EQ(identity({space, instance}), "|7");
  EXPECT_EQ(identity({name, {"service.namespace", {std::string()}}}), "shop|");
}

}  // namespace
}  // namespace vigil::collector
