// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_partitions.h"

#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "storage/kv/record_keys.h"
#include "storage/spans/span_block.h"
#include "storage/spans/trace_index.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

constexpr uint8_t kShard = 1;

void PutBlock(KeyValueStore& store, const SpanBlockKey& key) {
  const Span span = testing::PlainSpan(1, 1, key.partition_start_ns, "");
  const std::vector<const Span*> rows = {&span};
  WriteBatch batch;
  batch.Put(Family::kSpanBlocks, key.Encode(), EncodeSpanBlock(rows));
  AddTraceIndex(key, rows, &batch);
  ASSERT_OK(store.Write(batch, Durability::kSync));
}

int Count(KeyValueStore& store, Family family) {
  int count = 0;
  EXPECT_OK(ForEach(store, family, KeyRange(), [&](std::string_view, std::string_view) {
    ++count;
    return absl::OkStatus();
  }));
  return count;
}

TEST(SpanPartitionsTest, FindsTheHighestSequenceOfItsShard) {
  MemoryStore store;
  PutBlock(store, {TenantId{0}, kShard, -100, 40});
  PutBlock(store, {TenantId{0}, kShard, 100, 3});
  PutBlock(store, {TenantId{7}, kShard, 100, 41});
  PutBlock(store, {TenantId{7}, kShard + 1, 100, 99});
  SpanPartitions partitions(kShard, &store);
  ASSERT_OK_AND_ASSIGN(const uint64_t highest, partitions.Load());
  EXPECT_EQ(highest, 41u);
  MemoryStore empty;
  SpanPartitions none(kShard, &empty);
  ASSERT_OK_AND_ASSIGN(const uint64_t lowest, none.Load());
  EXPECT_EQ(lowest, 0u);
}

TEST(SpanPartitionsTest, DropsOnlyOldOnesOfItsShard) {
  MemoryStore store;
  PutBlock(store, {TenantId{0}, kShard, -100, 1});
  PutBlock(store, {TenantId{0}, kShard, 100, 2});
  PutBlock(store, {TenantId{7}, kShard, 0, 3});
  PutBlock(store, {TenantId{7}, kShard + 1, 0, 4});
  SpanPartitions partitions(kShard, &store);
  ASSERT_OK(partitions.Load());
  ASSERT_OK(partitions.DropBefore(100, 0));
  EXPECT_EQ(Count(store, Family::kSpanBlocks), 2);
  EXPECT_EQ(Count(store, Family::kTraceIndex), 2);
}

TEST(SpanPartitionsTest, PartitionOfAFlushUnderWayIsDroppedLater) {
  MemoryStore store;
  SpanPartitions partitions(kShard, &store);
  ASSERT_OK(partitions.Load());
  partitions.Add(TenantId{0}, {0}, 2);
  ASSERT_OK(partitions.DropBefore(100, 1));
  PutBlock(store, {TenantId{0}, kShard, 0, 1});
  ASSERT_OK(partitions.DropBefore(100, 2));
  EXPECT_EQ(Count(store, Family::kSpanBlocks), 0);
  // Forgotten by now, so that nothing is scanned for it again.
  PutBlock(store, {TenantId{0}, kShard, 0, 2});
  ASSERT_OK(partitions.DropBefore(100, 2));
  EXPECT_EQ(Count(store, Family::kSpanBlocks), 1);
}

}  // namespace
}  // namespace vigil::storage
