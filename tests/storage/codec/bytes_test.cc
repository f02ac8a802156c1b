// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST(Varint, RoundTripsAtEveryLength) {
  for (int bits = 0; bits <= 64; ++bits) {
    const uint64_t value = bits == 64 ? kMax : (uint64_t{1} << bits) - 1;
    for (const uint64_t v : {value, value + 1}) {
      std::string bytes;
      AppendVarint(v, &bytes);
      EXPECT_EQ(bytes.size(), VarintSize(v)) << v;
      ByteReader reader(bytes);
      EXPECT_EQ(reader.ReadVarint("v"), v);
      EXPECT_OK(reader.status());
      EXPECT_EQ(reader.remaining(), 0u);
    }
  }
}

TEST(Varint, RefusesWhatDoesNotFit64Bits) {
  const std::string ten_bytes = std::string(9, '\xFF') + "\x02";
  ByteReader reader(ten_bytes);
  reader.ReadVarint("count");
  EXPECT_THAT(reader.status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("count")));
  ByteReader endless(std::string_view("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 11));
  endless.ReadVarint("count");
  EXPECT_FALSE(endless.ok());
}

TEST(Zigzag, KeepsSmallMagnitudesSmall) {
  EXPECT_EQ(Zigzag(0), 0u);
  EXPECT_EQ(Zigzag(-1), 1u);
  EXPECT_EQ(Zigzag(1), 2u);
  EXPECT_EQ(Zigzag(kMin), kMax);
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{77}, kMin, -(kMin + 1)}) {
    EXPECT_EQ(Unzigzag(Zigzag(value)), value);
  }
}

TEST(ByteReader, ReadsWhatWasAppended) {
  std::string bytes;
  AppendFixed32(0xDEADBEEF, &bytes);
  AppendFixed64(0x0123456789ABCDEF, &bytes);
  AppendText("text", &bytes);
  AppendZigzag(-300, &bytes);
  bytes.push_back(7);
  EXPECT_EQ(bytes.substr(0, 4), "\xEF\xBE\xAD\xDE");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.ReadFixed32("a"), 0xDEADBEEF);
  EXPECT_EQ(reader.ReadFixed64("b"), 0x0123456789ABCDEFu);
  EXPECT_EQ(reader.ReadText("c"), "text");
  EXPECT_EQ(reader.ReadZigzag("d"), -300);
  EXPECT_EQ(reader.ReadByte("e"), 7);
  reader.ExpectEnd("end");
  EXPECT_OK(reader.status());
}

TEST(ByteReader, TheFirstFailureSticks) {
  ByteReader reader(
      "\x05"
      "abc");
  EXPECT_EQ(reader.ReadText("name"), "");
  EXPECT_EQ(reader.ReadByte("other"), 0);
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_THAT(reader.status(), StatusIs(absl::StatusCode::kDataLoss,
                                        AllOf(HasSubstr("name: cut short"), HasSubstr("byte 1"))));
}

TEST(ByteReader, ALengthBeyondTheBytesDoesNotWrapAround) {
  std::string bytes;
  AppendVarint(kMax, &bytes);
  bytes += "abc";
  ByteReader reader(bytes);
  EXPECT_EQ(reader.ReadText("name"), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, SaysWhichFieldIsOutOfRange) {
  ByteReader reader("\x11");
  EXPECT_EQ(reader.ReadVarintUpTo(16, "rows"), 0u);
  EXPECT_THAT(reader.status(), StatusIs(absl::StatusCode::kDataLoss,
                                        HasSubstr("rows: 17 is out of range, 16 at most")));
}

TEST(ByteReader, LeftoverBytesAreAnError) {
  ByteReader reader("ab");
  reader.ReadByte("a");
  reader.ExpectEnd("block");
  EXPECT_THAT(reader.status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("1 bytes too many")));
}

}  // namespace
}  // namespace vigil::storage
