// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/unix_nanos.h"

#include <gtest/gtest.h>

namespace vigil::collector {
namespace {

TEST(UnixNanosTest, StaysWithinTheRange) {
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(ToUnixNanos(0), 0);
  EXPECT_EQ(ToUnixNanos(1'767'323'045'000'000'000), 1'767'323'045'000'000'000);
  EXPECT_EQ(ToUnixNanos(kLast), kLast);
  EXPECT_EQ(ToUnixNanos(uint64_t{1} << 63), kLast);
  EXPECT_EQ(ToUnixNanos(std::numeric_limits<uint64_t>::max()), kLast);
}

}  // namespace
}  // namespace vigil::collector
