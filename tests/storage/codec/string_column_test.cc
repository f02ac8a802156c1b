// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/string_column.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;
using Texts = std::vector<std::string>;

std::string Encode(const Texts& texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  std::string bytes;
  AppendStringColumn(views, &bytes);
  return bytes;
}

std::vector<Shape<std::string>> StringShapes() {
  std::mt19937_64 random(kShapeSeed);
  Texts lines, noise, methods, mixed;
  for (int i = 0; i < 500; ++i) {
    lines.push_back(fmt::format("GET /v1/items/{} took {} ms", random() % 1000, random() % 90));
    methods.push_back(i % 3 == 0 ? "GET" : i % 7 == 0 ? "" : "POST");
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    noise.push_back(bytes);
    mixed.push_back(i % 2 == 0 ? std::string() : bytes);
  }
  return {{"one", {"x"}},          {"one empty", {""}},
          {"all empty", Texts(9)}, {"constant", Texts(300, "a text")},
          {"two", {"a", "b"}},     {"lines", lines},
          {"methods", methods},    {"noise", noise},
          {"mixed", mixed},        {"large", {std::string(100'000, 'x'), "y"}}};
}

TEST(StringColumn, RoundTripsEveryShape) {
  for (const Shape<std::string>& shape : StringShapes()) {
    const std::string bytes = Encode(shape.values);
    ByteReader reader(bytes);
    std::vector<std::string_view> decoded(shape.values.size());
    const std::shared_ptr<const std::string> text = ReadStringColumn(&reader, "s", decoded);
    reader.ExpectEnd("s");
    EXPECT_OK(reader.status()) << shape.name;
    EXPECT_EQ(Texts(decoded.begin(), decoded.end()), shape.values) << shape.name;
  }
}

TEST(StringColumn, PicksTheEncodingThatFits) {
  EXPECT_EQ(StringEncodingName(Encode(Texts(300, "a text"))), "constant");
  EXPECT_EQ(StringEncodingName(Encode({"a", "b", "a", "b"})), "dictionary(2)");
  EXPECT_EQ(StringEncodingName(Encode({"a", "b", "c", "a"})), "plain");
}

TEST(StringColumn, CostsWhatItShould) {
  EXPECT_LE(Encode(Texts(10'000, "INFO")).size(), 12u);
  Texts methods, lines;
  for (int i = 0; i < 1280; ++i) {
    methods.push_back(i * i % 5 == 1 ? "GET" : "POST");
    lines.push_back(fmt::format("request {} from the same client was answered in time", i));
  }
  EXPECT_LE(Encode(methods).size(), 1280u / 8 + 60);
  EXPECT_LE(Encode(lines).size(), 1280u * 8);
}

TEST(StringColumn, EqualEntriesOfADictionaryShareTheirText) {
  const std::string bytes = Encode({"a", "b", "a", "b"});
  ByteReader reader(bytes);
  std::vector<std::string_view> decoded(4);
  const auto text = ReadStringColumn(&reader, "s", decoded);
  EXPECT_EQ(decoded[0].data(), decoded[2].data());
  EXPECT_NE(decoded[0].data(), decoded[1].data());
}

TEST(StringColumn, DamageIsTold) {
  std::vector<std::string_view> decoded(2);
  // Lengths 2 and 2 of a text of three bytes.
  ByteReader lengths(
      std::string_view("\x02\x00\x04\x03\x00"
                       "abc",
                       8));
  ReadStringColumn(&lengths, "body", decoded);
  EXPECT_THAT(lengths.status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("body: text 1 of 2 bytes, 1 left")));
  // Two entries, indexes 0 and 2.
  ByteReader index(
      std::string_view("\x01\x02\x00\x02\x02\x00"
                       "ab"
                       "\x01\x00\x04",
                       11));
  ReadStringColumn(&index, "body", decoded);
  EXPECT_THAT(index.status(), StatusIs(absl::StatusCode::kDataLoss,
                                       HasSubstr("body: entry 2 of a dictionary of 2")));
}

TEST(StringColumn, HostileBytes) {
  for (const Shape<std::string>& shape : StringShapes()) {
    SCOPED_TRACE(shape.name);
    std::vector<std::string_view> values(shape.values.size());
    DecodeHostile(Encode(shape.values), [&](ByteReader* reader) {
      const auto text = ReadStringColumn(reader, "s", values);
      ASSERT_NE(text, nullptr);
      if (!reader->ok()) return;
      for (const std::string_view value : values) {
        EXPECT_TRUE(value.empty() || (value.data() >= text->data() &&
                                      value.data() + value.size() <= text->data() + text->size()));
      }
    });
  }
}

}  // namespace
}  // namespace vigil::storage
