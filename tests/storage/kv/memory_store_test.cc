// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/memory_store.h"

#include <gtest/gtest.h>

#include "tests/storage/kv/kv_conformance.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::StatusIs;

INSTANTIATE_TEST_SUITE_P(
    Memory, KvConformanceTest,
    ::testing::Values(KvCase{
        .name = "Store",
        .open = [](const std::string&) -> absl::StatusOr<std::unique_ptr<KeyValueStore>> {
          return std::make_unique<MemoryStore>();
        }}),
    KvCaseName);

TEST(MemoryStoreTest, CopiesGoTheirOwnWays) {
  MemoryStore store;
  WriteBatch batch;
  batch.Put(Family::kState, "a", "1");
  ASSERT_OK(store.Write(batch, Durability::kSync));
  const auto copy = store.Copy();
  batch.Put(Family::kState, "b", "1");
  ASSERT_OK(store.Write(batch, Durability::kSync));
  batch.Clear();
  batch.Put(Family::kState, "a", "2");
  ASSERT_OK(copy->Write(batch, Durability::kSync));
  EXPECT_EQ(Dump(store, Family::kState), "a=1 b=1");
  EXPECT_EQ(Dump(*copy, Family::kState), "a=2");
}

TEST(MemoryStoreTest, HasNoCheckpoint) {
  EXPECT_THAT(MemoryStore().Checkpoint("somewhere"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace vigil::storage
