// SPDX-License-Identifier: Apache-2.0
#include "storage/records/corrupt_block.h"

#include <gtest/gtest.h>

#include "base/metrics.h"

namespace vigil::storage {
namespace {

TEST(CorruptBlockTest, EachReportCounts) {
  Counter& counter = GetCounter("vigil_corrupt_blocks_total", "");
  const int64_t before = counter.Value();
  ::testing::internal::CaptureStderr();
  ReportCorruptBlock(Family::kLogBlocks, "\x01\xff", absl::DataLossError("bad checksum"));
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(counter.Value(), before + 1);
  EXPECT_NE(line.find("01ff"), std::string::npos) << line;
  EXPECT_NE(line.find("bad checksum"), std::string::npos) << line;
}

}  // namespace
}  // namespace vigil::storage
