// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/sort_entries.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Entries = std::vector<std::pair<std::string, std::string>>;

TEST(SortByKeyTest, OfNothingIsNothing) {
  Entries entries;
  SortByKey(&entries);
  EXPECT_THAT(entries, IsEmpty());
}

TEST(SortByKeyTest, OrdersBytesAsUnsignedAndPrefixesFirst) {
  using namespace std::string_literals;
  Entries entries = {{"\xFF", "f"}, {"\x7F", "e"}, {"a\0"s, "d"},
                     {"a", "c"},    {"\x01", "b"}, {"", "a"}};
  SortByKey(&entries);
  EXPECT_THAT(entries, ElementsAre(Pair("", "a"), Pair("\x01", "b"), Pair("a", "c"),
                                   Pair("a\0"s, "d"), Pair("\x7F", "e"), Pair("\xFF", "f")));
}

// Keys of few different bytes, which begin alike to any length, some of them equal.
TEST(SortByKeyTest, OrdersAsComparingWholeKeysDoes) {
  std::mt19937 random(1);  // NOLINT: the same each time.
  for (int round = 0; round < 300; ++round) {
    const std::string prefix(random() % 20, '\xAB');
    const size_t longest = random() % 40;
    Entries entries(random() % 50);
    for (size_t i = 0; i < entries.size(); ++i) {
      std::string& key = entries[i].first;
      key = prefix;
      for (size_t length = random() % (longest + 1); length > 0; --length) {
        key += static_cast<char>(random() % 3 * 0x7F);
      }
      entries[i].second = key + "'s value, longer than what a string holds in itself";
    }
    Entries expected = entries;
    std::sort(expected.begin(), expected.end());
    SortByKey(&entries);
    ASSERT_EQ(entries, expected) << round;
  }
}

}  // namespace
}  // namespace vigil::storage
