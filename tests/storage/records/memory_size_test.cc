// SPDX-License-Identifier: Apache-2.0
#include "storage/records/memory_size.h"

#include <gtest/gtest.h>

#include "tests/storage/records/record_samples.h"

namespace vigil::storage {
namespace {

TEST(MemorySizeTest, GrowsWithWhatARecordHolds) {
  LogRecord record = testing::PlainLog(1, "");
  const size_t plain = MemorySize(record);
  EXPECT_EQ(plain, sizeof(LogRecord));
  record.body.data = std::string(1000, 'x');
  EXPECT_GE(MemorySize(record), plain + 1000);
  record.attributes.push_back({"nested", {ValueList{{Bytes{std::string(5000, 'y')}}}}});
  EXPECT_GE(MemorySize(record), plain + 6000);

  Span span = testing::PlainSpan(1, 1, 1, "");
  const size_t bare = MemorySize(span);
  span.events.push_back({.name = std::string(700, 'e')});
  span.links.push_back({.trace_state = std::string(300, 'l')});
  EXPECT_GE(MemorySize(span), bare + 1000);
}

TEST(MemorySizeTest, SharedOriginsCountOnce) {
  Origin origin = {.scope_name = std::string(10000, 'o')};
  LogRecord record = testing::PlainLog(1, "");
  record.origin = std::make_shared<const Origin>(std::move(origin));
  MemoryCounter counter;
  for (int i = 0; i < 3; ++i) counter.Add(record);
  EXPECT_GE(counter.bytes(), 10000u);
  EXPECT_LT(counter.bytes(), 20000u);
}

}  // namespace
}  // namespace vigil::storage
