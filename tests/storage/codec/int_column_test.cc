// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/int_column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

std::string Encode(const std::vector<int64_t>& values, CodecEffort effort = CodecEffort::kQuick) {
  std::string bytes;
  AppendIntColumn(values, &bytes, effort);
  return bytes;
}

// Entries made by next(i).
template <typename Next>
std::vector<int64_t> Make(size_t count, Next next) {
  std::vector<int64_t> values;
  for (size_t i = 0; i < count; ++i) values.push_back(next(static_cast<int64_t>(i)));
  return values;
}

TEST(IntColumn, RoundTripsEveryShape) {
  for (const Shape<int64_t>& shape : IntShapes()) {
    for (const CodecEffort effort :
         {CodecEffort::kGuess, CodecEffort::kQuick, CodecEffort::kThorough}) {
      const std::string bytes = Encode(shape.values, effort);
      ByteReader reader(bytes);
      std::vector<int64_t> decoded(shape.values.size());
      ReadIntColumn(&reader, "ints", decoded);
      reader.ExpectEnd("ints");
      EXPECT_OK(reader.status()) << shape.name;
      EXPECT_EQ(decoded, shape.values) << shape.name << " " << IntEncodingName(bytes);
    }
  }
}

TEST(IntColumn, MoreEffortNeverTakesMoreRoom) {
  for (const Shape<int64_t>& shape : IntShapes()) {
    EXPECT_LE(Encode(shape.values, CodecEffort::kThorough).size(), Encode(shape.values).size())
        << shape.name;
  }
  // A counter that moves at a rate, with a burst now and then: packing pays for the bursts.
  int64_t sum = 0;
  const auto bursts = Make(1000, [&](int64_t i) {
    const int64_t noise = i * 7919 % 101 * (i % 3);
    return sum += 5000 + (i * i % 37 == 3 ? noise * 1000 : noise % 7);
  });
  const std::string coded = Encode(bursts, CodecEffort::kThorough);
  EXPECT_EQ(IntEncodingName(coded), "coded");
  EXPECT_LE(coded.size(), Encode(bursts).size() * 9 / 10);
}

TEST(IntColumn, NoValuesTakeNoBytes) {
  EXPECT_EQ(Encode({}), "");
  ByteReader reader("");
  ReadIntColumn(&reader, "ints", {});
  EXPECT_OK(reader.status());
}

TEST(IntColumn, PicksTheEncodingThatFits) {
  EXPECT_EQ(IntEncodingName(Encode(std::vector<int64_t>(500, -7))), "constant");
  EXPECT_EQ(IntEncodingName(Encode(Make(500, [](int64_t i) { return i * 15; }))), "step");
  EXPECT_EQ(IntEncodingName(Encode(Make(500, [](int64_t i) { return i * i % 7; }))), "packed");
  int64_t sum = 0;
  EXPECT_EQ(IntEncodingName(Encode(Make(500, [&](int64_t i) { return sum += i * i % 61 % 8; }))),
            "delta");
  EXPECT_EQ(IntEncodingName(Encode(Make(500, [](int64_t i) { return i * i * i; }))),
            "delta-of-delta");
  EXPECT_EQ(IntEncodingName(Encode(Make(500, [](int64_t i) { return i * i % 7 * 1000 + 5; }))),
            "scaled packed");
}

TEST(IntColumn, CostsWhatItShould) {
  // A counter of constant step, however long.
  EXPECT_LE(Encode(Make(10'000, [](int64_t i) { return 1'000'000 + i * 100; })).size(), 8u);
  // Scrapes that come up to 4 ms early or late: 5 bits and a half each.
  const auto jitter =
      Make(1280, [](int64_t i) { return 1'700'000'000'000 + i * 15'000 + i * 7919 % 9 - 4; });
  EXPECT_LE(Encode(jitter).size(), 1280u * 11 / 16);
  // A reset costs its exception only.
  const auto counter = Make(
      1280, [](int64_t i) { return (i < 600 ? 1'000'000'000'000 + i * 50 : i * 50) + i * 31 % 8; });
  EXPECT_LE(Encode(counter).size(), 1280u * 5 / 8);
  // Nanoseconds that are really milliseconds cost what milliseconds do.
  const auto millis = Make(128, [](int64_t i) { return i * 7919 % 1000; });
  auto nanos = millis;
  for (int64_t& value : nanos) value = value * 1'000'000 + 1'700'000'000'000'000'000;
  EXPECT_LE(Encode(nanos).size(), Encode(millis).size() + 16);
}

TEST(IntColumn, UnknownEncodingsAreRefused) {
  ByteReader reader("\x06\x00\x00");
  std::vector<int64_t> values(3);
  ReadIntColumn(&reader, "times", values);
  EXPECT_THAT(reader.status(), StatusIs(absl::StatusCode::kDataLoss,
                                        HasSubstr("times: unknown integer encoding 6")));
}

TEST(IntColumn, HostileBytes) {
  for (const Shape<int64_t>& shape : IntShapes()) {
    SCOPED_TRACE(shape.name);
    std::vector<int64_t> values(shape.values.size());
    DecodeHostile(Encode(shape.values),
                  [&](ByteReader* reader) { ReadIntColumn(reader, "ints", values); });
  }
}

}  // namespace
}  // namespace vigil::storage
