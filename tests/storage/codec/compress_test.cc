// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/compress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

std::string Encode(std::string_view payload) {
  std::string bytes;
  AppendCompressed(payload, &bytes);
  return bytes;
}

std::string Noise(size_t size) {
  std::mt19937_64 random(kShapeSeed);
  std::string noise(size, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

TEST(Compress, RoundTrips) {
  for (const std::string& payload :
       {std::string(), std::string("x"), std::string(63, 'x'), std::string(64, 'x'),
        std::string(1'000'000, 'y'), Noise(10), Noise(5000)}) {
    const std::string bytes = Encode(payload);
    ByteReader reader(bytes);
    EXPECT_EQ(ReadCompressed(&reader, "text"), payload);
    reader.ExpectEnd("text");
    EXPECT_OK(reader.status());
  }
}

TEST(Compress, OnlyWhereItPays) {
  EXPECT_LE(Encode(std::string(100'000, 'x')).size(), 100u);
  EXPECT_EQ(Encode(Noise(5000)).size(), 5000u + 3);
  EXPECT_EQ(Encode("short").size(), 5u + 2);
}

TEST(Compress, AClaimBeyondTheLimitIsRefusedBeforeMemoryIsTaken) {
  std::string bytes;
  AppendVarint(kMaxTextBytes + 1, &bytes);
  AppendVarint(1, &bytes);
  bytes += "x";
  ByteReader reader(bytes);
  EXPECT_EQ(ReadCompressed(&reader, "text"), "");
  EXPECT_THAT(reader.status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("out of range")));
}

TEST(Compress, AFrameOfAnotherLengthIsRefused) {
  const std::string bytes = Encode(std::string(1000, 'x'));
  ByteReader original(bytes);
  original.ReadVarint("length");
  std::string lie;
  AppendVarint(1001, &lie);
  lie += original.rest();
  ByteReader reader(lie);
  EXPECT_EQ(ReadCompressed(&reader, "text"), "");
  EXPECT_THAT(reader.status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("not one of 1001 bytes")));
}

TEST(Compress, HostileBytes) {
  DecodeHostile(Encode(std::string(1000, 'x') + Noise(100) + std::string(500, 'y')),
                [](ByteReader* reader) { ReadCompressed(reader, "text"); });
}

}  // namespace
}  // namespace vigil::storage
