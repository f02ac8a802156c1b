// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_block.h"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "storage/block/row_block_builder.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Canonical;
using testing::PlainSpan;
using vigil::testing::StatusIs;

absl::StatusOr<SpanBlock> Decode(std::string_view bytes) {
  absl::StatusOr<RowBlockReader> reader = RowBlockReader::Open(bytes);
  if (!reader.ok()) return reader.status();
  absl::StatusOr<SpanBlockRows> rows = SpanBlockRows::Read(*reader);
  if (!rows.ok()) return rows.status();
  return SpanBlock::Read(*reader, *std::move(rows));
}

void ExpectRoundTrip(const std::vector<Span>& spans) {
  std::vector<const Span*> rows;
  for (const Span& span : spans) rows.push_back(&span);
  const std::string bytes = EncodeSpanBlock(rows);
  ASSERT_OK_AND_ASSIGN(const SpanBlock block, Decode(bytes));
  ASSERT_EQ(block.rows().size(), spans.size());
  for (size_t row = 0; row < spans.size(); ++row) {
    EXPECT_EQ(Canonical(block.Row(row)), Canonical(spans[row])) << "row " << row;
  }
}

TEST(SpanBlockTest, OddSpansRoundTrip) {
  Span longest = PlainSpan(1, 1, std::numeric_limits<int64_t>::min(), "");
  longest.end_ns = std::numeric_limits<int64_t>::max();
  Span repeated = PlainSpan(1, 2, 0, "\xff");
  repeated.attributes = {{"a", {int64_t{2}}}, {"a", {}}};
  repeated.events = {{}, {.time_ns = -1, .name = "e", .attributes = repeated.attributes}};
  repeated.links = {{}, {.trace_state = "s", .flags = 0xFFFFFFFF}};
  Span instant = PlainSpan(2, 1, 5, "n");
  instant.end_ns = 5;
  ExpectRoundTrip({longest, repeated, instant});
}

TEST(SpanBlockTest, RandomSpansRoundTrip) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    testing::RecordSamples samples(seed);
    std::vector<Span> spans;
    for (int64_t i = samples.Between(1, 200); i > 0; --i) {
      spans.push_back(samples.NextSpan(-100, 100));
    }
    std::stable_sort(spans.begin(), spans.end(),
                     [](const Span& a, const Span& b) { return a.start_ns < b.start_ns; });
    ExpectRoundTrip(spans);
  }
}

// A block that is whole but that EncodeSpanBlock would not write.
TEST(SpanBlockTest, ForeignBlocksAreRefused) {
  const auto start = [](RowBlockBuilder* builder) {
    builder->AddRow();
    builder->SetInt(builder->AddColumn("start", ColumnType::kInt), 1);
    builder->SetInt(builder->AddColumn("duration", ColumnType::kInt), 1);
    builder->SetId(builder->AddColumn("trace_id", ColumnType::kId16), testing::TraceIdOf(1));
    builder->SetId(builder->AddColumn("span_id", ColumnType::kId8), testing::SpanIdOf(1));
    builder->SetInt(builder->AddColumn("origin_row", ColumnType::kInt), 0);
    builder->SetString(builder->AddColumn("origin", ColumnType::kString),
                       std::string("\0\0\0\0", 4));
  };
  RowBlockBuilder good;
  start(&good);
  EXPECT_OK(Decode(good.Finish("start")));

  RowBlockBuilder status;
  start(&status);
  status.SetInt(status.AddColumn("status", ColumnType::kInt), 3);
  EXPECT_THAT(Decode(status.Finish("start")), StatusIs(absl::StatusCode::kDataLoss));

  RowBlockBuilder events;
  start(&events);
  events.SetString(events.AddColumn("events", ColumnType::kString), "\x7f");
  EXPECT_THAT(Decode(events.Finish("start")), StatusIs(absl::StatusCode::kDataLoss));

  RowBlockBuilder nameless;
  nameless.AddRow();
  nameless.SetInt(nameless.AddColumn("start", ColumnType::kInt), 1);
  EXPECT_THAT(Decode(nameless.Finish("start")), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
