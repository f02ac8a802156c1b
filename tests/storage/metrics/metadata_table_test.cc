// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metadata_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/record_keys.h"
#include "storage/metrics/metric_payload.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr TenantId kTenant{2};
const MetricMetadata kGauge = {MetricType::kGauge, "s", "help"};
const MetricMetadata kCounter = {MetricType::kCounter, "", ""};

size_t RowCount(MetadataTable& table) {
  WriteBatch batch;
  table.AddRows(kTenant, 1, &batch);
  return batch.entries().size();
}

TEST(MetadataTableTest, LaterReplacesEarlierButNothingDoesNot) {
  MetadataTable table;
  table.Set("b", kGauge);
  table.Set("a", kGauge);
  table.Set("a", kCounter);
  table.Set("b", MetricMetadata());
  table.Set("c", MetricMetadata());
  EXPECT_THAT(table.All(), ElementsAre(Pair("a", kCounter), Pair("b", kGauge)));
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.Get("a"), kCounter);
  EXPECT_EQ(table.Get("c"), MetricMetadata());
}

TEST(MetadataTableTest, RowsOfWhatChanged) {
  MetadataTable table;
  table.Restore("stored", kGauge);
  table.Set("stored", kGauge);
  table.Set("new", kCounter);
  WriteBatch batch;
  table.AddRows(kTenant, 1, &batch);
  ASSERT_EQ(batch.entries().size(), 1u);
  EXPECT_EQ(batch.entries()[0].family, Family::kSeries);
  EXPECT_EQ(batch.entries()[0].key, (MetadataKey{kTenant, 1, "new"}.Encode()));
  ASSERT_OK_AND_ASSIGN(const MetricMetadata row, DecodeMetadata(batch.entries()[0].value));
  EXPECT_EQ(row, kCounter);
}

TEST(MetadataTableTest, RowsAreDueUntilWritten) {
  MetadataTable table;
  table.Set("a", kGauge);
  EXPECT_EQ(RowCount(table), 1u);
  EXPECT_EQ(RowCount(table), 1u);
  table.Set("a", kCounter);  // After its row was added, before that was written.
  table.RowsWritten();
  EXPECT_EQ(RowCount(table), 1u);
  table.RowsWritten();
  EXPECT_EQ(RowCount(table), 0u);
}

}  // namespace
}  // namespace vigil::storage
