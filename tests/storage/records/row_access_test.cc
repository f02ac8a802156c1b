// SPDX-License-Identifier: Apache-2.0
#include "storage/records/row_access.h"

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

TEST(RowAccessTest, MissingEntriesAreNamed) {
  IntColumn column = {{1, 0}, Bitmap(2)};
  column.present.Set(0);
  EXPECT_OK(RequireEveryRow(column, 1, "time"));
  EXPECT_THAT(RequireEveryRow(column, 2, "time"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("column time")));
}

TEST(RowAccessTest, RangesAreClosed) {
  EXPECT_OK(RequireRange<uint8_t>({{0, 255}, Bitmap(2)}, "x"));
  EXPECT_THAT(RequireRange<uint8_t>({{256}, Bitmap(1)}, "x"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("256")));
  EXPECT_THAT(RequireRange<uint64_t>({{-1}, Bitmap(1)}, "x"),
              StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
