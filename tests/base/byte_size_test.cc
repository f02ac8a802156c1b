// SPDX-License-Identifier: Apache-2.0
#include "base/byte_size.h"

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil {
namespace {

using ::vigil::testing::StatusIs;

TEST(ByteSizeTest, ReadsWhatPeopleWrite) {
  const std::pair<const char*, uint64_t> cases[] = {
      {"1", 1},
      {"4096", 4096},
      {"12 B", 12},
      {"300MB", 300'000'000},
      {"300 mb", 300'000'000},
      {"300MiB", 300ull << 20},
      {"300M", 300ull << 20},
      {"1.5GiB", 3ull << 29},
      {" 2k ", 2048},
      {"1TB", 1'000'000'000'000},
  };
  for (const auto& [text, bytes] : cases) EXPECT_EQ(*ParseByteSize(text), bytes) << text;
}

TEST(ByteSizeTest, RefusesTheRest) {
  for (const char* text : {"", "MB", "1XB", "1MiBs", "-1", "0", "1.2.3MB", "1e3", "5000000TB"}) {
    EXPECT_THAT(ParseByteSize(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(ByteSizeTest, WritesTheLargestUnit) {
  EXPECT_EQ(FormatByteSize(0), "0 B");
  EXPECT_EQ(FormatByteSize(1023), "1023 B");
  EXPECT_EQ(FormatByteSize(3ull << 29), "1.5 GiB");
}

}  // namespace
}  // namespace vigil
