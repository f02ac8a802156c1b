// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/checksum.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

TEST(Checksum, EveryFlippedBitIsFound) {
  const std::string content = "some content of a block";
  std::string block = content;
  AppendChecksum(&block);
  ASSERT_EQ(block.size(), content.size() + kChecksumBytes);
  ASSERT_OK_AND_ASSIGN(const std::string_view verified, VerifyChecksum(block));
  EXPECT_EQ(verified, content);
  for (size_t bit = 0; bit < block.size() * 8; ++bit) {
    std::string flipped = block;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << (bit % 8));
    EXPECT_THAT(VerifyChecksum(flipped), StatusIs(absl::StatusCode::kDataLoss)) << bit;
  }
}

TEST(Checksum, TooShortToHaveOne) {
  EXPECT_THAT(VerifyChecksum("abc"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("cut short")));
}

// Blocks written by earlier versions must stay readable: XXH3 of nothing is 2d06800538d394c2.
TEST(Checksum, StaysTheSameOverVersions) {
  std::string empty;
  AppendChecksum(&empty);
  EXPECT_EQ(empty, "\xC2\x94\xD3\x38");
}

}  // namespace
}  // namespace vigil::storage
