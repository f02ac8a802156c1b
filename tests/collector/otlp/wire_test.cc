// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/wire.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace vigil::collector {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Hex(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  std::string bytes;
  EXPECT_TRUE(FromHex(digits, &bytes)) << hex;
  return bytes;
}

// The numbers of the fields that are passed over, then "ok" or "bad".
std::string Skim(std::string_view bytes) {
  WireReader reader(bytes);
  std::string text;
  while (reader.NextField()) {
    text += fmt::format("{}:{} ", reader.field(), static_cast<int>(reader.type()));
    reader.Skip();
  }
  return text + (reader.ok() ? "ok" : "bad");
}

TEST(WireTest, ReadsEveryType) {
  const std::string bytes = Hex("08 96 01  11 000000000000F03F  1A 03 61 62 63  25 01000000");
  WireReader reader(bytes);
  ASSERT_TRUE(reader.NextField());
  EXPECT_TRUE(reader.Is(1, WireType::kVarint));
  EXPECT_EQ(reader.Varint(), 150);
  ASSERT_TRUE(reader.NextField());
  EXPECT_TRUE(reader.Is(2, WireType::kFixed64));
  EXPECT_EQ(reader.Double(), 1.0);
  ASSERT_TRUE(reader.NextField());
  EXPECT_TRUE(reader.Is(3, WireType::kBytes));
  EXPECT_EQ(reader.field_begin(), bytes.data() + 12);
  EXPECT_EQ(reader.Bytes(), "abc");
  EXPECT_EQ(reader.at(), bytes.data() + 17);
  ASSERT_TRUE(reader.NextField());
  EXPECT_TRUE(reader.Is(4, WireType::kFixed32));
  EXPECT_EQ(reader.Fixed32(), 1);
  EXPECT_FALSE(reader.NextField());
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_TRUE(reader.ok());
}

TEST(WireTest, VarintsOfEveryLength) {
  for (int shift = 0; shift < 64; ++shift) {
    for (const uint64_t value : {uint64_t{1} << shift, (uint64_t{2} << shift) - 1}) {
      std::string bytes = "\x08";
      for (uint64_t rest = value; true; rest >>= 7) {
        bytes += static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
        if (rest <= 0x7F) break;
      }
      WireReader reader(bytes);
      ASSERT_TRUE(reader.NextField());
      EXPECT_EQ(reader.Varint(), value);
      EXPECT_TRUE(reader.ok());
      EXPECT_FALSE(reader.NextField());
    }
  }
}

TEST(WireTest, SkipsWhatItDoesNotKnow) {
  EXPECT_EQ(Skim(""), "ok");
  EXPECT_EQ(Skim(Hex("08 01 1A 00 25 01020304 11 0102030405060708")), "1:0 3:2 4:5 2:1 ok");
  // Groups, also nested and empty ones.
  EXPECT_EQ(Skim(Hex("0B 0C")), "1:3 ok");
  EXPECT_EQ(Skim(Hex("0B 10 01 13 1A 01 FF 14 0C 28 07")), "1:3 5:0 ok");
}

TEST(WireTest, TheFormIsFreeWhereProtobufIs) {
  // Tags and lengths of up to five bytes, values of up to ten, all with needless zeros.
  EXPECT_EQ(Skim(Hex("88 80 80 80 00  01")), "1:0 ok");
  EXPECT_EQ(Skim(Hex("08  81 80 80 80 80 80 80 80 80 00")), "1:0 ok");
  EXPECT_EQ(Skim(Hex("0A  81 80 80 80 00  FF")), "1:2 ok");
  // Bits of a tag beyond 32 are cut off, as libprotobuf does.
  EXPECT_EQ(Skim(Hex("88 80 80 80 70  01")), "1:0 ok");
  EXPECT_EQ(Skim(Hex("F8 FF FF FF 0F  01")), "536870911:0 ok");
}

TEST(WireTest, RefusesWhatIsMalformed) {
  for (const std::string_view hex : {
           "00",        // Field 0.
           "02 01 61",  // Field 0 with bytes.
           "0E",
           "0F",                                   // Types 6 and 7.
           "08",                                   // No value.
           "08 80",                                // Half a varint.
           "08 FF FF FF FF FF FF FF FF FF FF 01",  // Eleven bytes.
           "88 80 80 80 80 00 01",                 // A tag of six.
           "0A 80 80 80 80 80 00",                 // A length of six.
           "0A 01",                                // Shorter than it says.
           "0A FF FF FF FF 0F",                    // 4 GB.
           "0A FF FF FF FF FF FF FF FF FF 01",     // 2^64.
           "09 01 02 03 04 05 06 07",              // Seven bytes of eight.
           "0D 01 02 03",                          // Three of four.
           "0C",                                   // The end of no group.
           "0B",                                   // A group without end.
           "0B 14",                                // Another's end.
           "0B 13 0C 14",                          // Ends that cross.
           "0B 08 0C",                             // A field whose value is the end.
       }) {
    EXPECT_TRUE(Skim(Hex(hex)).ends_with("bad")) << hex;
  }
}

TEST(WireTest, AnErrorStays) {
  const std::string bytes = Hex("0A 05 61");
  WireReader reader(bytes);
  ASSERT_TRUE(reader.NextField());
  EXPECT_EQ(reader.Bytes(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_FALSE(reader.NextField());
  EXPECT_EQ(reader.Varint(), 0);
  EXPECT_EQ(reader.Fixed64(), 0);
  EXPECT_EQ(reader.Fixed32(), 0);
  EXPECT_EQ(reader.Double(), 0);
  EXPECT_EQ(reader.Bytes(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(WireTest, GroupsNestAtMostAHundredDeep) {
  const auto nested = [](int depth) {
    return std::string(depth, '\x0B') + std::string(depth, '\x0C');
  };
  EXPECT_EQ(Skim(nested(100)), "1:3 ok");
  EXPECT_EQ(Skim(nested(101)), "1:3 bad");
  EXPECT_EQ(Skim(nested(100'000)), "1:3 bad");
}

TEST(WireTest, VisitsTheMessagesOfAField) {
  std::vector<std::string> seen;
  const auto visit = [&seen](std::string_view message) { seen.emplace_back(message); };
  EXPECT_TRUE(ForEachMessage(Hex("0A 01 61 08 05 12 01 7A 0A 00"), 1, visit));
  EXPECT_THAT(seen, ElementsAre("a", ""));
  seen.clear();
  EXPECT_FALSE(ForEachMessage(Hex("12 01 7A 0A 02 61"), 1, visit));
  EXPECT_THAT(seen, IsEmpty());
}

}  // namespace
}  // namespace vigil::collector
