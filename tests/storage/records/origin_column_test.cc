// SPDX-License-Identifier: Apache-2.0
#include "storage/records/origin_column.h"

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

TEST(OriginColumnTest, EqualOriginsAreKeptOnceAndSharedWhenRead) {
  const Origin a = {.resource = {{"service.name", {std::string("a")}}}};
  const Origin also_a = a;
  const Origin b = {.scope_name = "b"};
  RowBlockBuilder builder;
  OriginColumnWriter writer(&builder);
  for (const Origin* origin : {&a, &b, &also_a, &b, &a}) {
    builder.AddRow();
    writer.Write(origin);
  }
  const std::string block = builder.Finish();
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  ASSERT_OK_AND_ASSIGN(const StringColumn texts, reader.ReadStrings("origin"));
  EXPECT_EQ(texts.present.Count(), 2u);
  ASSERT_OK_AND_ASSIGN(const auto origins, ReadOriginColumn(reader));
  ASSERT_EQ(origins.size(), 5u);
  EXPECT_TRUE(*origins[0] == a);
  EXPECT_TRUE(*origins[1] == b);
  EXPECT_EQ(origins[2], origins[0]);
  EXPECT_EQ(origins[3], origins[1]);
  EXPECT_EQ(origins[4], origins[0]);
}

TEST(OriginColumnTest, RowsThatLeadNowhereAreRefused) {
  for (const int64_t row : {int64_t{-1}, int64_t{1}, int64_t{1} << 40}) {
    RowBlockBuilder builder;
    const auto text = builder.AddColumn("origin", ColumnType::kString);
    const auto rows = builder.AddColumn("origin_row", ColumnType::kInt);
    builder.AddRow();
    builder.SetString(text, std::string("\0\0\0\0", 4));
    builder.SetInt(rows, row);
    const std::string block = builder.Finish();
    ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
    EXPECT_THAT(ReadOriginColumn(reader),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("has no origin")));
  }
}

TEST(OriginColumnTest, MissingColumnIsRefused) {
  RowBlockBuilder builder;
  builder.AddRow();
  const std::string block = builder.Finish();
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  EXPECT_THAT(ReadOriginColumn(reader), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
