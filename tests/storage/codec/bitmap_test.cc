// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/bitmap.h"

#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

TEST(Bitmap, EqualHoweverItWasMade) {
  for (const size_t size : {0, 1, 63, 64, 65, 200}) {
    Bitmap pushed;
    for (size_t i = 0; i < size; ++i) pushed.PushBack(i % 3 == 0);
    Bitmap set(size);
    for (size_t i = 0; i < size; i += 3) set.Set(i);
    EXPECT_EQ(pushed, set);
    EXPECT_EQ(set.Count(), (size + 2) / 3);
    EXPECT_EQ(~~set, set);
    EXPECT_EQ((~set).Count(), size - set.Count());
    const std::string_view bytes(reinterpret_cast<const char*>(set.words().data()),
                                 set.words().size() * 8);
    EXPECT_EQ(Bitmap::FromBytes(bytes, size), set);
  }
}

TEST(Bitmap, BitsBehindTheEndNeverCount) {
  const Bitmap all(70, true);
  EXPECT_EQ(all.Count(), 70u);
  EXPECT_TRUE(all.All());
  EXPECT_TRUE((~all).None());
  EXPECT_EQ(Bitmap::FromBytes("\xFF", 3), Bitmap(3, true));
}

TEST(Bitmap, VisitsSetBitsInOrder) {
  Bitmap bits(130);
  std::vector<size_t> visited;
  for (const size_t i : {0, 63, 64, 129}) bits.Set(i);
  bits.ForEachSet([&](size_t i) { visited.push_back(i); });
  EXPECT_EQ(visited, (std::vector<size_t>{0, 63, 64, 129}));
}

}  // namespace
}  // namespace vigil::storage
