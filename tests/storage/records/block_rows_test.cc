// SPDX-License-Identifier: Apache-2.0
#include "storage/records/block_rows.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/storage/records/record_samples.h"

namespace vigil::storage {

int64_t TimeOf(const LogRecord& record) { return record.time_ns; }
const LogRecord& RecordOf(const LogRecord& record) { return record; }

namespace {

size_t NextBlock(const std::vector<LogRecord>& records, size_t max_rows) {
  std::vector<const LogRecord*> rows;
  for (const LogRecord& record : records) rows.push_back(&record);
  return RowsOfNextBlock<LogRecord>(rows, RecordPartitioning(1), max_rows);
}

TEST(BlockRowsTest, StopsAtThePartitionsEnd) {
  EXPECT_EQ(NextBlock({testing::PlainLog(0, "a"), testing::PlainLog(999'999, "b"),
                       testing::PlainLog(1'000'000, "c")},
                      100),
            2u);
}

TEST(BlockRowsTest, StopsAtTheRowLimitButTakesOne) {
  const std::vector<LogRecord> records(10, testing::PlainLog(0, "a"));
  EXPECT_EQ(NextBlock(records, 4), 4u);
  EXPECT_EQ(NextBlock(records, 0), 1u);
}

TEST(BlockRowsTest, StopsAtTheMemoryLimitButTakesOne) {
  const std::vector<LogRecord> records(
      4, testing::PlainLog(0, std::string(kMaxRecordBlockBytes / 3, 'x')));
  EXPECT_EQ(NextBlock(records, 100), 2u);
  EXPECT_EQ(NextBlock({testing::PlainLog(0, std::string(2 * kMaxRecordBlockBytes, 'x')),
                       testing::PlainLog(0, "a")},
                      100),
            1u);
}

}  // namespace
}  // namespace vigil::storage
