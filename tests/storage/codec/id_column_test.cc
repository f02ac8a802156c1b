// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/id_column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

std::string Encode(std::string_view ids, size_t width) {
  std::string bytes;
  AppendIdColumn(ids, width, &bytes);
  return bytes;
}

// `count` ids, of which each distinct one stands `repeats` times.
std::string RandomIds(size_t count, size_t repeats, size_t width) {
  std::mt19937_64 random(kShapeSeed);
  std::string ids, id;
  for (size_t i = 0; i < count; ++i) {
    if (i % repeats == 0) {
      id.clear();
      while (id.size() < width) id.push_back(static_cast<char>(random()));
    }
    ids += id;
  }
  return ids;
}

TEST(IdColumn, RoundTripsBothWidthsAndEncodings) {
  for (const size_t width : {8, 16}) {
    for (const size_t repeats : {1, 3, 10, 1000}) {
      for (const size_t count : {0, 1, 2, 100, 1000}) {
        const std::string ids = RandomIds(count, repeats, width);
        const std::string bytes = Encode(ids, width);
        ByteReader reader(bytes);
        std::string decoded(ids.size(), '\0');
        ReadIdColumn(&reader, "ids", width, decoded);
        reader.ExpectEnd("ids");
        EXPECT_OK(reader.status());
        EXPECT_EQ(decoded, ids) << IdEncodingName(bytes);
      }
    }
  }
}

TEST(IdColumn, RepeatedIdsAreKeptOnce) {
  EXPECT_EQ(IdEncodingName(Encode(RandomIds(1000, 1, 16), 16)), "raw");
  const std::string repeated = Encode(RandomIds(1000, 10, 16), 16);
  EXPECT_EQ(IdEncodingName(repeated), "dictionary(100)");
  EXPECT_LE(repeated.size(), 100u * 16 + 1000);
}

TEST(IdColumn, AnIndexBeyondTheDictionaryIsDataLoss) {
  ByteReader reader(
      std::string_view("\x01\x01"
                       "12345678"
                       "\x00\x02",
                       12));
  std::string ids(16, '\0');
  ReadIdColumn(&reader, "span_id", 8, ids);
  EXPECT_THAT(reader.status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("span_id: entry 1")));
}

TEST(IdColumn, HostileBytes) {
  for (const size_t repeats : {1, 10}) {
    const std::string ids = RandomIds(50, repeats, 16);
    std::string decoded(ids.size(), '\0');
    DecodeHostile(Encode(ids, 16),
                  [&](ByteReader* reader) { ReadIdColumn(reader, "ids", 16, decoded); });
  }
}

}  // namespace
}  // namespace vigil::storage
