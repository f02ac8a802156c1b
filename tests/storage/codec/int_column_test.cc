// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/int_column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
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
    // But for what pieces say of themselves.
    const size_t quick = Encode(shape.values).size();
    EXPECT_LE(Encode(shape.values, CodecEffort::kThorough).size(), quick + quick / 50)
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

// A counter whose steps scatter; too long to be read whole for a few values.
std::vector<int64_t> LongCounter(size_t count) {
  std::mt19937_64 random(kShapeSeed);
  int64_t sum = -1000;
  return Make(count, [&](int64_t i) {
    // Small ones are more frequent than large ones.
    const auto step = static_cast<int64_t>((random() % 1009) * (random() % 1009) / 300);
    return sum += i % 911 == 5 ? -50 * step : step;
  });
}

// Long columns of which the writer takes differences once, not at all, and twice; and one that is
// scaled.
std::vector<std::vector<int64_t>> LongColumns(size_t count) {
  int64_t sum = 0;
  const std::vector<int64_t> counter = LongCounter(count);
  auto scaled = counter;
  for (int64_t& value : scaled) value = value * 60'000 + 17;
  std::mt19937_64 random(kShapeSeed);
  const auto scattered =
      Make(count, [&](int64_t) { return static_cast<int64_t>(random() % 100'003); });
  int64_t rate = 0;
  const auto smooth = Make(count, [&](int64_t) {
    rate += static_cast<int64_t>(random() % 4001);
    return sum += rate;
  });
  // Steps of all sizes alike are best packed, at any order.
  auto packed = Make(count, [&](int64_t) { return static_cast<int64_t>(random() % 1024); });
  int64_t total = 0;
  const auto packed_steps = Make(count, [&](int64_t i) { return total += packed[i]; });
  total = rate = 0;
  const auto packed_rates = Make(count, [&](int64_t i) { return total += rate += packed[i]; });
  return {counter, scaled, scattered, smooth, packed, packed_steps, packed_rates};
}

TEST(IntColumn, LongOnesAreReadInPieces) {
  EXPECT_EQ(IntEncodingName(Encode(LongCounter(9001), CodecEffort::kThorough)), "coded in pieces");
  for (const size_t count : {3000, 9001}) {
    for (const std::vector<int64_t>& values : LongColumns(count)) {
      const std::string bytes = Encode(values, CodecEffort::kThorough);
      for (size_t begin = 0; begin < count; begin += 1 + begin / 3) {
        for (const size_t size : {size_t{1}, size_t{2}, size_t{700}, count - begin}) {
          if (begin + size > count) continue;
          ByteReader reader(bytes);
          std::vector<int64_t> part(size);
          ReadIntColumnPart(&reader, "ints", count, begin, part);
          reader.ExpectEnd("ints");
          ASSERT_OK(reader.status());
          const auto first = values.begin() + static_cast<ptrdiff_t>(begin);
          ASSERT_TRUE(std::equal(part.begin(), part.end(), first))
              << IntEncodingName(bytes) << ", " << size << " from " << begin;
        }
      }
    }
  }
}

TEST(IntColumn, PartsOfEveryShape) {
  for (const Shape<int64_t>& shape : IntShapes()) {
    const size_t count = shape.values.size();
    const std::string bytes = Encode(shape.values);
    for (size_t begin = 0; begin < count; begin += 1 + count / 5) {
      ByteReader reader(bytes);
      std::vector<int64_t> part((count - begin + 1) / 2);
      ReadIntColumnPart(&reader, "ints", count, begin, part);
      reader.ExpectEnd("ints");
      ASSERT_OK(reader.status()) << shape.name;
      const auto first = shape.values.begin() + static_cast<ptrdiff_t>(begin);
      EXPECT_TRUE(std::equal(part.begin(), part.end(), first)) << shape.name << " from " << begin;
    }
  }
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

TEST(IntColumn, WhatIsNeverBelowItsLeastNeedsNoSigns) {
  // Waiting times of 1000 on average, of which each has 11.4 bits of entropy; as values, and as
  // what a counter grows by.
  std::mt19937_64 random(kShapeSeed);
  std::exponential_distribution<double> waiting(0.001);
  const auto times = Make(4000, [&](int64_t) { return static_cast<int64_t>(waiting(random)); });
  int64_t sum = 0;
  const auto counter = Make(4000, [&](int64_t i) { return sum += times[i]; });
  for (const std::vector<int64_t>* values : {&times, &counter}) {
    const std::string bytes = Encode(*values, CodecEffort::kThorough);
    ASSERT_EQ(IntEncodingName(bytes), "coded in pieces");
    EXPECT_NE(static_cast<uint8_t>(bytes[1]) & 0x80, 0) << "the order's byte says so";
    EXPECT_LE(static_cast<double>(bytes.size()), 1.03 * 11.4 * 4000 / 8);
    std::vector<int64_t> decoded(values->size());
    ByteReader reader(bytes);
    ReadIntColumn(&reader, "ints", decoded);
    reader.ExpectEnd("ints");
    ASSERT_OK(reader.status());
    EXPECT_EQ(decoded, *values);
  }
}

TEST(IntColumn, UnknownEncodingsAreRefused) {
  ByteReader reader("\x08\x00\x00");
  std::vector<int64_t> values(3);
  ReadIntColumn(&reader, "times", values);
  EXPECT_THAT(reader.status(), StatusIs(absl::StatusCode::kDataLoss,
                                        HasSubstr("times: unknown integer encoding 8")));
}

TEST(IntColumn, HostileBytes) {
  for (const Shape<int64_t>& shape : IntShapes()) {
    SCOPED_TRACE(shape.name);
    std::vector<int64_t> values(shape.values.size());
    DecodeHostile(Encode(shape.values),
                  [&](ByteReader* reader) { ReadIntColumn(reader, "ints", values); });
  }
  const std::vector<int64_t> counter = LongCounter(2100);
  std::vector<int64_t> part(50);
  DecodeHostile(Encode(counter, CodecEffort::kThorough), [&](ByteReader* reader) {
    ReadIntColumnPart(reader, "ints", counter.size(), 1700, part);
  });
}

}  // namespace
}  // namespace vigil::storage
