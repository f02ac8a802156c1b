// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/packed_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

std::string Encode(const std::vector<uint64_t>& values) {
  std::string bytes;
  AppendGroups(values, &bytes);
  return bytes;
}

absl::Status Decode(std::string_view bytes, std::vector<uint64_t>* values) {
  ByteReader reader(bytes);
  ReadGroups(&reader, "groups", *values);
  return reader.status();
}

TEST(PackedGroups, RoundTripsEveryShape) {
  for (const Shape<int64_t>& shape : IntShapes()) {
    const std::vector<uint64_t> values(shape.values.begin(), shape.values.end());
    std::vector<uint64_t> decoded(values.size());
    EXPECT_OK(Decode(Encode(values), &decoded)) << shape.name;
    EXPECT_EQ(decoded, values) << shape.name;
  }
}

TEST(PackedGroups, AnOutlierOnEitherSideDoesNotWidenTheGroup) {
  std::vector<uint64_t> values;
  for (uint64_t i = 0; i < kGroupSize; ++i) values.push_back(1000 + i % 4);
  const size_t plain = Encode(values).size();
  EXPECT_EQ(plain, 1u + 2 + kGroupSize * 2 / 8);
  values[17] = 1'000'000;
  EXPECT_LE(Encode(values).size(), plain + 5);
  values[18] = static_cast<uint64_t>(int64_t{-1'000'000});
  EXPECT_LE(Encode(values).size(), plain + 17);
}

TEST(PackedGroups, NeverMuchLargerThanTheValues) {
  for (const Shape<int64_t>& shape : IntShapes()) {
    const std::vector<uint64_t> values(shape.values.begin(), shape.values.end());
    const size_t groups = (values.size() + kGroupSize - 1) / kGroupSize;
    EXPECT_LE(Encode(values).size(), 8 * values.size() + 11 * groups) << shape.name;
  }
}

TEST(PackedGroups, DamageIsTold) {
  std::vector<uint64_t> values(3);
  EXPECT_THAT(Decode("\x41", &values), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("65")));
  // An exception at position 3 of 3.
  EXPECT_THAT(Decode(std::string("\x80\x00\x01\x03\x01", 5), &values),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("exception at 3")));
  EXPECT_THAT(Decode(std::string("\x80\x00\x01\x02", 4), &values),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("cut short")));
}

TEST(PackedGroups, HostileBytes) {
  for (const Shape<int64_t>& shape : IntShapes()) {
    SCOPED_TRACE(shape.name);
    std::vector<uint64_t> values(shape.values.begin(), shape.values.end());
    DecodeHostile(Encode(values),
                  [&](ByteReader* reader) { ReadGroups(reader, "groups", values); });
  }
}

}  // namespace
}  // namespace vigil::storage
