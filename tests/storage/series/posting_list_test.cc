// SPDX-License-Identifier: Apache-2.0
#include "storage/series/posting_list.h"

#include <random>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;

std::vector<uint32_t> Members(const PostingList& list) {
  SeriesSet set;
  list.AddTo(&set);
  return {set.begin(), set.end()};
}

TEST(PostingListTest, OneManyAndNone) {
  PostingList list;
  EXPECT_TRUE(list.empty());
  list.Add(7);
  list.Add(7);
  EXPECT_EQ(list.size(), 1u);
  list.Add(9);
  EXPECT_EQ(list.size(), 2u);
  list.Remove(7);
  EXPECT_THAT(Members(list), ElementsAre(9));
  list.Remove(8);
  EXPECT_FALSE(list.empty());
  list.Remove(9);
  EXPECT_TRUE(list.empty());
}

TEST(PostingListTest, MovesWithItsMembers) {
  for (const uint32_t count : {0, 1, 5, 500}) {
    PostingList list;
    for (uint32_t number = 1; number <= count; ++number) list.Add(number);
    PostingList moved = std::move(list);
    EXPECT_EQ(moved.size(), count);
    moved = PostingList();
    EXPECT_TRUE(moved.empty());
  }
}

TEST(PostingListTest, AnySequenceIsASets) {
  constexpr uint32_t kSeed = 90125;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  for (const uint32_t range : {2, 6, 90, 200'000}) {
    PostingList list;
    std::set<uint32_t> model;
    for (int phase = 0; phase < 6; ++phase) {
      // Growing and shrinking by turns, over all the forms that a list takes.
      for (int step = 0; step < 400; ++step) {
        const uint32_t number = random() % 8 == 0 ? 0xFFFFFFFF : 1 + random() % range;
        if (static_cast<int>(random() % 10) < (phase % 2 == 0 ? 8 : 2)) {
          list.Add(number);
          model.insert(number);
        } else {
          const uint32_t victim = model.empty() || random() % 4 == 0 ? number : *model.begin();
          list.Remove(victim);
          model.erase(victim);
        }
        ASSERT_EQ(list.size(), model.size());
        ASSERT_EQ(list.empty(), model.empty());
      }
      ASSERT_EQ(Members(list), std::vector<uint32_t>(model.begin(), model.end()));
      SeriesSet probe;
      for (int i = 0; i < 3; ++i) {
        const uint32_t number = 1 + random() % range;
        probe.add(number);
        ASSERT_EQ(list.Intersects(SeriesSet::bitmapOf(1, number)), model.contains(number));
        SeriesSet kept = SeriesSet::bitmapOf(2, number, number + 1);
        list.Keep(&kept);
        ASSERT_EQ(kept.cardinality(), model.count(number) + model.count(number + 1));
      }
    }
  }
}

}  // namespace
}  // namespace vigil::storage
