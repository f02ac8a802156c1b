// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#include <cstdint>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vigil {
namespace {

// What `write` writes.
template <typename Write>
std::string Written(const Write& write) {
  std::string text;
  JsonWriter json(&text);
  write(json);
  return text;
}

std::string Text(std::string_view text) {
  return Written([&](JsonWriter& json) { json.Text(text); });
}
std::string Value(double value) {
  return Written([&](JsonWriter& json) { json.SampleValue(value); });
}
std::string Time(int64_t time_ms) {
  return Written([&](JsonWriter& json) { json.SampleTime(time_ms); });
}

TEST(JsonWriterTest, CommasStandBetween) {
  EXPECT_EQ(Written([](JsonWriter& json) {
              json.BeginObject();
              json.Key("a");
              json.BeginArray();
              json.Int(-1);
              json.Bool(true);
              json.BeginObject();
              json.EndObject();
              json.BeginArray();
              json.EndArray();
              json.Null();
              json.EndArray();
              json.EscapedKey("b\"");
              json.Number(0.5);
              json.Key("c");
              json.Raw("{}");
              json.EndObject();
            }),
            R"({"a":[-1,true,{},[],null],"b\"":0.5,"c":{}})");
}

TEST(JsonWriterTest, Texts) {
  EXPECT_EQ(Text(""), R"("")");
  EXPECT_EQ(Text("plain"), R"("plain")");
  EXPECT_EQ(Text("a\"b\\c\nd\re\tf"), R"("a\"b\\c\nd\re\tf")");
  EXPECT_EQ(Text(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(Text("<a&b>"), R"("\u003ca\u0026b\u003e")");
  EXPECT_EQ(Text("a\u2028b\u2029\u202a\u20ac"), "\"a\\u2028b\\u2029\u202a\u20ac\"");
  EXPECT_EQ(Written([](JsonWriter& json) { json.LabelText("\u2028"); }), "\"\u2028\"");
  EXPECT_EQ(Text("\xc3\xa9\xff"), "\"\xc3\xa9\xef\xbf\xbd\"");
  EXPECT_EQ(Written([](JsonWriter& json) { json.LabelText("<a&b>\""); }), R"("<a&b>\"")");
}

TEST(JsonWriterTest, SpecialBytesAreSeenWhereverTheyStand) {
  for (size_t size = 1; size <= 20; ++size) {
    for (size_t at = 0; at < size; ++at) {
      SCOPED_TRACE(fmt::format("{} of {}", at, size));
      const std::string before(at, '~');
      const std::string after(size - at - 1, ' ');
      EXPECT_EQ(Text(before + "x" + after), "\"" + before + "x" + after + "\"");
      EXPECT_EQ(Text(before + "\"" + after), "\"" + before + "\\\"" + after + "\"");
      EXPECT_EQ(Text(before + "\\" + after), "\"" + before + "\\\\" + after + "\"");
      EXPECT_EQ(Text(before + "\x1f" + after), "\"" + before + "\\u001f" + after + "\"");
      EXPECT_EQ(Text(before + "&" + after), "\"" + before + "\\u0026" + after + "\"");
      EXPECT_EQ(Text(before + "\xff" + after), "\"" + before + "\xef\xbf\xbd" + after + "\"");
    }
  }
}

TEST(JsonWriterTest, SampleValues) {
  EXPECT_EQ(Value(0), R"("0")");
  EXPECT_EQ(Value(-0.0), R"("-0")");
  EXPECT_EQ(Value(42), R"("42")");
  EXPECT_EQ(Value(-1e15), R"("-1000000000000000")");
  EXPECT_EQ(Value(0.1), R"("0.1")");
  EXPECT_EQ(Value(1e20), R"("100000000000000000000")");
  EXPECT_EQ(Value(1e21), R"("1e+21")");
  EXPECT_EQ(Value(1e-7), R"("1e-07")");
  EXPECT_EQ(Value(std::numeric_limits<double>::quiet_NaN()), R"("NaN")");
  EXPECT_EQ(Value(std::numeric_limits<double>::infinity()), R"("+Inf")");
  EXPECT_EQ(Value(-std::numeric_limits<double>::infinity()), R"("-Inf")");
}

TEST(JsonWriterTest, SampleTimes) {
  EXPECT_EQ(Time(1435781451781), "1435781451.781");
  EXPECT_EQ(Time(1435781451080), "1435781451.080");
  EXPECT_EQ(Time(1435781451000), "1435781451");
  EXPECT_EQ(Time(0), "0");
  EXPECT_EQ(Time(1), "0.001");
  EXPECT_EQ(Time(-1), "-0.001");
  EXPECT_EQ(Time(-1500), "-1.500");
  EXPECT_EQ(Time(std::numeric_limits<int64_t>::min()), "-9223372036854775.808");
}

}  // namespace
}  // namespace vigil
