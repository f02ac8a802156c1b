// SPDX-License-Identifier: Apache-2.0
//
// What users of a shard of metrics rely on, each by itself. Whether all of it holds together is
// metric_shard_model_test's.
#include "storage/metrics/metric_shard.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/index_keys.h"
#include "storage/kv/keys.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/record_keys.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::vigil::testing::StatusIs;

constexpr uint32_t kShard = 5;
constexpr TenantId kTenant{1};
constexpr TimeRange kEver = {INT64_MIN, INT64_MAX};

Labels Named(const std::string& name) { return {{kMetricName, name}}; }
std::vector<Matcher> OfMetric(const std::string& name) {
  return {Matcher::Equal(std::string(kMetricName), name)};
}

class MetricShardTest : public ::testing::Test {
 protected:
  MetricShardTest() { Reopen(); }

  void Reopen() {
    MetricOptions options;
    options.partition_ms = 1000;
    options.hot_window_ms = 3000;
    shard_ = MetricShard::Create(kShard, &store_, options);
    ASSERT_OK(shard_->Load());
  }

  SeriesRef Ref(const std::string& name, const MetricMetadata& metadata = {}) {
    return shard_->GetOrCreate(kTenant, Named(name), metadata).value();
  }

  // Returns the journal entry.
  std::string Append(SeriesRef ref, int64_t time_ms, double value) {
    MetricBatch batch;
    batch.Add(ref, time_ms, value);
    std::string payload;
    shard_->Encode(kTenant, batch, &payload);
    shard_->Apply(kTenant, batch);
    return payload;
  }

  void Flush() {
    shard_->Seal();
    WriteBatch batch;
    ASSERT_OK(shard_->WriteSealed(&batch));
    ASSERT_OK(store_.Write(batch, Durability::kNoSync));
    shard_->DropSealed();
  }

  std::vector<std::string> Select(TimeRange range = kEver) {
    std::vector<std::string> names;
    const auto selected = shard_->NewQuerier(kTenant)->Select({}, range);
    EXPECT_OK(selected);
    for (const SeriesHandle& handle : *selected) names.push_back(handle.labels.ToString());
    return names;
  }

  std::vector<int64_t> Times(SeriesRef ref, TimeRange range = kEver) {
    SampleColumns columns;
    EXPECT_OK(shard_->NewQuerier(kTenant)->Read(ref, range, &columns));
    return columns.times_ms;
  }

  bool HasRow(SeriesRef ref) {
    const SeriesKey key = {kTenant, kShard, NumberOf(ref)};
    return store_.Get(Family::kSeries, key.Encode()).value().has_value();
  }

  size_t RowsIn(Family family) {
    size_t rows = 0;
    EXPECT_OK(ForEach(store_, family, {}, [&rows](std::string_view, std::string_view) {
      ++rows;
      return absl::OkStatus();
    }));
    return rows;
  }

  size_t PresenceRows() {
    size_t rows = 0;
    const std::string prefix = NumbersKey::Prefix(kTenant, kShard, NumberKind::kBlocks);
    EXPECT_OK(ForEach(store_, Family::kPostings, PrefixRange(prefix),
                      [&rows](std::string_view, std::string_view) {
                        ++rows;
                        return absl::OkStatus();
                      }));
    return rows;
  }

  MemoryStore store_;
  std::unique_ptr<MetricShard> shard_;
};

TEST_F(MetricShardTest, RefsNameTheShard) {
  EXPECT_EQ(ShardOf(Ref("a")), kShard);
  EXPECT_EQ(Ref("a"), Ref("a"));
  EXPECT_NE(Ref("a"), Ref("b"));
  EXPECT_THAT(shard_->GetOrCreate(kTenant, {{"x", "y"}}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(MetricShardTest, ReadOfAForeignRefIsRefused) {
  Append(Ref("a"), 10, 1);
  SampleColumns columns;
  EXPECT_THAT(shard_->NewQuerier(kTenant)->Read(MakeSeriesRef(kShard + 1, 1), kEver, &columns),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(shard_->NewQuerier(TenantId{9})->Read(Ref("a"), kEver, &columns),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(MetricShardTest, TenantsDoNotSeeEachOther) {
  Append(Ref("a"), 10, 1);
  const auto querier = shard_->NewQuerier(TenantId{9});
  ASSERT_OK_AND_ASSIGN(const auto series, querier->Select({}, kEver));
  EXPECT_THAT(series, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto names, querier->LabelNames({}, kEver));
  EXPECT_THAT(names, IsEmpty());
}

TEST_F(MetricShardTest, LabelQueries) {
  Append(Ref("a"), 10, 1);
  Append(Ref("b"), 1010, 1);
  const auto querier = shard_->NewQuerier(kTenant);
  const std::string name(kMetricName);
  ASSERT_OK_AND_ASSIGN(const auto names, querier->LabelNames({}, kEver));
  EXPECT_THAT(names, ElementsAre(name));
  ASSERT_OK_AND_ASSIGN(const auto all, querier->LabelValues(name, {}, kEver));
  EXPECT_THAT(all, ElementsAre("a", "b"));
  ASSERT_OK_AND_ASSIGN(const auto early, querier->LabelValues(name, {}, {0, 999}));
  EXPECT_THAT(early, ElementsAre("a"));
  ASSERT_OK_AND_ASSIGN(const auto matching,
                       querier->LabelValues(name, {Matcher::NotEqual(name, "a")}, kEver));
  EXPECT_THAT(matching, ElementsAre("b"));
}

TEST_F(MetricShardTest, EntriesWrittenAtTheSameTimeBothDefineTheSeries) {
  MetricBatch first;
  first.Add(Ref("a"), 10, 1);
  MetricBatch second;
  second.Add(Ref("a"), 20, 2);
  std::string entries[3];
  shard_->Encode(kTenant, first, &entries[0]);
  shard_->Encode(kTenant, second, &entries[1]);
  shard_->Apply(kTenant, first);
  shard_->Apply(kTenant, second);
  entries[2] = Append(Ref("a"), 30, 3);
  EXPECT_LT(entries[2].size(), entries[1].size());

  // Either may have come first, and one alone.
  for (const std::vector<int>& order : std::vector<std::vector<int>>{{0, 1, 2}, {1, 0, 2}, {1}}) {
    Reopen();
    for (const int entry : order) ASSERT_OK(shard_->Replay(kTenant, entries[entry]));
    EXPECT_EQ(Times(Ref("a")).size(), order.size());
  }
}

TEST_F(MetricShardTest, ReplayOfHostileBytesIsDataLoss) {
  const std::string entry = Append(Ref("a"), 10, 1);
  Reopen();
  EXPECT_THAT(shard_->Replay(kTenant, entry.substr(1)), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(shard_->Replay(kTenant, ""), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(MetricShardTest, ReplaySkipsSamplesThatNothingDefines) {
  const SeriesRef ref = Ref("a");
  Append(ref, 10, 1);
  const std::string undefined = Append(ref, 20, 2);
  Reopen();
  EXPECT_OK(shard_->Replay(kTenant, undefined));
  EXPECT_THAT(Select(), IsEmpty());
  Flush();
}

TEST_F(MetricShardTest, NumbersAreNotUsedAgain) {
  Append(Ref("a"), 10, 1);
  Flush();
  Append(Ref("b"), 10'010, 1);
  ASSERT_OK(shard_->DropBefore(5000));  // Takes "a" with it,
  for (int i = 0; i < 3; ++i) Flush();  // and its row.
  const SeriesRef last = Ref("b");
  Reopen();
  EXPECT_GT(NumberOf(Ref("c")), NumberOf(last));
}

TEST_F(MetricShardTest, RetentionDropsPartitionsAndWhatIsOnlyInThem) {
  const SeriesRef a = Ref("a");
  const SeriesRef b = Ref("b");
  Append(a, 10, 1);
  Append(b, 20, 1);
  Append(b, 1020, 1);
  Flush();
  EXPECT_EQ(RowsIn(Family::kBlocks), 3u);
  ASSERT_OK(shard_->DropBefore(1999));  // Partition [1000, 2000) has not ended.
  EXPECT_THAT(Select(), ElementsAre("b"));
  EXPECT_THAT(Times(a), IsEmpty());
  EXPECT_THAT(Times(b), ElementsAre(1020));
  EXPECT_EQ(RowsIn(Family::kBlocks), 1u);
  EXPECT_EQ(PresenceRows(), 1u);
  EXPECT_EQ(shard_->Stats().series, 1u);
}

TEST_F(MetricShardTest, RowsOfTheDeadGoOnceNobodyCanHoldThem) {
  const SeriesRef a = Ref("a");
  const SeriesRef b = Ref("b");
  Append(a, 10, 1);
  Append(b, 1020, 1);
  Flush();
  ASSERT_OK(shard_->DropBefore(1999));
  EXPECT_TRUE(HasRow(a));  // Someone may remember the ref.
  Reopen();
  EXPECT_TRUE(HasRow(a));
  ASSERT_OK(shard_->DropBefore(1999));
  EXPECT_FALSE(HasRow(a));
  EXPECT_TRUE(HasRow(b));
  EXPECT_NE(Ref("a"), a);
  EXPECT_EQ(Ref("b"), b);
}

TEST_F(MetricShardTest, ARetiredSeriesComesBackUnderItsNumber) {
  const SeriesRef a = Ref("a");
  Append(a, 10, 1);
  Flush();
  ASSERT_OK(shard_->DropBefore(5000));
  for (int i = 0; i < 3; ++i) Flush();
  EXPECT_EQ(shard_->Stats().series, 0u);
  const std::string entry = Append(a, 5010, 1);  // By one that remembers the ref.
  EXPECT_EQ(Ref("a"), a);
  EXPECT_THAT(Select(), ElementsAre("a"));
  Reopen();  // The row defines the series.
  ASSERT_OK(shard_->Replay(kTenant, entry));
  EXPECT_THAT(Times(Ref("a")), ElementsAre(5010));
}

TEST_F(MetricShardTest, ARetiredSeriesKeepsItsRowAsLongAsAWriterMayCountOnIt) {
  const SeriesRef a = Ref("a");
  Append(a, 10, 1);
  Flush();
  MetricBatch late;
  late.Add(a, 5010, 1);
  std::string entry;  // Without a definition: there is the row.
  shard_->Encode(kTenant, late, &entry);
  ASSERT_OK(shard_->DropBefore(5000));
  Flush();
  shard_->Apply(kTenant, late);
  EXPECT_TRUE(HasRow(a));
  Reopen();
  ASSERT_OK(shard_->Replay(kTenant, entry));
  EXPECT_THAT(Times(a), ElementsAre(5010));
}

TEST_F(MetricShardTest, WhatHasNotBeenSeenForLongIsFoundByItsRows) {
  const SeriesRef a = Ref("a");
  Append(a, 10, 1);
  Flush();
  const SeriesRef b = Ref("b");
  Append(b, 10'000, 1);
  Flush();
  for (const bool reopened : {false, true}) {
    SCOPED_TRACE(reopened);
    if (reopened) Reopen();
    EXPECT_EQ(shard_->Stats().series, 1u);
    EXPECT_THAT(Select(), ElementsAre("a", "b"));
    EXPECT_THAT(Select({0, 999}), ElementsAre("a"));
    EXPECT_THAT(Select({9000, 20'000}), ElementsAre("b"));
    EXPECT_THAT(Times(a), ElementsAre(10));
    const auto querier = shard_->NewQuerier(kTenant);
    const std::string name(kMetricName);
    ASSERT_OK_AND_ASSIGN(const auto values, querier->LabelValues(name, {}, kEver));
    EXPECT_THAT(values, ElementsAre("a", "b"));
    ASSERT_OK_AND_ASSIGN(const auto some,
                         querier->LabelValues(name, {Matcher::NotEqual(name, "b")}, kEver));
    EXPECT_THAT(some, ElementsAre("a"));
    ASSERT_OK_AND_ASSIGN(const auto names, querier->LabelNames({}, {0, 999}));
    EXPECT_THAT(names, ElementsAre(name));
    EXPECT_EQ(shard_->Stats().series, 1u);  // Asking brings nothing back.
  }
}

TEST_F(MetricShardTest, AColdSeriesComesBackUnderItsNumber) {
  const SeriesRef a = Ref("a");
  Append(a, 10, 1);
  Flush();
  Append(Ref("b"), 10'000, 1);
  Flush();
  ASSERT_EQ(shard_->Stats().series, 1u);
  EXPECT_EQ(Ref("a"), a);
  EXPECT_EQ(shard_->Stats().series, 2u);
  Append(Ref("b"), 20'000, 1);
  for (int i = 0; i < 2; ++i) Flush();
  ASSERT_EQ(shard_->Stats().series, 1u);
  const std::string entry = Append(a, 20'010, 2);  // By one that remembers the ref.
  EXPECT_EQ(shard_->Stats().series, 2u);
  EXPECT_THAT(Select({20'000, 30'000}), ElementsAre("a", "b"));
  EXPECT_THAT(Times(a), ElementsAre(10, 20'010));
  Reopen();
  ASSERT_OK(shard_->Replay(kTenant, entry));  // It does not define the series.
  EXPECT_THAT(Select({20'000, 30'000}), ElementsAre("a", "b"));
  EXPECT_THAT(Times(a), ElementsAre(10, 20'010));
  EXPECT_EQ(Ref("a"), a);
}

TEST_F(MetricShardTest, ALateSampleOfAColdSeriesBringsItBackUntilItIsFlushed) {
  const SeriesRef a = Ref("a");
  Append(a, 10, 1);
  Flush();
  Append(Ref("b"), 10'000, 1);
  Flush();
  Append(a, 20, 2);
  EXPECT_EQ(shard_->Stats().series, 2u);
  EXPECT_THAT(Times(a), ElementsAre(10, 20));
  Flush();
  EXPECT_EQ(shard_->Stats().series, 1u);
  EXPECT_THAT(Times(a), ElementsAre(10, 20));
}

TEST_F(MetricShardTest, SamplesOfColdSeriesAreDeleted) {
  const SeriesRef a = Ref("a");
  const SeriesRef c = Ref("c");
  for (const int64_t time_ms : {10, 2000}) Append(a, time_ms, 1);
  Append(c, 10, 1);
  Flush();
  const SeriesRef b = Ref("b");
  Append(b, 10'000, 1);
  Flush();
  ASSERT_EQ(shard_->Stats().series, 1u);
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    const TimeRange range = reopened ? kEver : TimeRange{0, 999};
    ASSERT_OK_AND_ASSIGN(const MetricDeletion done, shard_->Delete(kTenant, OfMetric("a"), range));
    EXPECT_EQ(done.series, 1u);
    EXPECT_EQ(done.samples, 1u);
    EXPECT_EQ(Times(a).size(), reopened ? 0u : 1u);
  }
  EXPECT_THAT(Select(), ElementsAre("b", "c"));
  EXPECT_THAT(Times(c), ElementsAre(10));
  Reopen();
  EXPECT_THAT(Select(), ElementsAre("b", "c"));
  EXPECT_TRUE(HasRow(a));
  ASSERT_OK(shard_->DropBefore(0));  // The rows of the dead go.
  EXPECT_FALSE(HasRow(a));
  EXPECT_TRUE(HasRow(c));
  EXPECT_EQ(Ref("c"), c);
}

TEST_F(MetricShardTest, ASeriesWhoseSamplesWereDeletedComesBackUnderItsNumber) {
  const SeriesRef a = Ref("a");
  Append(a, 10, 1);
  Flush();
  ASSERT_OK(shard_->Delete(kTenant, OfMetric("a"), kEver));
  EXPECT_THAT(Select(), IsEmpty());
  EXPECT_EQ(shard_->Stats().series, 0u);
  ASSERT_OK(shard_->DropBefore(0));
  EXPECT_TRUE(HasRow(a));                      // A writer may count on it.
  const std::string entry = Append(a, 20, 2);  // It does not define the series.
  ASSERT_OK(shard_->DropBefore(0));
  EXPECT_THAT(Select(), ElementsAre("a"));
  Reopen();
  ASSERT_OK(shard_->Replay(kTenant, entry));
  EXPECT_THAT(Times(a), ElementsAre(20));
  Flush();
  Reopen();
  ASSERT_OK(shard_->DropBefore(0));
  EXPECT_THAT(Select(), ElementsAre("a"));
  EXPECT_EQ(Ref("a"), a);
}

TEST_F(MetricShardTest, SamplesThatComeDuringADeletionKeepTheirSeries) {
  const SeriesRef a = Ref("a");
  Append(a, 10, 1);
  Flush();
  Append(a, 20, 2);  // In the same partition, of which the deletion takes all blocks.
  ASSERT_OK(shard_->Delete(kTenant, OfMetric("a"), kEver));
  EXPECT_THAT(Select(), ElementsAre("a"));
  EXPECT_THAT(Times(a), ElementsAre(20));
  EXPECT_EQ(shard_->Stats().series, 1u);
}

TEST_F(MetricShardTest, ExemplarsOfColdSeriesAreFoundAndWritten) {
  const auto append_exemplar = [this](SeriesRef ref, int64_t time_ms) {
    MetricBatch batch;
    batch.exemplars.push_back({ref, {time_ms, 1, Labels{{"trace_id", "t"}}}});
    std::string payload;
    shard_->Encode(kTenant, batch, &payload);
    shard_->Apply(kTenant, batch);
    return payload;
  };
  const auto exemplars = [this] {
    std::vector<std::string> found;
    const auto all = shard_->Exemplars(kTenant, OfMetric("a"), kEver);
    EXPECT_OK(all);
    for (const ExemplarSeries& series : *all) {
      for (const Exemplar& one : series.exemplars) {
        found.push_back(fmt::format("{} {}", series.labels.ToString(), one.time_ms));
      }
    }
    return found;
  };
  const SeriesRef a = Ref("a");
  Append(a, 10, 1);
  append_exemplar(a, 9);
  Flush();
  Append(Ref("b"), 10'000, 1);
  Flush();
  ASSERT_EQ(shard_->Stats().series, 1u);
  EXPECT_THAT(exemplars(), ElementsAre("a 9"));
  append_exemplar(a, 11);
  EXPECT_THAT(exemplars(), ElementsAre("a 9", "a 11"));
  Flush();
  EXPECT_THAT(exemplars(), ElementsAre("a 9", "a 11"));
  const std::string entry = append_exemplar(a, 12);
  Reopen();
  ASSERT_OK(shard_->Replay(kTenant, entry));  // It does not define the series.
  EXPECT_THAT(exemplars(), ElementsAre("a 9", "a 11", "a 12"));
  for (int i = 0; i < 2; ++i) Flush();
  EXPECT_EQ(shard_->Stats().series, 1u);  // Exemplars alone keep no series in memory.
  Reopen();
  EXPECT_THAT(exemplars(), ElementsAre("a 9", "a 11", "a 12"));
}

TEST_F(MetricShardTest, RowsOfASeriesWithExemplarsAloneGo) {
  const SeriesRef a = Ref("a");
  Append(Ref("b"), 10'000, 1);
  MetricBatch batch;
  batch.exemplars.push_back({a, {10, 1, Labels{{"trace_id", "t"}}}});
  shard_->Apply(kTenant, batch);
  Flush();
  EXPECT_TRUE(HasRow(a));
  EXPECT_EQ(shard_->Stats().series, 1u);
  ASSERT_OK(shard_->DropBefore(0));
  EXPECT_TRUE(HasRow(a));  // A writer may count on it.
  Reopen();
  ASSERT_OK(shard_->DropBefore(0));
  EXPECT_FALSE(HasRow(a));
}

TEST_F(MetricShardTest, SamplesThatHaveExpiredLeaveTheirSeriesDefined) {
  const SeriesRef a = Ref("a");
  Append(a, 10, 1);
  Flush();
  ASSERT_OK(shard_->DropBefore(5000));
  for (int i = 0; i < 5; ++i) {
    // Whatever came before, an entry and what is stored tell what the series is.
    Append(a, 20, 1);
    Flush();
    EXPECT_THAT(Select(), IsEmpty());
    const std::unique_ptr<MemoryStore> copy = store_.Copy();
    const auto reader = MetricShard::Create(kShard, copy.get(), {.partition_ms = 1000});
    ASSERT_OK(reader->Load());
    MetricBatch batch;
    batch.Add(a, 5010, 1);
    std::string entry;
    shard_->Encode(kTenant, batch, &entry);
    ASSERT_OK(reader->Replay(kTenant, entry));
    ASSERT_OK_AND_ASSIGN(const auto series, reader->NewQuerier(kTenant)->Select({}, kEver));
    ASSERT_EQ(series.size(), 1u) << "flush " << i;
    EXPECT_EQ(series[0].labels, Named("a"));
  }
}

TEST_F(MetricShardTest, MetadataIsJournaledAndStored) {
  const MetricMetadata gauge = {MetricType::kGauge, "s", "help"};
  const std::string entry = Append(Ref("a", gauge), 10, 1);
  Reopen();
  ASSERT_OK(shard_->Replay(kTenant, entry));
  EXPECT_THAT(shard_->Metadata(kTenant), ElementsAre(Pair("a", gauge)));
  Flush();
  Reopen();
  EXPECT_THAT(shard_->Metadata(kTenant), ElementsAre(Pair("a", gauge)));
  EXPECT_THAT(shard_->Metadata(TenantId{9}), IsEmpty());
}

TEST_F(MetricShardTest, DamagedRowsCostOnlyThemselves) {
  Append(Ref("a"), 10, 1);
  Append(Ref("b"), 20, 1);
  Flush();
  WriteBatch batch;
  batch.Put(Family::kSeries, SeriesKey{kTenant, kShard, NumberOf(Ref("a"))}.Encode(), "\x05");
  batch.Put(Family::kSeries, ShardPrefix(kTenant, kShard) + "?", "x");
  batch.Put(Family::kSeries, SeriesKey{kTenant, kShard, uint64_t{1} << 40}.Encode(), "");
  batch.Put(Family::kPostings, ShardPrefix(kTenant, kShard) + "?", "x");
  ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  Reopen();
  EXPECT_THAT(Select(), ElementsAre("b"));
}

TEST_F(MetricShardTest, ShardsAndTenantsShareAStore) {
  for (const uint32_t tenant : {0u, 1u, 0xFFFFFFFFu}) {
    for (const uint32_t shard : {0u, kShard, 255u}) {
      const auto other = MetricShard::Create(shard, &store_, {});
      ASSERT_OK(other->Load());
      MetricBatch written;
      written.Add(other->GetOrCreate(TenantId{tenant}, Named("a"), {}).value(), shard, tenant);
      other->Apply(TenantId{tenant}, written);
      other->Seal();
      WriteBatch batch;
      ASSERT_OK(other->WriteSealed(&batch));
      ASSERT_OK(store_.Write(batch, Durability::kNoSync));
    }
  }
  for (const uint32_t shard : {0u, kShard, 255u}) {
    const auto other = MetricShard::Create(shard, &store_, {});
    ASSERT_OK(other->Load());
    for (const uint32_t tenant : {0u, 1u, 0xFFFFFFFFu}) {
      const auto querier = other->NewQuerier(TenantId{tenant});
      ASSERT_OK_AND_ASSIGN(const auto series, querier->Select({}, kEver));
      ASSERT_EQ(series.size(), 1u);
      SampleColumns columns;
      ASSERT_OK(querier->Read(series[0].ref, kEver, &columns));
      EXPECT_THAT(columns.times_ms, ElementsAre(shard));
      EXPECT_THAT(columns.values, ElementsAre(tenant));
    }
  }
}

TEST_F(MetricShardTest, StatsFollowTheHead) {
  EXPECT_EQ(shard_->HeadBytes(), 0u);
  for (int i = 0; i < 100; ++i) Append(Ref("a"), i, i);
  EXPECT_EQ(shard_->Stats().head_samples, 100u);
  EXPECT_GE(shard_->Stats().head_bytes, 1600u);
  EXPECT_EQ(shard_->Stats().series, 1u);
  shard_->Seal();
  EXPECT_EQ(shard_->Stats().head_samples, 100u);
  WriteBatch batch;
  ASSERT_OK(shard_->WriteSealed(&batch));
  shard_->DropSealed();
  EXPECT_EQ(shard_->Stats().head_samples, 0u);
  EXPECT_EQ(shard_->HeadBytes(), 0u);
}

}  // namespace
}  // namespace vigil::storage
