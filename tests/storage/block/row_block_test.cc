// SPDX-License-Identifier: Apache-2.0
//
// Builder and reader together: what goes in comes out.
#include "storage/block/row_block.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <optional>

#include "storage/block/row_block_builder.h"
#include "storage/block/row_block_reader.h"
#include "storage/codec/checksum.h"
#include "tests/storage/codec/shapes.h"
#include "tests/testing/fuzz.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::vigil::testing::StatusIs;
using Random = std::mt19937_64;

// A row as a test remembers it.
struct Row {
  std::optional<int64_t> number;
  std::optional<double> real;
  std::optional<std::string> text;
  std::optional<bool> flag;
  std::optional<TraceId> trace;
  std::optional<SpanId> span;
  std::optional<Value> value;
};

std::string RandomBytes(Random* random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>((*random)());
  return bytes;
}

// Rows in which each entry is there with probability `percent`.
std::vector<Row> RandomRows(size_t count, uint64_t percent) {
  Random random(kShapeSeed + count + percent);
  const auto there = [&] { return random() % 100 < percent; };
  std::vector<Row> rows(count);
  for (Row& row : rows) {
    if (there()) row.number = static_cast<int64_t>(random() % 1000);
    if (there()) row.real = std::bit_cast<double>(random());
    if (there()) row.text = fmt::format("text {}", random() % 50);
    if (there()) row.flag = random() % 2 == 0;
    if (there()) row.trace = TraceId::FromBytes(RandomBytes(&random, 16));
    if (there()) row.span = SpanId::FromBytes(RandomBytes(&random, 8));
    if (there()) row.value = Value{Attributes{{"n", {static_cast<int64_t>(random() % 5)}}}};
  }
  return rows;
}

// All columns have one name: the type tells them apart.
std::string Build(const std::vector<Row>& rows) {
  RowBlockBuilder builder;
  for (const Row& row : rows) {
    builder.AddRow();
    if (row.number) builder.SetInt(builder.AddColumn("c", ColumnType::kInt), *row.number);
    if (row.real) builder.SetDouble(builder.AddColumn("c", ColumnType::kDouble), *row.real);
    if (row.text) builder.SetString(builder.AddColumn("c", ColumnType::kString), *row.text);
    if (row.flag) builder.SetBool(builder.AddColumn("c", ColumnType::kBool), *row.flag);
    if (row.trace) builder.SetId(builder.AddColumn("c", ColumnType::kId16), *row.trace);
    if (row.span) builder.SetId(builder.AddColumn("c", ColumnType::kId8), *row.span);
    if (row.value) builder.SetValue(builder.AddColumn("c", ColumnType::kValue), *row.value);
    if (row.text) builder.AddTokens(*row.text);
  }
  return builder.Finish("c");
}

// Expects `column` to hold `entry(row)` for each row.
template <typename Column, typename Entry>
void ExpectColumn(const absl::StatusOr<Column>& column, const std::vector<Row>& rows, Entry entry) {
  ASSERT_OK(column);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& expected = entry(rows[i]);
    ASSERT_EQ(column->Has(i), expected.has_value()) << i;
    using T = std::decay_t<decltype(*expected)>;
    EXPECT_EQ((*column)[i], expected.value_or(T())) << i;
  }
}

TEST(RowBlock, EveryTypeRoundTripsDenseAndSparse) {
  for (const size_t count : {0, 1, 2, 64, 65, 1000}) {
    for (const uint64_t percent : {0, 1, 50, 99, 100}) {
      SCOPED_TRACE(fmt::format("{} rows, {}%", count, percent));
      const std::vector<Row> rows = RandomRows(count, percent);
      const std::string block = Build(rows);
      ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
      ASSERT_EQ(reader.rows(), count);
      ExpectColumn(reader.ReadInts("c"), rows, [](const Row& r) { return r.number; });
      ExpectColumn(reader.ReadStrings("c"), rows, [](const Row& r) { return r.text; });
      ExpectColumn(reader.ReadBools("c"), rows, [](const Row& r) { return r.flag; });
      ExpectColumn(reader.ReadTraceIds("c"), rows, [](const Row& r) { return r.trace; });
      ExpectColumn(reader.ReadSpanIds("c"), rows, [](const Row& r) { return r.span; });
      ExpectColumn(reader.ReadValues("c"), rows, [](const Row& r) { return r.value; });
      ASSERT_OK_AND_ASSIGN(const DoubleColumn reals, reader.ReadDoubles("c"));
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(reals.Has(i), rows[i].real.has_value());
        EXPECT_EQ(std::bit_cast<uint64_t>(reals[i]),
                  std::bit_cast<uint64_t>(rows[i].real.value_or(0)));
      }
    }
  }
}

TEST(RowBlock, AMissingColumnHasNoEntries) {
  const std::string block = Build(RandomRows(5, 100));
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  ASSERT_OK_AND_ASSIGN(const StringColumn column, reader.ReadStrings("other"));
  EXPECT_THAT(column.values, SizeIs(5));
  EXPECT_TRUE(column.present.None());
  ASSERT_OK_AND_ASSIGN(const BoolColumn flags, reader.ReadBools("other"));
  EXPECT_FALSE(flags.Has(4));
  EXPECT_FALSE(reader.HasColumn("other", ColumnType::kString));
  EXPECT_TRUE(reader.HasColumn("c", ColumnType::kString));
}

TEST(RowBlock, ColumnsAreSortedAndEmptyOnesLeftOut) {
  RowBlockBuilder builder;
  const auto b = builder.AddColumn("b", ColumnType::kString);
  const auto a_text = builder.AddColumn("a", ColumnType::kString);
  const auto a_int = builder.AddColumn("a", ColumnType::kInt);
  builder.AddColumn("never set", ColumnType::kInt);
  EXPECT_EQ(builder.AddColumn("b", ColumnType::kString), b);
  builder.AddRow();
  builder.SetString(b, "x");
  builder.SetString(a_text, "y");
  builder.SetInt(a_int, 1);
  const std::string block = builder.Finish();
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  ASSERT_THAT(reader.columns(), SizeIs(3));
  EXPECT_EQ(reader.columns()[0].name, "a");
  EXPECT_EQ(reader.columns()[0].type, ColumnType::kInt);
  EXPECT_EQ(reader.columns()[1].type, ColumnType::kString);
  EXPECT_EQ(reader.columns()[2].name, "b");
  EXPECT_EQ(reader.times(), std::nullopt);
}

TEST(RowBlock, TheLastSetOfARowCounts) {
  RowBlockBuilder builder;
  const auto text = builder.AddColumn("t", ColumnType::kString);
  const auto number = builder.AddColumn("n", ColumnType::kInt);
  for (int row = 0; row < 2; ++row) {
    builder.AddRow();
    builder.SetString(text, "a longer first try");
    builder.SetString(text, fmt::format("row {}", row));
    builder.SetInt(number, -1);
    builder.SetInt(number, row);
  }
  const std::string block = builder.Finish("n");
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  ASSERT_OK_AND_ASSIGN(const StringColumn texts, reader.ReadStrings("t"));
  EXPECT_EQ(texts[0], "row 0");
  EXPECT_EQ(texts[1], "row 1");
  EXPECT_EQ(reader.times(), (BlockTimes{.min = 0, .max = 1}));
}

TEST(RowBlock, TimesAreThoseOfTheTimeColumnInAnyOrder) {
  RowBlockBuilder builder;
  const auto time = builder.AddColumn("time", ColumnType::kInt);
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  for (const int64_t at : {int64_t{5}, kMax, kMin}) {
    builder.AddRow();
    builder.SetInt(time, at);
  }
  const std::string block = builder.Finish("time");
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  EXPECT_EQ(reader.times(), (BlockTimes{.min = kMin, .max = kMax}));
}

TEST(RowBlock, ABuilderStartsAnewAfterFinish) {
  RowBlockBuilder builder;
  builder.AddRow();
  builder.SetInt(builder.AddColumn("a", ColumnType::kInt), 1);
  builder.AddTokens("word");
  EXPECT_GT(builder.bytes(), 0u);
  builder.Finish();
  EXPECT_EQ(builder.rows(), 0u);
  EXPECT_EQ(builder.bytes(), 0u);
  const std::string block = builder.Finish();
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  EXPECT_EQ(reader.rows(), 0u);
  EXPECT_THAT(reader.columns(), SizeIs(0));
  EXPECT_FALSE(reader.MayContainToken("word"));
}

TEST(RowBlock, DecodedTextsOutliveTheBlockAndTheColumn) {
  std::string block = Build(RandomRows(100, 100));
  StringColumn copy;
  {
    ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
    ASSERT_OK_AND_ASSIGN(const StringColumn column, reader.ReadStrings("c"));
    copy = column;
  }
  block.assign(block.size(), '\0');
  for (const std::string_view text : copy.values) EXPECT_TRUE(text.starts_with("text "));
}

TEST(RowBlock, FindsTokens) {
  RowBlockBuilder builder;
  builder.AddRow();
  builder.AddTokens("GET /v1/items failed: disk full");
  const std::string block = builder.Finish();
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  EXPECT_TRUE(reader.MayContainToken("disk"));
  EXPECT_TRUE(reader.MayContainToken("DISK"));
  EXPECT_FALSE(reader.MayContainToken("memory"));
  EXPECT_TRUE(reader.MayContainSubstring("ailed: disk fu"));
  EXPECT_FALSE(reader.MayContainSubstring("failed: memory full"));
}

TEST(RowBlock, ReadingOneColumnDoesNotNeedTheOthers) {
  RowBlockBuilder builder;
  builder.AddRow();
  builder.SetInt(builder.AddColumn("a", ColumnType::kInt), 7);
  builder.SetInt(builder.AddColumn("b", ColumnType::kInt), 8);
  std::string block = builder.Finish();
  block.resize(block.size() - kChecksumBytes);
  block.back() = '\x80';  // The value of b is now cut short.
  AppendChecksum(&block);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  ASSERT_OK_AND_ASSIGN(const IntColumn a, reader.ReadInts("a"));
  EXPECT_EQ(a[0], 7);
  EXPECT_THAT(reader.ReadInts("b"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("b: cut")));
}

TEST(RowBlock, DamageIsTold) {
  std::string block = Build(RandomRows(5, 100));
  block[7] = static_cast<char>(block[7] ^ 4);
  EXPECT_THAT(RowBlockReader::Open(block),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("checksum")));
  std::string version("\x02\x00\x00\x00\x00", 5);
  AppendChecksum(&version);
  EXPECT_THAT(RowBlockReader::Open(version),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("format version: 2, not 1")));
  std::string order(
      "\x01\x00\x00\x00\x02\x01"
      "b\x01\x00\x01"
      "a\x01\x00",
      13);
  AppendChecksum(&order);
  EXPECT_THAT(RowBlockReader::Open(order),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("not in ascending order")));
  EXPECT_THAT(RowBlockReader::Open(""), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(RowBlock, CostsWhatItShould) {
  RowBlockBuilder builder;
  const auto time = builder.AddColumn("time", ColumnType::kInt);
  const auto level = builder.AddColumn("level", ColumnType::kString);
  for (int row = 0; row < 8192; ++row) {
    builder.AddRow();
    builder.SetInt(time, 1'700'000'000'000'000'000 + row * int64_t{1'000'000});
    builder.SetString(level, "INFO");
  }
  EXPECT_LE(builder.Finish("time").size(), 80u);
}

TEST(RowBlock, HostileBytes) {
  Random random(kShapeSeed);
  for (const uint64_t percent : {5, 50, 100}) {
    const std::string block = Build(RandomRows(60, percent));
    for (int i = 0; i < 1500; ++i) {
      std::string hostile = vigil::testing::Mutate(block, &random);
      if (i % 2 == 0 && hostile.size() >= kChecksumBytes) {
        hostile.resize(hostile.size() - kChecksumBytes);
        AppendChecksum(&hostile);
      }
      const absl::StatusOr<RowBlockReader> reader = RowBlockReader::Open(hostile);
      if (!reader.ok()) {
        EXPECT_THAT(reader, StatusIs(absl::StatusCode::kDataLoss)) << "seed " << kShapeSeed;
        continue;
      }
      const absl::Status statuses[] = {
          reader->ReadInts("c").status(),     reader->ReadDoubles("c").status(),
          reader->ReadStrings("c").status(),  reader->ReadBools("c").status(),
          reader->ReadTraceIds("c").status(), reader->ReadSpanIds("c").status(),
          reader->ReadValues("c").status()};
      for (const absl::Status& status : statuses) {
        EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kDataLoss);
      }
      reader->MayContainToken("text");
    }
  }
}

}  // namespace
}  // namespace vigil::storage
