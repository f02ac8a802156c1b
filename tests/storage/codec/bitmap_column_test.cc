// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/bitmap_column.h"

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

std::string Encode(const Bitmap& bits) {
  std::string bytes;
  AppendBitmap(bits, &bytes);
  return bytes;
}

// About one bit in `every` is set, for 0 none.
std::vector<Bitmap> Bitmaps() {
  std::vector<Bitmap> bitmaps;
  for (const size_t size : {0, 1, 7, 8, 64, 65, 1000}) {
    for (const uint64_t every : {0, 1, 2, 100}) {
      std::mt19937_64 random(kShapeSeed + size);
      Bitmap bits(size);
      for (size_t i = 0; every != 0 && i < size; ++i) {
        if (random() % every == 0) bits.Set(i);
      }
      bitmaps.push_back(bits);
      bitmaps.push_back(~bits);
    }
  }
  return bitmaps;
}

TEST(BitmapColumn, RoundTripsDenseAndSparse) {
  for (const Bitmap& bits : Bitmaps()) {
    const std::string bytes = Encode(bits);
    ByteReader reader(bytes);
    EXPECT_EQ(ReadBitmap(&reader, "bits", bits.size()), bits);
    reader.ExpectEnd("bits");
    EXPECT_OK(reader.status());
  }
}

TEST(BitmapColumn, CostsWhatItShould) {
  EXPECT_EQ(Encode(Bitmap(8192)).size(), 1u);
  EXPECT_EQ(Encode(Bitmap(8192, true)).size(), 1u);
  Bitmap one(8192);
  one.Set(5000);
  EXPECT_LE(Encode(one).size(), 6u);
  EXPECT_LE(Encode(~one).size(), 6u);
  Bitmap half(8192);
  for (size_t i = 0; i < 8192; i += 2) half.Set(i);
  EXPECT_EQ(Encode(half).size(), 1u + 8192 / 8);
}

TEST(BitmapColumn, PositionsMustAscendWithinTheSize) {
  // Three positions from 5 by steps of 0, and one position 9.
  ByteReader repeated(std::string_view("\x03\x03\x00\x0A", 4));
  ReadBitmap(&repeated, "rows", 10);
  EXPECT_THAT(repeated.status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("position 5")));
  ByteReader beyond(std::string_view("\x03\x01\x00\x12", 4));
  ReadBitmap(&beyond, "rows", 9);
  EXPECT_THAT(beyond.status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("position 9 of 9 bits")));
}

TEST(BitmapColumn, HostileBytes) {
  for (const Bitmap& bits : Bitmaps()) {
    DecodeHostile(Encode(bits), [&](ByteReader* reader) {
      const Bitmap read = ReadBitmap(reader, "bits", bits.size());
      if (!reader->ok()) return;
      EXPECT_EQ(read.size(), bits.size());
    });
  }
}

}  // namespace
}  // namespace vigil::storage
