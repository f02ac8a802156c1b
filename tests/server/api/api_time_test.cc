// SPDX-License-Identifier: Apache-2.0
#include "server/api/api_time.h"

#include <gtest/gtest.h>

namespace vigil::server {
namespace {

TEST(ApiTimeTest, ZeroIsNever) {
  EXPECT_EQ(ApiTimeText(1767323045123), "2026-01-02T03:04:05.123Z");
  EXPECT_EQ(ApiTimeText(0), "0001-01-01T00:00:00Z");
}

}  // namespace
}  // namespace vigil::server
