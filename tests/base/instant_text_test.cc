// SPDX-License-Identifier: Apache-2.0
#include "base/instant_text.h"

#include <gtest/gtest.h>

namespace vigil {
namespace {

TEST(InstantTextTest, AsManyDecimalsAsItTakes) {
  EXPECT_EQ(ShortInstantText(1767323045123), "2026-01-02T03:04:05.123Z");
  EXPECT_EQ(ShortInstantText(1767323045120), "2026-01-02T03:04:05.12Z");
  EXPECT_EQ(ShortInstantText(1767323040000), "2026-01-02T03:04:00Z");
  EXPECT_EQ(ShortInstantText(0), "1970-01-01T00:00:00Z");
}

}  // namespace
}  // namespace vigil
