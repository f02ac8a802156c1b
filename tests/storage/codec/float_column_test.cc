// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/float_column.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "storage/model/sample.h"
#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

std::string Encode(const std::vector<double>& values, CodecEffort effort = CodecEffort::kQuick) {
  std::string bytes;
  AppendFloatColumn(values, &bytes, effort);
  return bytes;
}

template <typename Next>
std::vector<double> Make(size_t count, Next next) {
  std::vector<double> values;
  for (size_t i = 0; i < count; ++i) values.push_back(next(static_cast<double>(i)));
  return values;
}

TEST(FloatColumn, RoundTripsEveryShapeBitForBit) {
  for (const Shape<double>& shape : FloatShapes()) {
    for (const CodecEffort effort :
         {CodecEffort::kGuess, CodecEffort::kQuick, CodecEffort::kThorough}) {
      const std::string bytes = Encode(shape.values, effort);
      ByteReader reader(bytes);
      std::vector<double> decoded(shape.values.size());
      ReadFloatColumn(&reader, "floats", decoded);
      reader.ExpectEnd("floats");
      EXPECT_OK(reader.status()) << shape.name;
      EXPECT_EQ(Bits(decoded), Bits(shape.values)) << shape.name << " " << FloatEncodingName(bytes);
    }
  }
}

TEST(FloatColumn, PartsOfEveryShape) {
  std::vector<Shape<double>> shapes = FloatShapes();
  // One that is long enough for pieces, with values that are no decimals here and there.
  double sum = 0;
  shapes.push_back({"long", Make(9000, [&](double i) {
                      sum += std::fmod(i * 7919, 1009) / 100;
                      return std::fmod(i, 701) == 3 ? StaleNan() : std::round(sum * 100) / 100;
                    })});
  for (const Shape<double>& shape : shapes) {
    const size_t count = shape.values.size();
    for (const CodecEffort effort : {CodecEffort::kQuick, CodecEffort::kThorough}) {
      const std::string bytes = Encode(shape.values, effort);
      for (size_t begin = 0; begin < count; begin += 1 + count / 5) {
        const size_t size = (count - begin + 1) / 2;
        ByteReader reader(bytes);
        std::vector<double> part(size);
        ReadFloatColumnPart(&reader, "floats", count, begin, part);
        reader.ExpectEnd("floats");
        ASSERT_OK(reader.status()) << shape.name;
        const auto first = shape.values.begin() + static_cast<ptrdiff_t>(begin);
        EXPECT_EQ(Bits(part), Bits({first, first + static_cast<ptrdiff_t>(size)}))
            << shape.name << " " << FloatEncodingName(bytes) << " from " << begin;
      }
    }
  }
}

TEST(FloatColumn, MoreEffortNeverTakesMoreRoom) {
  for (const Shape<double>& shape : FloatShapes()) {
    // But for what pieces say of themselves.
    const size_t quick = Encode(shape.values).size();
    EXPECT_LE(Encode(shape.values, CodecEffort::kThorough).size(), quick + quick / 50)
        << shape.name;
  }
  // A sum of true floats that grows at a rate: its bits do, too.
  double sum = 1000;
  const auto growing = Make(500, [&](double i) { return sum += 1 + std::sin(i) / 100; });
  const std::string coded = Encode(growing, CodecEffort::kThorough);
  EXPECT_EQ(FloatEncodingName(coded), "bits coded in pieces");
  EXPECT_LE(coded.size(), Encode(growing).size());
}

TEST(FloatColumn, PicksTheEncodingThatFits) {
  EXPECT_EQ(FloatEncodingName(Encode({})), "empty");
  EXPECT_EQ(FloatEncodingName(Encode(std::vector<double>(9, 1.0 / 3))), "constant");
  EXPECT_EQ(FloatEncodingName(Encode(std::vector<double>(9, 5))), "decimal(0) constant");
  EXPECT_EQ(FloatEncodingName(Encode(Make(99, [](double i) { return i * 3; }))), "decimal(0) step");
  EXPECT_EQ(FloatEncodingName(Encode(Make(99, [](double i) { return i / 100; }))),
            "decimal(2) step");
  EXPECT_EQ(FloatEncodingName(Encode(Make(99, [](double i) { return 20 + std::sin(i / 100); }))),
            "xor groups");
  EXPECT_EQ(FloatEncodingName(Encode(Make(99, [](double i) { return std::sin(int(i) / 3); }))),
            "xor bytes");
}

TEST(FloatColumn, CostsWhatItShould) {
  // A counter of constant step, however long.
  EXPECT_LE(Encode(Make(10'000, [](double i) { return 1e6 + i * 100; })).size(), 12u);
  // A percentage with two digits: 14 bits and change.
  const auto percent = Make(1280, [](double i) { return std::fmod(i * 7919, 10'000) / 100; });
  EXPECT_LE(Encode(percent).size(), 1280u * 15 / 8);
  // The staleness marker at a series' end costs itself and a dent in the integers.
  auto counter = Make(120, [](double i) { return i * 7 + std::fmod(i * 31, 5); });
  const size_t before = Encode(counter).size();
  counter.push_back(StaleNan());
  EXPECT_LE(Encode(counter).size(), before + 20);
  // True floats never take much more than they are.
  const auto random = Make(1280, [](double i) { return std::exp(std::sin(i * 1e3) * 300); });
  EXPECT_LE(Encode(random).size(), 1280u * 8 + 128);
}

TEST(FloatColumn, HostileBytes) {
  for (const Shape<double>& shape : FloatShapes()) {
    SCOPED_TRACE(shape.name);
    std::vector<double> values(shape.values.size());
    DecodeHostile(Encode(shape.values),
                  [&](ByteReader* reader) { ReadFloatColumn(reader, "floats", values); });
  }
}

}  // namespace
}  // namespace vigil::storage
