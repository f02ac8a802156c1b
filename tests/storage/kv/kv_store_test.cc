// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/kv_store.h"

#include <set>

#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::StatusIs;

TEST(FamilyNameTest, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (int i = 0; i < kFamilyCount; ++i) names.insert(FamilyName(static_cast<Family>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(kFamilyCount));
  EXPECT_EQ(FamilyName(Family::kMeta), "meta");
  EXPECT_EQ(FamilyName(Family::kState), "state");
}

TEST(WriteBatchTest, CountsTheBytesItHolds) {
  WriteBatch batch;
  EXPECT_TRUE(batch.empty());
  batch.Put(Family::kState, "key", "value");
  batch.Delete(Family::kState, "k");
  batch.DeleteRange(Family::kState, "aa", "bb");
  EXPECT_EQ(batch.size_bytes(), 8u + 1 + 4);
  EXPECT_EQ(batch.entries().size(), 3u);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.size_bytes(), 0u);
}

TEST(PrefixEndTest, IsTheFirstKeyBehindThePrefix) {
  EXPECT_EQ(PrefixEnd("a"), "b");
  EXPECT_EQ(PrefixEnd("a\xFF"), "b");
  EXPECT_EQ(PrefixEnd("a\x7F"), "a\x80");
  EXPECT_EQ(PrefixEnd("\xFE\xFF\xFF"), "\xFF");
  EXPECT_EQ(PrefixEnd("\xFF\xFF"), "");
  EXPECT_EQ(PrefixEnd(""), "");
}

TEST(ForEachTest, StopsAtTheVisitorsFailure) {
  MemoryStore store;
  WriteBatch batch;
  for (const char* key : {"a", "b", "c"}) batch.Put(Family::kState, key, "");
  ASSERT_OK(store.Write(batch, Durability::kSync));
  int visits = 0;
  const absl::Status status =
      ForEach(store, Family::kState, {}, [&](std::string_view key, std::string_view) {
        ++visits;
        return key == "b" ? absl::CancelledError("enough") : absl::OkStatus();
      });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(visits, 2);
}

}  // namespace
}  // namespace vigil::storage
