// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/stream_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/fault_store.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/record_keys.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using vigil::testing::StatusIs;

constexpr uint8_t kShard = 2;

Labels Named(std::string_view name) { return Labels({{"name", name}}); }

void PutRow(KeyValueStore& store, uint64_t number, const StreamRow& row) {
  WriteBatch batch;
  batch.Put(Family::kLogBlocks, LogStreamKey{kDefaultTenant, kShard, number}.Encode(),
            row.Encode());
  ASSERT_OK(store.Write(batch, Durability::kSync));
}

TEST(StreamRegistryTest, SameLabelsAreOneStream) {
  MemoryStore store;
  StreamRegistry streams(kShard, &store);
  const auto a = streams.GetOrCreate(kDefaultTenant, Named("a"));
  EXPECT_EQ(streams.GetOrCreate(kDefaultTenant, Named("a")), a);
  EXPECT_NE(streams.GetOrCreate(kDefaultTenant, Named("b")), a);
  EXPECT_NE(streams.GetOrCreate(TenantId{1}, Named("a")), a);
  EXPECT_EQ(streams.Find(kDefaultTenant, a->number()), a);
  EXPECT_EQ(streams.Find(TenantId{7}, 1), nullptr);
}

TEST(StreamRegistryTest, LoadsRowsAndNumbersBeyondThem) {
  MemoryStore store;
  PutRow(store, 6, {.labels = Named("a"), .next_record = 9, .partitions = {4}});
  StreamRegistry streams(kShard, &store);
  ASSERT_OK(streams.Load());
  const auto a = streams.GetOrCreate(kDefaultTenant, Named("a"));
  EXPECT_EQ(a->number(), 6u);
  EXPECT_EQ(a->TakeNumbers(1), 9u);
  EXPECT_EQ(streams.GetOrCreate(kDefaultTenant, Named("b"))->number(), 7u);
}

TEST(StreamRegistryTest, LoadRefusesADamagedRow) {
  MemoryStore store;
  WriteBatch batch;
  batch.Put(Family::kLogBlocks, LogStreamKey{kDefaultTenant, kShard, 4}.Encode(), "\x63");
  ASSERT_OK(store.Write(batch, Durability::kSync));
  StreamRegistry streams(kShard, &store);
  EXPECT_THAT(streams.Load(),
              StatusIs(absl::StatusCode::kDataLoss, ::testing::HasSubstr("log stream 4")));
}

TEST(StreamRegistryTest, DefiningAgainIsFineUnlessItDiffers) {
  MemoryStore store;
  StreamRegistry streams(kShard, &store);
  ASSERT_OK(streams.Define(kDefaultTenant, 3, Named("a")));
  const auto a = streams.Find(kDefaultTenant, 3);
  ASSERT_OK(streams.Define(kDefaultTenant, 3, Named("a")));
  EXPECT_EQ(streams.Find(kDefaultTenant, 3), a);
  EXPECT_THAT(streams.Define(kDefaultTenant, 3, Named("b")), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(streams.GetOrCreate(kDefaultTenant, Named("b"))->number(), 4u);
}

TEST(StreamRegistryTest, MatchesAreSortedByLabels) {
  MemoryStore store;
  StreamRegistry streams(kShard, &store);
  for (const char* name : {"c", "a", "d", "b"}) streams.GetOrCreate(kDefaultTenant, Named(name));
  std::vector<std::string> names;
  for (const auto& stream : streams.Match(kDefaultTenant, {Matcher::NotEqual("name", "d")})) {
    names.emplace_back(stream->labels().Get("name"));
  }
  EXPECT_THAT(names, ::testing::ElementsAre("a", "b", "c"));
}

TEST(StreamRegistryTest, EmptyStreamsGoUnlessHeld) {
  MemoryStore store;
  PutRow(store, 1, {.labels = Named("empty")});
  PutRow(store, 2, {.labels = Named("has blocks"), .partitions = {0}});
  StreamRegistry streams(kShard, &store);
  ASSERT_OK(streams.Load());
  auto held = streams.GetOrCreate(kDefaultTenant, Named("held"));
  ASSERT_OK(streams.RemoveEmpty());
  EXPECT_EQ(streams.Find(kDefaultTenant, 1), nullptr);
  EXPECT_NE(streams.Find(kDefaultTenant, 2), nullptr);
  EXPECT_NE(streams.Find(kDefaultTenant, 3), nullptr);
  held.reset();
  ASSERT_OK(streams.RemoveEmpty());
  EXPECT_EQ(streams.Find(kDefaultTenant, 3), nullptr);

  StreamRegistry reloaded(kShard, &store);
  ASSERT_OK(reloaded.Load());
  EXPECT_EQ(reloaded.All().size(), 1u);
  EXPECT_EQ(reloaded.GetOrCreate(kDefaultTenant, Named("empty"))->number(), 4u);
}

TEST(StreamRegistryTest, RemovalThatFailsIsTriedAgain) {
  ASSERT_OK_AND_ASSIGN(const auto store, FaultStore::Wrap(std::make_unique<MemoryStore>()));
  PutRow(*store, 1, {.labels = Named("empty")});
  StreamRegistry streams(kShard, store.get());
  ASSERT_OK(streams.Load());
  store->FailAt(FaultStore::Operation::kWrite, 1, absl::UnavailableError("no"));
  EXPECT_THAT(streams.RemoveEmpty(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_NE(streams.Find(kDefaultTenant, 1), nullptr);
  ASSERT_OK(streams.RemoveEmpty());
  EXPECT_EQ(streams.Find(kDefaultTenant, 1), nullptr);
}

}  // namespace
}  // namespace vigil::storage
