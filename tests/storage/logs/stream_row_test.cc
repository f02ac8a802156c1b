// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/stream_row.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using vigil::testing::StatusIs;

TEST(StreamRowTest, RoundTrips) {
  const StreamRow row = {.labels = Labels({{"a", "1"}, {"b", "2"}}),
                         .next_record = 1 << 20,
                         .partitions = {std::numeric_limits<int64_t>::min(), -5, 0, 7}};
  ASSERT_OK_AND_ASSIGN(const StreamRow decoded, StreamRow::Decode(row.Encode()));
  EXPECT_EQ(decoded.labels, row.labels);
  EXPECT_EQ(decoded.next_record, row.next_record);
  EXPECT_EQ(decoded.partitions, row.partitions);
  ASSERT_OK_AND_ASSIGN(const uint64_t next_stream, DecodeNextStream(EncodeNextStream(77)));
  EXPECT_EQ(next_stream, 77u);
}

TEST(StreamRowTest, RefusesOtherBytes) {
  const std::string bytes =
      StreamRow{.labels = Labels({{"a", "1"}}), .next_record = 9, .partitions = {1, 2}}.Encode();
  // Cut at the labels' end it is a row without labels, which is one.
  for (size_t size = 0; size < bytes.size(); ++size) {
    if (size == bytes.size() - 4) continue;
    EXPECT_THAT(StreamRow::Decode(bytes.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
  EXPECT_THAT(StreamRow::Decode("\x02\x01"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(StreamRow::Decode(std::string("\x01\x01\x02\x04\x02", 5)),
              StatusIs(absl::StatusCode::kDataLoss, ::testing::HasSubstr("out of order")));
  EXPECT_THAT(DecodeNextStream(EncodeNextStream(1) + "x"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeNextStream(""), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
