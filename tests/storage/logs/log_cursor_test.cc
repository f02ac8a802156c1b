// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_cursor.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/logs/log_block.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using testing::PlainLog;
using vigil::testing::StatusIs;

LogSelection Selection(int64_t start_ns, int64_t end_ns, bool newest_first = false) {
  LogSelection selection;
  selection.range = {start_ns, end_ns};
  selection.newest_first = newest_first;
  return selection;
}

LogChunks Chunks(const std::vector<std::pair<uint64_t, int64_t>>& numbers_and_times) {
  LogChunks chunks;
  for (const auto& [number, time_ns] : numbers_and_times) {
    chunks.Append({{number, PlainLog(time_ns, "")}});
  }
  return chunks;
}

std::vector<uint64_t> Numbers(std::unique_ptr<LogCursor> cursor) {
  std::vector<uint64_t> numbers;
  if (cursor == nullptr) return numbers;
  do {
    EXPECT_EQ(cursor->time_ns(), cursor->record().time_ns);
    numbers.push_back(cursor->number());
  } while (cursor->Next());
  return numbers;
}

TEST(NumberSetTest, HoldsRunsInAnyOrder) {
  const LogChunks chunks = Chunks({{7, 0}, {8, 0}, {9, 0}, {2, 0}, {5, 0}, {6, 0}});
  const NumberSet numbers(chunks.views());
  for (uint64_t number = 0; number < 12; ++number) {
    EXPECT_EQ(numbers.Contains(number), number == 2 || (number >= 5 && number <= 9)) << number;
  }
  EXPECT_FALSE(NumberSet().Contains(0));
}

TEST(LogCursorTest, MemoryIsSortedByTimeThenNumber) {
  const LogChunks chunks = Chunks({{1, 30}, {2, 10}, {3, 20}, {4, 10}});
  EXPECT_THAT(Numbers(MakeMemoryCursor(chunks.views(), Selection(0, 100))),
              ElementsAre(2, 4, 3, 1));
  EXPECT_THAT(Numbers(MakeMemoryCursor(chunks.views(), Selection(0, 100, true))),
              ElementsAre(1, 3, 4, 2));
  EXPECT_THAT(Numbers(MakeMemoryCursor(chunks.views(), Selection(11, 30))), ElementsAre(3));
  EXPECT_EQ(MakeMemoryCursor(chunks.views(), Selection(11, 20)), nullptr);
}

TEST(LogCursorTest, BlockLeavesOutWhatIsInMemory) {
  const LogChunks chunks = Chunks({{1, 10}, {2, 20}, {3, 30}});
  std::vector<const NumberedRecord*> rows;
  for (const auto& view : chunks.views()) {
    for (const NumberedRecord& entry : view.records) rows.push_back(&entry);
  }
  const std::string block = EncodeLogBlock(rows);
  const NumberSet in_memory(Chunks({{2, 20}}).views());
  ASSERT_OK_AND_ASSIGN(auto ascending, MakeBlockCursor(block, Selection(0, 100), in_memory));
  EXPECT_THAT(Numbers(std::move(ascending)), ElementsAre(1, 3));
  ASSERT_OK_AND_ASSIGN(auto descending, MakeBlockCursor(block, Selection(0, 30, true), {}));
  EXPECT_THAT(Numbers(std::move(descending)), ElementsAre(2, 1));
  ASSERT_OK_AND_ASSIGN(const auto none, MakeBlockCursor(block, Selection(31, 40), {}));
  EXPECT_EQ(none, nullptr);
  EXPECT_THAT(MakeBlockCursor("no block", Selection(0, 1), {}),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(LogCursorTest, TimesOfABlockAreClosedAndARangeIsHalfOpen) {
  const LogChunks chunks = Chunks({{1, 10}});
  const std::vector<const NumberedRecord*> rows = {&chunks.views()[0].records[0]};
  const std::string block = EncodeLogBlock(rows);
  ASSERT_OK_AND_ASSIGN(const RowBlockReader reader, RowBlockReader::Open(block));
  EXPECT_TRUE(MayHoldSelected(reader, Selection(10, 11)));
  EXPECT_FALSE(MayHoldSelected(reader, Selection(9, 10)));
  EXPECT_FALSE(MayHoldSelected(reader, Selection(11, 20)));
}

}  // namespace
}  // namespace vigil::storage
