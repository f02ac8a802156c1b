// SPDX-License-Identifier: Apache-2.0
#include "storage/series/prefixed_text.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

TEST(PrefixedTextTest, EveryLengthReadsBack) {
  for (const size_t size : {0, 1, 254, 255, 256, 70'000}) {
    const std::string text(size, 't');
    std::string bytes(PrefixedSize(size) + 1, '!');
    WritePrefixed(text, bytes.data());
    EXPECT_EQ(ReadPrefixed(bytes.data()), text);
    EXPECT_EQ(bytes.back(), '!');
  }
}

}  // namespace
}  // namespace vigil::storage
