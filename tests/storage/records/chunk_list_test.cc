// SPDX-License-Identifier: Apache-2.0
#include "storage/records/chunk_list.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::storage {

struct Item {
  int64_t time_ns;
  std::string text;
};
int64_t TimeOf(const Item& item) { return item.time_ns; }

namespace {

std::vector<Item> Items(int64_t first, size_t count) {
  std::vector<Item> items;
  for (size_t i = 0; i < count; ++i, ++first) items.push_back({first, std::to_string(first)});
  return items;
}

TEST(ChunkListTest, KeepsOrderOverBatchesOfAllSizes) {
  ChunkList<Item> list;
  int64_t next = 0;
  for (const size_t size : {1, 3, 0, 200, 5, 64, 63, 1000, 1}) {
    list.Append(Items(next, size));
    next += static_cast<int64_t>(size);
  }
  EXPECT_EQ(list.size(), static_cast<size_t>(next));
  int64_t expected = 0;
  for (const auto& view : list.views()) {
    EXPECT_EQ(view.min_ns, expected);
    for (const Item& item : view.records) {
      EXPECT_EQ(item.time_ns, expected);
      EXPECT_EQ(item.text, std::to_string(expected++));
    }
    EXPECT_EQ(view.max_ns, expected - 1);
  }
  EXPECT_EQ(expected, next);
}

TEST(ChunkListTest, ViewsStayAsTheyWere) {
  auto list = std::make_unique<ChunkList<Item>>();
  list->Append(Items(0, 2));
  const auto before = list->views();
  for (int i = 0; i < 1000; ++i) list->Append(Items(2 + i, 1));
  list.reset();
  ASSERT_EQ(before.size(), 1u);
  ASSERT_EQ(before[0].records.size(), 2u);
  EXPECT_EQ(before[0].records[1].text, "1");
  EXPECT_EQ(before[0].max_ns, 1);
}

TEST(ChunkListTest, SingleRecordsShareChunks) {
  ChunkList<Item> list;
  for (int i = 0; i < 10000; ++i) list.Append(Items(i, 1));
  EXPECT_LT(list.views().size(), 60u);
}

}  // namespace
}  // namespace vigil::storage
