// SPDX-License-Identifier: Apache-2.0
#include "storage/records/tenant_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "storage/kv/record_keys.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

TEST(TenantScanTest, FindsEachTenantOnce) {
  MemoryStore store;
  WriteBatch batch;
  for (const uint32_t tenant : {0u, 3u, 3u, 0xFFFFFFFFu}) {
    for (const uint64_t stream : {1, 2}) {
      batch.Put(Family::kLogBlocks, LogStreamKey{TenantId{tenant}, 1, stream}.Encode(), "");
    }
  }
  ASSERT_OK(store.Write(batch, Durability::kSync));
  ASSERT_OK_AND_ASSIGN(const std::vector<TenantId> tenants, TenantsIn(store, Family::kLogBlocks));
  EXPECT_THAT(tenants, ::testing::ElementsAre(TenantId{0}, TenantId{3}, TenantId{0xFFFFFFFF}));
  ASSERT_OK_AND_ASSIGN(const std::vector<TenantId> none, TenantsIn(store, Family::kSpanBlocks));
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace vigil::storage
