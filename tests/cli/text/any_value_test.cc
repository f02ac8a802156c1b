// SPDX-License-Identifier: Apache-2.0
#include "cli/text/any_value.h"

#include <string>

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <opentelemetry/proto/common/v1/common.pb.h>

namespace vigil::cli {
namespace {

std::string TextOf(const std::string& message) {
  opentelemetry::proto::common::v1::AnyValue value;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(message, &value)) << message;
  return AnyValueText(value);
}

TEST(AnyValueTest, EachKind) {
  EXPECT_EQ(TextOf(""), "");
  EXPECT_EQ(TextOf(R"(string_value: "as \"it\" is\n")"), "as \"it\" is\n");
  EXPECT_EQ(TextOf("bool_value: true"), "true");
  EXPECT_EQ(TextOf("int_value: -9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(TextOf("double_value: 0.5"), "0.5");
  EXPECT_EQ(TextOf("double_value: 3"), "3");
  EXPECT_EQ(TextOf("double_value: nan"), "NaN");
  EXPECT_EQ(TextOf("double_value: -inf"), "-Infinity");
  EXPECT_EQ(TextOf(R"(bytes_value: "\001\002")"), "AQI=");
  EXPECT_EQ(TextOf("array_value { }"), "[]");
  EXPECT_EQ(TextOf("kvlist_value { }"), "{}");
}

TEST(AnyValueTest, ListsAndMapsAreJson) {
  EXPECT_EQ(TextOf(R"(array_value {
      values { string_value: "<x>\n" } values { int_value: 1 } values { double_value: 2 }
      values { double_value: inf } values { bool_value: false } values { }
      values { bytes_value: "\377" } })"),
            R"(["<x>\n",1,2,"Infinity",false,null,"/w=="])");
  EXPECT_EQ(TextOf(R"(kvlist_value {
      values { key: "a\"" value { array_value { values { kvlist_value { } } } } }
      values { key: "b" } })"),
            R"({"a\"":[{}],"b":null})");
}

}  // namespace
}  // namespace vigil::cli
