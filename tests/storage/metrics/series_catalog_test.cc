// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/series_catalog.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "storage/limits/series_limits.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::vigil::testing::StatusIs;

constexpr uint32_t kShard = 5;
constexpr TenantId kTenant{1};

Labels Named(const std::string& name) { return {{kMetricName, name}}; }

class SeriesCatalogTest : public ::testing::Test {
 protected:
  static LimitSettings Settings() {
    LimitSettings settings;
    settings.defaults.max_series = 3;
    return settings;
  }
  uint32_t Get(const std::string& name, TenantId tenant = kTenant) {
    return catalog_.GetOrCreate(tenant, Named(name), {}).value();
  }
  std::vector<uint32_t> Undefined(const MetricBatch& batch, TenantId tenant = kTenant) {
    std::vector<uint32_t> numbers;
    for (const SeriesDefinition& series : catalog_.Undefined(tenant, batch)) {
      numbers.push_back(series.number);
    }
    return numbers;
  }

  MemoryStore store_;
  LimitBook book_{Settings(), [](TenantId) { return ""; }};
  SeriesLimits limits_{&book_};
  SeriesCatalog catalog_{kShard, {.limits = &limits_}, &store_};
};

TEST_F(SeriesCatalogTest, NumbersAreTheShards) {
  EXPECT_EQ(Get("a"), 1u);
  EXPECT_EQ(Get("a", TenantId{2}), 64u);
  EXPECT_EQ(Get("a"), 1u);
  EXPECT_EQ(Get("b"), 2u);
  EXPECT_EQ(catalog_.next_number(), 128u);
}

TEST_F(SeriesCatalogTest, LimitIsEachTenantsOwn) {
  for (const char* name : {"a", "b", "c"}) Get(name);
  EXPECT_THAT(catalog_.GetOrCreate(kTenant, Named("d"), {}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("the tenant has 3 series; the limit (limits.max_series) is 3")));
  EXPECT_OK(catalog_.GetOrCreate(kTenant, Named("a"), {}));
  EXPECT_OK(catalog_.GetOrCreate(TenantId{2}, Named("d"), {}));
  EXPECT_THAT(catalog_.GetOrCreate(kTenant, {{"a", "b"}}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(SeriesCatalogTest, EvictedSeriesMakeRoomUntilTheyComeBack) {
  const uint32_t first = Get("a");
  for (const char* name : {"b", "c"}) Get(name);
  TenantSeries& series = *catalog_.Find(kTenant);
  uint64_t sequence = 1;
  WriteBatch batch;
  SeriesRowWriter writer(&store_, kTenant, kShard, &sequence, &batch,
                         [] { return absl::OkStatus(); });
  ASSERT_OK(writer.Add(first, Named("a")));
  ASSERT_OK(writer.Finish());
  ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  catalog_.states().Set(first, kSeriesStored);
  WriteBatch dead;
  catalog_.Bury(&series, SeriesSet::bitmapOf(1, first), &dead);
  EXPECT_OK(catalog_.GetOrCreate(kTenant, Named("d"), {}));
  EXPECT_EQ(limits_.SeriesOf(kTenant), 3u);
  // What is back is there, though it is one too many.
  const std::vector<SeriesIndex::Presence> back = {{first, 2000}, {first, 3000}};
  catalog_.Mark(kTenant, back);
  EXPECT_EQ(limits_.SeriesOf(kTenant), 4u);
  EXPECT_THAT(catalog_.GetOrCreate(kTenant, Named("e"), {}),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(SeriesCatalogTest, RestoredSeriesCountOnce) {
  ASSERT_OK(catalog_.Restore(kTenant, 7, Named("a"), /*stored=*/true));
  ASSERT_OK(catalog_.Restore(kTenant, 7, Named("a"), /*stored=*/false));
  EXPECT_EQ(limits_.SeriesOf(kTenant), 1u);
}

TEST_F(SeriesCatalogTest, RunsOutOfNumbersWithAMessage) {
  catalog_.RaiseNextNumber(kMaxSeriesNumber);
  EXPECT_EQ(Get("a"), kMaxSeriesNumber);
  EXPECT_THAT(catalog_.GetOrCreate(kTenant, Named("b"), {}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("shard 5")));
}

TEST_F(SeriesCatalogTest, DefinesEachSeriesOfABatchOnceUntilJournaled) {
  MetricBatch batch;
  for (const char* name : {"b", "a", "b"}) batch.Add(MakeSeriesRef(kShard, Get(name)), 0, 0);
  batch.histograms.push_back(
      {MakeSeriesRef(kShard, Get("c")), 0, std::make_shared<const Histogram>()});
  EXPECT_THAT(Undefined(batch), ElementsAre(Get("a"), Get("b"), Get("c")));
  EXPECT_THAT(Undefined(batch), ElementsAre(Get("a"), Get("b"), Get("c")));
  MetricBatch part;
  part.Add(MakeSeriesRef(kShard, Get("b")), 0, 0);
  catalog_.MarkJournaled(part);
  EXPECT_THAT(Undefined(batch), ElementsAre(Get("a"), Get("c")));
  catalog_.MarkJournaled(batch);
  EXPECT_THAT(Undefined(batch), IsEmpty());
}

TEST_F(SeriesCatalogTest, DefinitionsCarryMetadata) {
  const MetricMetadata gauge = {MetricType::kGauge, "s", "help"};
  ASSERT_OK_AND_ASSIGN(const uint32_t number, catalog_.GetOrCreate(kTenant, Named("a"), gauge));
  MetricBatch batch;
  batch.Add(MakeSeriesRef(kShard, number), 0, 0);
  EXPECT_THAT(catalog_.Undefined(kTenant, batch),
              ElementsAre(SeriesDefinition{number, Named("a"), gauge}));
}

TEST_F(SeriesCatalogTest, RestoreIsIdempotentAndRaisesTheNextNumber) {
  EXPECT_OK(catalog_.Restore(kTenant, 9, Named("a"), /*stored=*/false));
  EXPECT_OK(catalog_.Restore(kTenant, 9, Named("a"), /*stored=*/true));
  EXPECT_TRUE(catalog_.states().Has(9, kSeriesKnown | kSeriesJournaled | kSeriesStored));
  EXPECT_EQ(Get("b"), 10u);
  EXPECT_THAT(catalog_.Restore(kTenant, 9, Named("c"), false),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(catalog_.Restore(kTenant, 11, Named("a"), false),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(catalog_.Restore(TenantId{2}, 9, Named("a"), false),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(catalog_.Find(TenantId{3}), nullptr);
}

TEST_F(SeriesCatalogTest, OnlySeriesWithRowsAreEvicted) {
  const uint32_t number = Get("a");
  TenantSeries& series = *catalog_.Find(kTenant);
  series.recent.Note(number, 0);
  series.recent.Note(Get("b"), int64_t{1} << 40);
  catalog_.EvictExpired(&series);
  EXPECT_TRUE(series.index.Contains(number));
}

TEST_F(SeriesCatalogTest, SeriesThatAreNotInMemoryKeepTheirNumber) {
  uint64_t sequence = 1;
  WriteBatch batch;
  SeriesRowWriter writer(&store_, kTenant, kShard, &sequence, &batch,
                         [] { return absl::OkStatus(); });
  const uint32_t number = Get("a");
  const uint32_t other = Get("b");
  ASSERT_OK(writer.Add(number, Named("a")));
  ASSERT_OK(writer.Finish());
  ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  catalog_.states().Set(number, kSeriesStored);
  TenantSeries& series = *catalog_.Find(kTenant);
  const auto age = [&](int64_t now_ms) {
    series.recent.Note(number, 0);
    series.recent.Note(other, now_ms);
    catalog_.EvictExpired(&series);
    return !series.index.Contains(number);
  };
  ASSERT_TRUE(age(int64_t{1} << 40));
  ASSERT_OK_AND_ASSIGN(const std::optional<Labels> labels, SeriesCatalog::LabelsOf(series, number));
  EXPECT_EQ(labels, Named("a"));
  EXPECT_EQ(Get("a"), number);
  EXPECT_TRUE(series.index.Contains(number));
  ASSERT_TRUE(age(int64_t{1} << 41));
  const SeriesIndex::Presence mark = {number, 0};
  catalog_.Mark(kTenant, {&mark, 1});
  EXPECT_EQ(series.index.LabelsOf(number), Named("a"));
}

TEST_F(SeriesCatalogTest, TheDeadGoUnlessTheyAreHeldOrBack) {
  uint64_t sequence = 1;
  WriteBatch batch;
  SeriesRowWriter writer(&store_, kTenant, kShard, &sequence, &batch,
                         [] { return absl::OkStatus(); });
  for (const uint32_t number : {1, 2, 3}) {
    ASSERT_OK(writer.Add(number, Named(std::string(number, 'n'))));
  }
  ASSERT_OK(writer.Finish());
  ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  TenantSeries& series = catalog_.FindOrCreate(kTenant);
  WriteBatch dead;
  catalog_.Bury(&series, SeriesSet::bitmapOf(3, 1, 2, 3), &dead);
  EXPECT_EQ(dead.entries().size(), 1u);
  EXPECT_EQ(Get("n"), 1u);
  series.index.AddPartition(0, SeriesSet::bitmapOf(1, 2));
  ASSERT_OK(catalog_.RemoveSomeDead(&series));
  for (const uint32_t number : {1, 2, 3}) {
    ASSERT_OK_AND_ASSIGN(const std::optional<Labels> labels, series.rows.LabelsOf(number));
    EXPECT_EQ(labels.has_value(), number != 3) << number;
  }
  const SeriesSet left = series.dead.At(0);
  EXPECT_THAT(std::vector<uint32_t>(left.begin(), left.end()), ElementsAre(1));
}

TEST_F(SeriesCatalogTest, LearnsAnewWithoutForgettingWhatHasNoRow) {
  Get("a");
  TenantSeries& series = *catalog_.Find(kTenant);
  series.seen.Add(Named("gone"));
  series.seen.NoteRemoved(1'000'000);
  ASSERT_OK_AND_ASSIGN(const bool more, catalog_.LearnSeen(std::numeric_limits<int64_t>::max()));
  EXPECT_FALSE(more);
  EXPECT_TRUE(series.seen.MayContain(Named("a")));
  EXPECT_FALSE(series.seen.MayContain(Named("gone")));
}

}  // namespace
}  // namespace vigil::storage
