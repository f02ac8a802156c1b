// SPDX-License-Identifier: Apache-2.0
#include "storage/records/attribute_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

std::string Encode(const std::vector<Attributes>& rows) {
  RowBlockBuilder builder;
  AttributeColumnsWriter writer(&builder);
  for (const Attributes& row : rows) writer.Count(row);
  writer.Plan();
  for (const Attributes& row : rows) {
    builder.AddRow();
    writer.Write(row);
  }
  return builder.Finish();
}

Attributes Sorted(Attributes attributes) {
  std::stable_sort(attributes.begin(), attributes.end(),
                   [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  return attributes;
}

void ExpectRoundTrip(const std::vector<Attributes>& rows) {
  const std::string block = Encode(rows);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  ASSERT_OK_AND_ASSIGN(const AttributeColumns columns, AttributeColumns::Read(reader));
  for (size_t row = 0; row < rows.size(); ++row) {
    EXPECT_TRUE(Sorted(columns.Row(row)) == Sorted(rows[row])) << "row " << row;
  }
}

TEST(AttributeColumnsTest, NameOfSeveralTypesKeepsEachType) {
  std::vector<Attributes> rows;
  for (int i = 0; i < 12; ++i) {
    const std::vector<Value> values = {{std::string("1")}, {true}, {int64_t{1}}, {1.0}};
    rows.push_back({{"n", values[i % 4]}});
  }
  ExpectRoundTrip(rows);
  const std::string block = Encode(rows);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  for (const ColumnType type :
       {ColumnType::kString, ColumnType::kBool, ColumnType::kInt, ColumnType::kDouble}) {
    EXPECT_TRUE(reader.HasColumn("attr.n", type)) << ColumnTypeName(type);
  }
}

TEST(AttributeColumnsTest, EmptyTextIsNotAbsence) {
  ExpectRoundTrip({{{"a", {std::string()}}},
                   {},
                   {{"a", {std::string()}}},
                   {{"a", {}}},
                   {{"", {std::string("no name")}}},
                   {{"a", {std::string()}}}});
}

TEST(AttributeColumnsTest, RepeatedNamesKeepTheirOrder) {
  const Attributes repeated = {{"a", {int64_t{1}}}, {"b", {true}}, {"a", {int64_t{2}}}};
  std::vector<Attributes> rows(5, Attributes{{"a", {int64_t{3}}}});
  rows.push_back(repeated);
  const std::string block = Encode(rows);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  ASSERT_OK_AND_ASSIGN(const AttributeColumns columns, AttributeColumns::Read(reader));
  EXPECT_TRUE(columns.Row(5) == repeated);
}

TEST(AttributeColumnsTest, NewNamesInEveryRowDoNotMakeColumns) {
  std::vector<Attributes> rows;
  for (int i = 0; i < 500; ++i) {
    Attributes row;
    for (int k = 0; k < 20; ++k) {
      row.push_back({"id" + std::to_string(i * 20 + k), {int64_t{k}}});
    }
    rows.push_back(std::move(row));
  }
  ExpectRoundTrip(rows);
  const std::string block = Encode(rows);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  EXPECT_EQ(reader.columns().size(), 1u);
}

TEST(AttributeColumnsTest, ColumnsAreLimited) {
  Attributes wide;
  for (size_t i = 0; i < 3 * kMaxAttributeColumns; ++i) {
    wide.push_back({"name" + std::to_string(i), {static_cast<int64_t>(i)}});
  }
  const std::vector<Attributes> rows(8, wide);
  ExpectRoundTrip(rows);
  const std::string block = Encode(rows);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  EXPECT_EQ(reader.columns().size(), kMaxAttributeColumns + 1);
}

TEST(AttributeColumnsTest, DoublesAreKeptBitForBit) {
  std::vector<Attributes> rows;
  for (const double value : {-0.0, std::nan("7"), -std::numeric_limits<double>::infinity()}) {
    rows.push_back({{"x", {value}}});
  }
  const std::string block = Encode(rows);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  ASSERT_OK_AND_ASSIGN(const AttributeColumns columns, AttributeColumns::Read(reader));
  for (size_t row = 0; row < rows.size(); ++row) {
    std::string expected;
    std::string actual;
    EncodeAttributes(rows[row], &expected);
    EncodeAttributes(columns.Row(row), &actual);
    EXPECT_EQ(actual, expected) << "row " << row;
  }
}

TEST(AttributeColumnsTest, RandomAttributesRoundTrip) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    testing::RecordSamples samples(seed);
    std::vector<Attributes> rows;
    for (int i = 0; i < 100; ++i) rows.push_back(samples.NextAttributes());
    ExpectRoundTrip(rows);
  }
}

}  // namespace
}  // namespace vigil::storage
