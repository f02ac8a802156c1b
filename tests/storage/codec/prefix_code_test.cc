// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/prefix_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

std::string Encode(const std::vector<uint8_t>& lengths) {
  std::string bytes;
  AppendCodeLengths(lengths, &bytes);
  return bytes;
}

absl::Status Decode(std::string_view bytes, std::vector<uint8_t>* lengths) {
  ByteReader reader(bytes);
  *lengths = ReadCodeLengths(&reader, "code", lengths->size());
  return reader.status();
}

TEST(PrefixCode, FrequentSymbolsGetShortCodes) {
  EXPECT_THAT(CodeLengths(std::vector<uint32_t>{8, 0, 4, 2, 2}), ElementsAre(1, 0, 2, 3, 3));
  EXPECT_THAT(CodeLengths(std::vector<uint32_t>{0, 7, 0}), ElementsAre(0, 1, 0));
}

TEST(PrefixCode, CodesAreToldLowestBitFirst) {
  // 0, 10, 110 and 111, read from the right.
  EXPECT_THAT(CanonicalCodes(std::vector<uint8_t>{1, 0, 2, 3, 3}),
              ElementsAre(SymbolCode{0, 1, 0b0}, SymbolCode{2, 2, 0b01}, SymbolCode{3, 3, 0b011},
                          SymbolCode{4, 3, 0b111}));
}

TEST(PrefixCode, LengthsAreBounded) {
  std::vector<uint32_t> fibonacci = {1, 1};
  while (fibonacci.size() < 40) {
    fibonacci.push_back(fibonacci[fibonacci.size() - 1] + fibonacci[fibonacci.size() - 2]);
  }
  std::vector<uint8_t> lengths = CodeLengths(fibonacci);
  for (const uint8_t length : lengths) EXPECT_LE(length, kMaxCodeBits);
  const std::vector<uint8_t> written = lengths;
  EXPECT_OK(Decode(Encode(written), &lengths));  // A complete code.
  EXPECT_EQ(lengths, written);
}

TEST(PrefixCode, GapsOfEveryLengthRoundTrip) {
  for (size_t gap = 0; gap < 600; ++gap) {
    std::vector<uint8_t> lengths(gap + 2, 0);
    lengths.front() = lengths.back() = 1;
    const std::vector<uint8_t> written = lengths;
    EXPECT_OK(Decode(Encode(written), &lengths)) << gap;
    EXPECT_EQ(lengths, written) << gap;
  }
}

TEST(PrefixCode, LengthsThatMakeNoCodeAreTold) {
  for (const std::vector<uint8_t>& bad :
       {std::vector<uint8_t>{1, 1, 1}, {2, 2, 2}, {0, 0, 0}, {2, 0, 0}}) {
    std::vector<uint8_t> lengths(3);
    EXPECT_THAT(Decode(Encode(bad), &lengths),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("no code")));
  }
}

TEST(PrefixCode, HostileBytes) {
  const std::vector<uint8_t> lengths = {0, 0, 1, 2, 0, 0, 0, 3, 4, 4};
  DecodeHostile(Encode(lengths),
                [&](ByteReader* reader) { ReadCodeLengths(reader, "code", lengths.size()); });
}

}  // namespace
}  // namespace vigil::storage
