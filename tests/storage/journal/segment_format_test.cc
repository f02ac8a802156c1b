// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/segment_format.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::Eq;
using ::testing::Optional;
using ::vigil::testing::StatusIs;

constexpr SegmentHead kHead = {.number = 12,
                               .salt = 0x0123456789ABCDEF,
                               .previous = 11,
                               .previous_end = 67'108'864,
                               .first_position = 1'000'001};
constexpr RecordHeader kRecord = {
    .size = 77, .checksum = 0xDEADBEEF, .position = 1'000'002, .shard = 5};

std::string Encoded(const RecordHeader& record, uint64_t salt) {
  std::string bytes(kRecordHeaderBytes, '\0');
  EncodeRecordHeader(record, salt, bytes.data());
  return bytes;
}

TEST(SegmentFormatTest, HeadsAreReadFromEitherCopy) {
  const std::string bytes = EncodeSegmentHead(kHead);
  ASSERT_EQ(bytes.size(), kSegmentHeadBytes);
  EXPECT_EQ(*DecodeSegmentHead(bytes), kHead);
  for (size_t at = 0; at < 64; ++at) {
    std::string damaged = bytes;
    damaged[at] ^= 0x10;
    EXPECT_EQ(*DecodeSegmentHead(damaged), kHead) << at;
    damaged[4096 + at] ^= 0x10;
    EXPECT_THAT(DecodeSegmentHead(damaged), StatusIs(absl::StatusCode::kDataLoss)) << at;
    damaged[at] ^= 0x10;
    EXPECT_EQ(*DecodeSegmentHead(damaged), kHead) << at;
  }
  for (size_t size = 1; size < 64; ++size) {
    EXPECT_THAT(DecodeSegmentHead(bytes.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(SegmentFormatTest, AHeadThatWasNeverWrittenIsNone) {
  EXPECT_THAT(DecodeSegmentHead(""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(DecodeSegmentHead(std::string(kSegmentHeadBytes, '\0')),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(SegmentFormatTest, RecordsAreOfTheirSegmentAlone) {
  const std::string bytes = Encoded(kRecord, kHead.salt);
  EXPECT_THAT(DecodeRecordHeader(bytes, kHead.salt), Optional(Eq(kRecord)));
  EXPECT_EQ(DecodeRecordHeader(bytes, kHead.salt + 1), std::nullopt);
  EXPECT_EQ(DecodeRecordHeader(bytes.substr(0, kRecordHeaderBytes - 1), kHead.salt), std::nullopt);
  for (size_t bit = 0; bit < kRecordHeaderBytes * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_EQ(DecodeRecordHeader(damaged, kHead.salt), std::nullopt) << bit;
  }
}

TEST(SegmentFormatTest, WhatCannotBeARecordIsNone) {
  RecordHeader record = kRecord;
  record.size = kMaxEntryBytes;
  EXPECT_EQ(DecodeRecordHeader(Encoded(record, 1), 1), std::nullopt);
  record = kRecord;
  record.position = 0;
  EXPECT_EQ(DecodeRecordHeader(Encoded(record, 1), 1), std::nullopt);
}

TEST(SegmentFormatTest, ChecksumsDoNotDependOnTheParts) {
  const std::string entry(1000, 'e');
  const std::string_view whole = entry;
  for (const size_t cut : {0u, 1u, 500u, 1000u}) {
    const std::vector<std::string_view> parts = {whole.substr(0, cut), "", whole.substr(cut)};
    EXPECT_EQ(EntryChecksum(parts), EntryChecksum({&whole, 1})) << cut;
  }
  EXPECT_NE(EntryChecksum({&whole, 1}), EntryChecksum({}));
}

TEST(SegmentFormatTest, EntriesAreFilledUp) {
  EXPECT_EQ(RecordBytes(0), kRecordHeaderBytes);
  EXPECT_EQ(RecordBytes(1), kRecordHeaderBytes + 8);
  EXPECT_EQ(RecordBytes(8), kRecordHeaderBytes + 8);
}

}  // namespace
}  // namespace vigil::storage
