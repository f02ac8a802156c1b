// SPDX-License-Identifier: Apache-2.0
#include "storage/model/record_codec.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Canonical;
using ::testing::HasSubstr;
using testing::PlainSpan;
using testing::RecordSamples;
using vigil::testing::StatusIs;

std::string EncodeLogs(const std::vector<LogRecord>& records) {
  OriginTableBuilder origins;
  std::string encoded;
  for (const LogRecord& record : records) AppendLogRecord(record, &origins, &encoded);
  std::string bytes;
  origins.AppendTo(&bytes);
  return bytes + encoded;
}

std::string EncodeSpans(const std::vector<Span>& spans) {
  OriginTableBuilder origins;
  std::string encoded;
  for (const Span& span : spans) AppendSpan(span, &origins, &encoded);
  std::string bytes;
  origins.AppendTo(&bytes);
  return bytes + encoded;
}

absl::Status DecodeSpans(std::string_view bytes, size_t count) {
  ByteReader reader(bytes);
  const OriginTable origins = ReadOriginTable(&reader);
  for (size_t i = 0; i < count; ++i) ReadSpan(&reader, origins);
  reader.ExpectEnd("spans");
  return reader.status();
}

TEST(RecordCodecTest, RandomRecordsRoundTrip) {
  RecordSamples samples(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<LogRecord> records;
    std::vector<Span> spans;
    for (int i = 0; i < 10; ++i) {
      records.push_back(samples.NextLog(-1000, 1000));
      spans.push_back(samples.NextSpan(-1000, 1000));
    }
    const std::string log_bytes = EncodeLogs(records);
    ByteReader log_reader(log_bytes);
    const OriginTable log_origins = ReadOriginTable(&log_reader);
    for (const LogRecord& record : records) {
      const LogRecord decoded = ReadLogRecord(&log_reader, log_origins);
      ASSERT_OK(log_reader.status());
      EXPECT_TRUE(decoded.attributes == record.attributes);
      EXPECT_EQ(Canonical(decoded), Canonical(record));
      EXPECT_TRUE(*decoded.origin == *record.origin);
    }
    const std::string span_bytes = EncodeSpans(spans);
    ByteReader span_reader(span_bytes);
    const OriginTable span_origins = ReadOriginTable(&span_reader);
    for (const Span& span : spans) {
      const Span decoded = ReadSpan(&span_reader, span_origins);
      ASSERT_OK(span_reader.status());
      EXPECT_TRUE(decoded.events == span.events);
      EXPECT_TRUE(decoded.links == span.links);
      EXPECT_EQ(Canonical(decoded), Canonical(span));
    }
    EXPECT_EQ(log_reader.remaining() + span_reader.remaining(), 0u);
  }
}

TEST(RecordCodecTest, EachDistinctOriginIsThereOnce) {
  const Origin a = {.scope_name = "a"};
  const Origin also_a = a;
  const Origin b = {.scope_name = "b"};
  OriginTableBuilder origins;
  EXPECT_EQ(origins.NumberOf(&a), 0u);
  EXPECT_EQ(origins.NumberOf(&b), 1u);
  EXPECT_EQ(origins.NumberOf(&also_a), 0u);
  EXPECT_EQ(origins.NumberOf(&b), 1u);
  std::string bytes;
  origins.AppendTo(&bytes);
  ByteReader reader(bytes);
  const OriginTable table = ReadOriginTable(&reader);
  ASSERT_EQ(table.size(), 2u);
  EXPECT_TRUE(*table[0] == a);
  EXPECT_TRUE(*table[1] == b);
}

TEST(RecordCodecTest, EveryTruncationIsRefused) {
  RecordSamples samples(2);
  std::vector<Span> spans;
  for (int i = 0; i < 5; ++i) spans.push_back(samples.NextSpan(0, 100));
  const std::string bytes = EncodeSpans(spans);
  ASSERT_OK(DecodeSpans(bytes, spans.size()));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(DecodeSpans(std::string_view(bytes).substr(0, size), spans.size()),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
}

TEST(RecordCodecTest, DamagedBytesAreReadWithoutHarm) {
  RecordSamples samples(3);
  std::vector<LogRecord> records;
  std::vector<Span> spans;
  for (int i = 0; i < 5; ++i) {
    records.push_back(samples.NextLog(0, 100));
    spans.push_back(samples.NextSpan(0, 100));
  }
  std::mt19937_64 random(3);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = EncodeSpans(spans);
    for (int flips = 0; flips < 3; ++flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    DecodeSpans(bytes, spans.size()).IgnoreError();
    std::string log_bytes = EncodeLogs(records);
    log_bytes[random() % log_bytes.size()] = static_cast<char>(random());
    ByteReader reader(log_bytes);
    const OriginTable origins = ReadOriginTable(&reader);
    for (size_t i = 0; i < records.size(); ++i) {
      const LogRecord record = ReadLogRecord(&reader, origins);
      if (reader.ok()) {
        EXPECT_NE(record.origin, nullptr);
      }
    }
  }
}

TEST(RecordCodecTest, SpansThatCannotBeAreRefused) {
  Span backwards = PlainSpan(1, 1, 100, "");
  backwards.end_ns = 99;
  EXPECT_THAT(DecodeSpans(EncodeSpans({backwards}), 1),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("ends before it starts")));
  Span nameless = PlainSpan(1, 1, 100, "");
  nameless.span_id = SpanId();
  EXPECT_THAT(DecodeSpans(EncodeSpans({nameless}), 1),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("has no id")));
}

TEST(RecordCodecTest, PiecesRefuseBytesBehindThem) {
  EXPECT_OK(DecodeEvents(EncodeEvents({{.time_ns = 1, .name = "e"}})));
  EXPECT_OK(DecodeLinks(EncodeLinks({{.trace_state = "s"}})));
  EXPECT_OK(DecodeOrigin(EncodeOrigin({.scope_name = "o"})));
  EXPECT_THAT(DecodeEvents(EncodeEvents({}) + "x"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeLinks(EncodeLinks({}) + "x"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeOrigin(EncodeOrigin({}) + "x"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeOrigin(""), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
