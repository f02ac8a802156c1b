// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/series_rows.h"

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/index_keys.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/record_keys.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::vigil::testing::StatusIs;

constexpr TenantId kTenant{2};
constexpr uint8_t kShard = 7;

Labels LabelsOf(uint32_t number) { return {{kMetricName, "m"}, {"id", fmt::format("{}", number)}}; }

class SeriesRowsTest : public ::testing::Test {
 protected:
  void Write(uint32_t first, uint32_t last) {
    WriteBatch batch;
    SeriesRowWriter writer(&store_, kTenant, kShard, &sequence_, &batch, [this] {
      ++ingests_;
      return before_ingest_;
    });
    for (uint32_t number = first; number <= last; ++number) {
      ASSERT_OK(writer.Add(number, LabelsOf(number)));
    }
    ASSERT_OK(writer.Finish());
    ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  }
  void Put(std::string key, std::string value) {
    WriteBatch batch;
    batch.Put(Family::kSeries, std::move(key), std::move(value));
    ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  }
  // Of a row that leads from the labels of one series to another.
  static std::string HashKey(uint32_t labels_of, uint32_t number) {
    return LabelsHashKey{kTenant, kShard, LabelsOf(labels_of).Hash(), number}.Encode();
  }
  size_t RowsIn(Family family) {
    size_t rows = 0;
    EXPECT_OK(ForEach(store_, family, {}, [&rows](std::string_view, std::string_view) {
      ++rows;
      return absl::OkStatus();
    }));
    return rows;
  }

  MemoryStore store_;
  uint64_t sequence_ = 1;
  int ingests_ = 0;
  absl::Status before_ingest_;
  SeriesRows rows_{&store_, kTenant, kShard};
};

TEST_F(SeriesRowsTest, LabelsAndNumbersLeadToEachOther) {
  Write(1, 3);
  Write(65'000, 75'000);  // Some in the batch, some ingested.
  EXPECT_EQ(ingests_, 1);
  for (const uint32_t number : {1u, 3u, 65'000u, 65'535u, 65'536u, 75'000u}) {
    ASSERT_OK_AND_ASSIGN(const std::optional<Labels> labels, rows_.LabelsOf(number));
    EXPECT_EQ(labels, LabelsOf(number));
    ASSERT_OK_AND_ASSIGN(const std::optional<uint32_t> found, rows_.Find(LabelsOf(number)));
    EXPECT_EQ(found, number);
  }
  ASSERT_OK_AND_ASSIGN(const std::optional<Labels> labels, rows_.LabelsOf(4));
  EXPECT_EQ(labels, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const std::optional<uint32_t> number, rows_.Find(LabelsOf(4)));
  EXPECT_EQ(number, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const auto some,
                       rows_.LabelsOf(SeriesSet::bitmapOf(5, 2, 3, 4, 64'999, 65'000)));
  ASSERT_EQ(some.size(), 3u);
  EXPECT_EQ(some[2].first, 65'000u);
  EXPECT_EQ(some[2].second, LabelsOf(65'000));
}

TEST_F(SeriesRowsTest, WritingAgainChangesNothing) {
  Write(1, 3);
  const size_t rows = RowsIn(Family::kSeries);
  Write(1, 3);
  EXPECT_EQ(RowsIn(Family::kSeries), rows);
  ASSERT_OK_AND_ASSIGN(const std::optional<uint32_t> number, rows_.Find(LabelsOf(2)));
  EXPECT_EQ(number, 2u);
}

TEST_F(SeriesRowsTest, SeriesOfOneHashAreToldApartByTheirLabels) {
  Write(1, 2);
  // As if the labels of both, and of one that is gone, had the hash of the second.
  Put(HashKey(2, 1), "");
  Put(HashKey(2, 99), "");
  for (const uint32_t number : {1u, 2u}) {
    ASSERT_OK_AND_ASSIGN(const std::optional<uint32_t> found, rows_.Find(LabelsOf(number)));
    EXPECT_EQ(found, number);
  }
  WriteBatch batch;
  ASSERT_OK(rows_.AddRemoval(2, &batch));
  ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  ASSERT_OK_AND_ASSIGN(const std::optional<uint32_t> gone, rows_.Find(LabelsOf(2)));
  EXPECT_EQ(gone, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const auto other, store_.Get(Family::kSeries, HashKey(2, 99)));
  EXPECT_TRUE(other.has_value());
}

TEST_F(SeriesRowsTest, NothingIsIngestedBeforeWhatItStandsOnIsDurable) {
  before_ingest_ = absl::UnavailableError("not now");
  WriteBatch batch;
  SeriesRowWriter writer(&store_, kTenant, kShard, &sequence_, &batch,
                         [this] { return before_ingest_; });
  for (uint32_t number = 1; number <= 20'000; ++number) {
    ASSERT_OK(writer.Add(number, LabelsOf(number)));
  }
  EXPECT_THAT(writer.Finish(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(RowsIn(Family::kSeries) + RowsIn(Family::kPostings), 0u);
}

TEST_F(SeriesRowsTest, RemovalLeavesNothing) {
  Write(1, 5);
  WriteBatch batch;
  for (uint32_t number = 1; number <= 6; ++number) ASSERT_OK(rows_.AddRemoval(number, &batch));
  ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  EXPECT_EQ(RowsIn(Family::kSeries), 0u);
  EXPECT_GT(RowsIn(Family::kPostings), 0u);
  ASSERT_OK(rows_.DropPostings(0));
  EXPECT_EQ(RowsIn(Family::kPostings), 0u);
}

TEST_F(SeriesRowsTest, DamageCostsOnlyItself) {
  Write(1, 3);
  Put(SeriesKey{kTenant, kShard, 2}.Encode(), "\x05");
  Put(LabelsHashKey::Prefix(kTenant, kShard, LabelsOf(3).Hash()) + "odd", "");
  Put(HashKey(3, 3), "odd");
  EXPECT_THAT(rows_.LabelsOf(2), StatusIs(absl::StatusCode::kDataLoss));
  ASSERT_OK_AND_ASSIGN(const auto some, rows_.LabelsOf(SeriesSet::bitmapOf(3, 1, 2, 3)));
  EXPECT_EQ(some.size(), 2u);
  ASSERT_OK_AND_ASSIGN(const std::optional<uint32_t> lost, rows_.Find(LabelsOf(2)));
  EXPECT_EQ(lost, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const std::optional<uint32_t> found, rows_.Find(LabelsOf(3)));
  EXPECT_EQ(found, 3u);
  for (const uint32_t number : {2, 3}) {
    WriteBatch batch;
    EXPECT_OK(rows_.AddRemoval(number, &batch));
  }
}

}  // namespace
}  // namespace vigil::storage
