// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/wire.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "collector/otlp/wire_pieces.h"

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
template <typename Reader>
std::string SkimWith(Reader reader) {
  std::string text;
  while (reader.NextField()) {
    text += fmt::format("{}:{} ", reader.field(), static_cast<int>(reader.type()));
    reader.Skip();
  }
  return text + (reader.ok() ? "ok" : "bad");
}

std::string Skim(std::string_view bytes) { return SkimWith(WireReader(bytes)); }

// `bytes` in pieces of `size`, the last one shorter, with an empty one before each.
std::vector<std::string_view> Cut(std::string_view bytes, size_t size) {
  std::vector<std::string_view> pieces;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
    pieces.push_back(bytes.substr(0, 0));
    pieces.push_back(bytes.substr(0, size));
  }
  return pieces;
}

// What a reader says of a message: texts where they are, messages of field 5 in brackets.
std::string Tell(PieceReader reader) {
  std::string text;
  while (reader.NextField()) {
    if (reader.Is(5, WireType::kBytes)) {
      text += "[" + Tell(reader.Message()) + "] ";
    } else if (reader.type() == WireType::kBytes) {
      text += fmt::format("{}:\"{}\" ", reader.field(), reader.Bytes());
    } else if (reader.type() == WireType::kVarint) {
      text += fmt::format("{}:{} ", reader.field(), reader.Varint());
    } else {
      reader.Skip();
    }
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

TEST(PieceReaderTest, ReadsWhatBordersCut) {
  // 1: 300; 2: "abc"; 5: { 1: 7, 3: "text", 5: {} }; a group; a fixed of 4 and of 8 bytes; 4: "".
  const std::string bytes =
      Hex("08 AC02  12 03 616263  2A 0A 08 07 1A 04 74657874 2A 00  3B 08 01 3C"
          "45 01020304  49 0102030405060708  22 00");
  for (size_t size = 1; size <= bytes.size(); ++size) {
    JoinedBytes joined;
    EXPECT_EQ(Tell(PieceReader(Cut(bytes, size), &joined)),
              "1:300 2:\"abc\" [1:7 3:\"text\" [ok] ok] 4:\"\" ok")
        << size;
  }
}

TEST(PieceReaderTest, FindsBrokenWhatWireReaderFindsBroken) {
  const std::string bytes = Hex(
      "08 AC02  12 03 616263  3B 08 01 3C  45 01020304  49 0102030405060708  22 00  08 FFFFFFFF");
  for (size_t end = 0; end <= bytes.size(); ++end) {
    const std::string_view begun = std::string_view(bytes).substr(0, end);
    for (size_t size = 1; size <= end + 1; ++size) {
      JoinedBytes joined;
      EXPECT_EQ(SkimWith(PieceReader(Cut(begun, size), &joined)), Skim(begun))
          << end << " " << size;
    }
  }
}

TEST(PieceReaderTest, AMessageIsNoLongerThanWhatItIsIn) {
  // Field 5 says six bytes, and holds a text that says more: of the message, not of the request.
  const std::string inner = Hex("2A 06 12 05 61626364  12 01 62");
  const std::string outer = Hex("2A 7F 12 01 61");
  for (size_t size = 1; size <= inner.size(); ++size) {
    JoinedBytes joined;
    EXPECT_EQ(Tell(PieceReader(Cut(inner, size), &joined)), "[2:\"\" bad] 2:\"b\" ok") << size;
    EXPECT_EQ(Tell(PieceReader(Cut(outer, size), &joined)), "[ok] bad") << size;
  }
}

TEST(PieceReaderTest, GivesInPlaceWhatNoBorderCuts) {
  const std::string bytes = Hex("12 03 616263  12 03 646566");
  const std::vector<std::string_view> pieces = Cut(bytes, 8);
  JoinedBytes joined;
  PieceReader reader(pieces, &joined);
  ASSERT_TRUE(reader.NextField());
  EXPECT_EQ(reader.Bytes().data(), bytes.data() + 2);
  ASSERT_TRUE(reader.NextField());
  const std::string_view cut = reader.Bytes();
  EXPECT_EQ(cut, "def");
  EXPECT_NE(cut.data(), bytes.data() + 7);
}

TEST(JoinedBytesTest, WhatWasMadeStaysUntilCleared) {
  constexpr size_t kLarge = 1 << 20;
  JoinedBytes joined;
  std::vector<std::pair<char*, size_t>> made;
  for (int round = 0; round < 2; ++round) {
    for (const size_t size : {size_t{3}, kLarge, size_t{0}, size_t{5}, kLarge, size_t{7}}) {
      made.emplace_back(joined.Make(size), size);
      std::memset(made.back().first, static_cast<int>(made.size()), size);
    }
    for (size_t i = 0; i < made.size(); ++i) {
      const std::string_view bytes(made[i].first, made[i].second);
      EXPECT_EQ(bytes, std::string(made[i].second, static_cast<char>(i + 1)));
    }
    made.clear();
    joined.Clear();
  }
}

}  // namespace
}  // namespace vigil::collector
