// SPDX-License-Identifier: Apache-2.0
#include "storage/series/text_arena.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

TEST(TextArenaTest, TextsStayWhereTheyAre) {
  TextArena arena;
  std::vector<std::pair<uint32_t, std::string>> texts;
  size_t bytes = 0;
  for (int i = 0; i < 300; ++i) {
    // Some fill a slab, or more than one.
    const std::string text(i % 37 == 0 ? i * 200 : i, static_cast<char>('a' + i % 26));
    texts.emplace_back(arena.Add(text), text);
    bytes += PrefixedSize(text.size());
  }
  for (const auto& [position, text] : texts) EXPECT_EQ(arena.At(position), text);
  EXPECT_EQ(arena.size_bytes(), bytes);
}

}  // namespace
}  // namespace vigil::storage
