// SPDX-License-Identifier: Apache-2.0
//
// What sets of numbers do in general is number_sets_test's.
#include "storage/metrics/block_presence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BlockPresenceTest, RowsTellThePartitionsOfASeries) {
  BlockPresence presence(TenantId{2}, 7);
  for (const int64_t partition_ms : {-100, 0, 100}) presence.Add(partition_ms, 5);
  WriteBatch batch;
  presence.AddRows(&batch);
  BlockPresence restored(TenantId{2}, 7);
  for (const WriteBatch::Entry& row : batch.entries()) {
    EXPECT_OK(restored.Restore(row.key, row.value));
  }
  EXPECT_THAT(restored.PartitionsOf(5, {-50, 150}), ElementsAre(0, 100));
}

TEST(BlockPresenceTest, WhatIsRemovedIsWritten) {
  constexpr TimeRange kEver = {INT64_MIN, INT64_MAX};
  BlockPresence presence(TenantId{2}, 7);
  presence.Add(0, 5);
  presence.Add(0, 6);
  presence.RowsWritten();
  presence.Remove(0, 5);
  presence.Remove(0, 9);    // Was not there.
  presence.Remove(100, 5);  // No such partition.
  EXPECT_THAT(presence.PartitionsOf(5, kEver), IsEmpty());
  WriteBatch batch;
  presence.AddRows(&batch);
  ASSERT_EQ(batch.entries().size(), 1u);
  const WriteBatch::Entry& row = batch.entries().front();
  BlockPresence restored(TenantId{2}, 7);
  EXPECT_OK(restored.Restore(row.key, row.value));
  EXPECT_THAT(restored.PartitionsOf(5, kEver), IsEmpty());
  EXPECT_THAT(restored.PartitionsOf(6, kEver), ElementsAre(0));
}

}  // namespace
}  // namespace vigil::storage
