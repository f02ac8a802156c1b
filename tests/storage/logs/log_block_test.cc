// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_block.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "storage/block/row_block_builder.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Canonical;
using testing::PlainLog;
using vigil::testing::StatusIs;

void ExpectRoundTrip(const std::vector<NumberedRecord>& records) {
  std::vector<const NumberedRecord*> rows;
  for (const NumberedRecord& entry : records) rows.push_back(&entry);
  const std::string bytes = EncodeLogBlock(rows);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(bytes));
  ASSERT_OK_AND_ASSIGN(LogBlockRows keys, LogBlockRows::Read(reader));
  ASSERT_OK_AND_ASSIGN(const LogBlock block, LogBlock::Read(reader, std::move(keys)));
  ASSERT_TRUE(reader.times().has_value());
  EXPECT_EQ(reader.times()->min, records.front().record.time_ns);
  EXPECT_EQ(reader.times()->max, records.back().record.time_ns);
  ASSERT_EQ(reader.rows(), records.size());
  for (size_t row = 0; row < records.size(); ++row) {
    EXPECT_EQ(static_cast<uint64_t>(block.rows().numbers[row]), records[row].number);
    EXPECT_EQ(Canonical(block.Record(row)), Canonical(records[row].record)) << "row " << row;
  }
}

TEST(LogBlockTest, OddRecordsRoundTrip) {
  LogRecord nested = PlainLog(5, "");
  nested.body.data =
      Attributes{{"list", {ValueList{{int64_t{1}}, {}, {Bytes{std::string("\0\xff", 2)}}}}},
                 {"list", {std::string("again")}},
                 {"", {Attributes{}}}};
  LogRecord absent = PlainLog(5, "");
  absent.body = Value();
  LogRecord repeated = PlainLog(5, "text");
  repeated.attributes = {{"a", {int64_t{2}}}, {"b", {}}, {"a", {int64_t{1}}}};
  LogRecord full = PlainLog(5, std::string("\xc3\x28\0 no UTF-8", 11));
  full.observed_time_ns = -1;
  full.severity_number = 255;
  full.severity_text = "\xff";
  full.event_name = "event";
  full.trace_id = testing::TraceIdOf(1);
  full.span_id = testing::SpanIdOf(2);
  full.flags = 0xFFFFFFFF;
  full.dropped_attributes_count = 0xFFFFFFFF;
  full.origin = std::make_shared<const Origin>(Origin{.scope_name = "other"});
  ExpectRoundTrip({{1, PlainLog(5, "")}, {2, nested}, {3, absent}, {7, repeated}, {9, full}});
}

TEST(LogBlockTest, OneRecordRoundTrips) { ExpectRoundTrip({{1, PlainLog(-1, "")}}); }

TEST(LogBlockTest, RandomRecordsRoundTrip) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    testing::RecordSamples samples(seed);
    std::vector<NumberedRecord> records;
    for (int64_t i = samples.Between(1, 200); i > 0; --i) {
      records.push_back({static_cast<uint64_t>(i), samples.NextLog(-100, 100)});
    }
    std::stable_sort(records.begin(), records.end(),
                     [](const auto& a, const auto& b) { return TimeOf(a) < TimeOf(b); });
    ExpectRoundTrip(records);
  }
}

TEST(LogBlockTest, TokensLeadToBodiesAttributesAndTraces) {
  NumberedRecord entry = {1, PlainLog(1, "Connection REFUSED by peer")};
  entry.record.attributes = {{"user", {std::string("alice")}}};
  entry.record.trace_id = testing::TraceIdOf(9);
  NumberedRecord structured = {2, PlainLog(2, "")};
  structured.record.body.data = Attributes{{"message", {std::string("deep")}}};
  const std::vector<const NumberedRecord*> rows = {&entry, &structured};
  const std::string bytes = EncodeLogBlock(rows);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(bytes));
  EXPECT_TRUE(reader.MayContainSubstring("tion refused by pe"));
  EXPECT_TRUE(reader.MayContainToken("alice"));
  EXPECT_TRUE(reader.MayContainToken("deep"));
  EXPECT_TRUE(reader.MayContainToken(entry.record.trace_id.ToText()));
  EXPECT_FALSE(reader.MayContainSubstring(" absent "));
}

// A block that is whole but that EncodeLogBlock would not write.
TEST(LogBlockTest, ForeignBlocksAreRefused) {
  const auto read = [](RowBlockBuilder builder) -> absl::Status {
    const std::string bytes = builder.Finish("time");
    absl::StatusOr<RowBlockReader> reader = RowBlockReader::Open(bytes);
    if (!reader.ok()) return reader.status();
    absl::StatusOr<LogBlockRows> rows = LogBlockRows::Read(*reader);
    if (!rows.ok()) return rows.status();
    return LogBlock::Read(*reader, *std::move(rows)).status();
  };
  const auto start = [](RowBlockBuilder* builder, int64_t number) {
    builder->AddRow();
    builder->SetInt(builder->AddColumn("time", ColumnType::kInt), 1);
    builder->SetInt(builder->AddColumn("number", ColumnType::kInt), number);
    builder->SetInt(builder->AddColumn("origin_row", ColumnType::kInt), 0);
    builder->SetString(builder->AddColumn("origin", ColumnType::kString),
                       std::string("\0\0\0\0", 4));
  };
  RowBlockBuilder good;
  start(&good, 1);
  EXPECT_OK(read(std::move(good)));

  RowBlockBuilder negative;
  start(&negative, -1);
  EXPECT_THAT(read(std::move(negative)), StatusIs(absl::StatusCode::kDataLoss));

  RowBlockBuilder severity;
  start(&severity, 1);
  severity.SetInt(severity.AddColumn("severity_number", ColumnType::kInt), 256);
  EXPECT_THAT(read(std::move(severity)), StatusIs(absl::StatusCode::kDataLoss));

  RowBlockBuilder attributes;
  start(&attributes, 1);
  attributes.SetString(attributes.AddColumn("attributes", ColumnType::kString), "\x05");
  EXPECT_THAT(read(std::move(attributes)), StatusIs(absl::StatusCode::kDataLoss));

  RowBlockBuilder id_attribute;
  start(&id_attribute, 1);
  id_attribute.SetId(id_attribute.AddColumn("attr.x", ColumnType::kId8), testing::SpanIdOf(1));
  EXPECT_THAT(read(std::move(id_attribute)), StatusIs(absl::StatusCode::kDataLoss));

  RowBlockBuilder timeless;
  timeless.AddRow();
  EXPECT_THAT(read(std::move(timeless)), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
