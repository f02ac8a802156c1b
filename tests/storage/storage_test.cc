// SPDX-License-Identifier: Apache-2.0
//
// The store as its users see it: what is written is read back, before and after restarts, in any
// number of shards; tenants are apart; time, retention and formats are kept.
#include "storage/storage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/kv/index_keys.h"
#include "storage/kv/memory_store.h"
#include "tests/storage/records/record_samples.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Batches;
using testing::Contents;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kStartMs;
using testing::kStartNs;
using ::testing::Not;
using testing::PlainLog;
using testing::PlainSpan;
using testing::ReadAll;
using testing::SampleOf;
using ::testing::SizeIs;
using testing::StorageHarness;
using vigil::testing::IsOk;
using vigil::testing::StatusIs;

class StorageTest : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Shards, StorageTest, ::testing::Values(1, 3));

// Writes batch `number` of all three kinds.
void WriteAll(Storage& storage, int number, Contents* expected) {
  ASSERT_OK(storage.WriteMetrics(kDefaultTenant, Batches::Metrics(storage, number, expected), {}));
  ASSERT_OK(storage.WriteLogs(kDefaultTenant, Batches::Logs(number, expected), {}));
  ASSERT_OK(storage.WriteSpans(kDefaultTenant, Batches::Spans(number, expected), {}));
}

TEST_P(StorageTest, WhatIsWrittenIsReadBackExactlyOnce) {
  StorageHarness harness(GetParam());
  Contents expected;
  EXPECT_EQ(harness.Read(), expected);
  for (int number = 0; number < 12; ++number) {
    WriteAll(harness.storage(), number, &expected);
    ASSERT_EQ(harness.Read(), expected) << "from the heads";
    if (number % 5 == 4) {
      ASSERT_OK(harness.storage().Flush());
      ASSERT_EQ(harness.Read(), expected) << "from blocks";
    }
    if (number % 3 == 2) {
      ASSERT_OK(number % 2 == 0 ? harness.Kill() : harness.LosePower());
      ASSERT_EQ(harness.Read(), expected) << "from blocks and journal";
    }
  }
}

TEST_P(StorageTest, AKeyIsInOneShard) {
  StorageHarness harness(GetParam());
  Contents expected;
  for (int number = 0; number < 3; ++number) WriteAll(harness.storage(), number, &expected);
  for (uint8_t trace = 1; trace <= 5; ++trace) {
    ASSERT_OK_AND_ASSIGN(const std::vector<Span> spans,
                         harness.storage().ReadTrace(kDefaultTenant, testing::TraceIdOf(trace)));
    ASSERT_THAT(spans, SizeIs(3));
    EXPECT_LT(spans[0].start_ns, spans[1].start_ns);
  }
  ASSERT_OK_AND_ASSIGN(const std::vector<Labels> streams,
                       harness.storage().LogStreams(kDefaultTenant, {}));
  EXPECT_THAT(streams, SizeIs(5));
  EXPECT_TRUE(std::is_sorted(streams.begin(), streams.end()));
  // The same labels give the same series, and its metadata.
  const Labels labels = {{kMetricName, "m"}, {"job", "x"}};
  const auto ref = harness.storage().GetOrCreateSeries(kDefaultTenant, labels, {});
  ASSERT_OK(ref);
  EXPECT_EQ(*harness.storage().GetOrCreateSeries(kDefaultTenant, labels, {}), *ref);
}

TEST_P(StorageTest, LogsOfAllShardsAreMergedInTimeOrder) {
  StorageHarness harness(GetParam());
  LogBatch batch;
  for (int i = 0; i < 20; ++i) {
    LogStreamBatch& stream = batch.streams.emplace_back();
    stream.labels = Labels{{"service", fmt::to_string(i)}};
    stream.records = {PlainLog(kStartNs + 40 - i, "a"), PlainLog(kStartNs + i, "b")};
  }
  ASSERT_OK(harness.storage().WriteLogs(kDefaultTenant, batch, {}));
  for (const bool newest_first : {true, false}) {
    LogSelection selection;
    selection.range = {0, INT64_MAX};
    selection.newest_first = newest_first;
    std::vector<int64_t> times;
    ASSERT_OK(harness.storage().ReadLogs(kDefaultTenant, selection,
                                         [&](const Labels&, uint64_t, const LogRecord& record) {
                                           times.push_back(record.time_ns);
                                           return times.size() < 30;
                                         }));
    EXPECT_THAT(times, SizeIs(30)) << "the visitor says when it has enough";
    if (newest_first) std::reverse(times.begin(), times.end());
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  }
}

TEST_P(StorageTest, AVisitorOfSpansStopsInAllShards) {
  StorageHarness harness(GetParam());
  Contents ignored;
  ASSERT_OK(harness.storage().WriteSpans(kDefaultTenant, Batches::Spans(0, &ignored), {}));
  int visits = 0;
  ASSERT_OK(harness.storage().ReadSpans(kDefaultTenant, 0, INT64_MAX,
                                        [&](const Span&) { return ++visits < 2; }));
  EXPECT_EQ(visits, 2);
}

TEST_P(StorageTest, TenantsAreApart) {
  StorageHarness harness(GetParam());
  ASSERT_OK_AND_ASSIGN(const TenantId blue, harness.storage().Tenant("blue"));
  ASSERT_OK_AND_ASSIGN(const TenantId red, harness.storage().Tenant("red"));
  const auto sink = harness.storage().MetricSinkFor(blue);
  ASSERT_OK(sink->Append({SampleOf("m", "a", kStartMs, 1)}, {MetricType::kGauge, "s", "help"}));
  LogBatch logs;
  logs.streams.push_back({Labels{{"a", "b"}}, {PlainLog(kStartNs, "text")}});
  ASSERT_OK(harness.storage().WriteLogs(blue, logs, {}));
  ASSERT_OK(harness.storage().WriteSpans(blue, {PlainSpan(1, 1, kStartNs, "s")}, {}));
  ASSERT_OK(harness.Kill());
  ASSERT_OK_AND_ASSIGN(const TenantId blue_again, harness.storage().Tenant("blue"));
  EXPECT_EQ(blue_again, blue);
  const Contents contents = harness.Read(blue);
  EXPECT_THAT(contents.samples, SizeIs(1));
  EXPECT_THAT(contents.logs, SizeIs(1));
  EXPECT_THAT(contents.spans, SizeIs(1));
  for (const TenantId other : {red, kDefaultTenant}) {
    EXPECT_EQ(harness.Read(other), Contents());
    EXPECT_THAT(harness.storage().MetricMetadataOf(other), IsEmpty());
  }
  EXPECT_THAT(harness.storage().MetricMetadataOf(blue),
              ::testing::ElementsAre(
                  ::testing::Pair("m", MetricMetadata{MetricType::kGauge, "s", "help"})));
}

TEST_P(StorageTest, WhatIsOutOfTimeCostsOnlyItself) {
  StorageOptions options;
  options.max_age_ms = kMillisPerHour;
  options.max_future_ms = kMillisPerMinute;
  StorageHarness harness(GetParam(), options);
  const auto sink = harness.storage().MetricSinkFor(kDefaultTenant);
  ASSERT_OK_AND_ASSIGN(const WriteResult metrics,
                       sink->Append({SampleOf("m", "now", kStartMs, 1),
                                     SampleOf("m", "old", kStartMs - kMillisPerHour - 1, 2),
                                     SampleOf("m", "far", kStartMs + kMillisPerMinute + 1, 3)},
                                    {}));
  EXPECT_EQ(metrics.rejected, 2);
  EXPECT_THAT(metrics.rejection_reason, HasSubstr("older than 1h"));
  LogBatch logs;
  logs.streams.push_back({Labels{{"a", "1"}}, {PlainLog(kStartNs, "now")}});
  logs.streams.push_back({Labels{{"a", "2"}}, {PlainLog(-1, "before all times")}});
  ASSERT_OK_AND_ASSIGN(const WriteResult stored_logs,
                       harness.storage().WriteLogs(kDefaultTenant, logs, {}));
  EXPECT_EQ(stored_logs.rejected, 1);
  EXPECT_THAT(stored_logs.rejection_reason, HasSubstr("before 1970"));
  ASSERT_OK_AND_ASSIGN(
      const WriteResult spans,
      harness.storage().WriteSpans(
          kDefaultTenant, {PlainSpan(1, 1, kStartNs, "now"), PlainSpan(2, 2, INT64_MAX, "far")},
          {}));
  EXPECT_EQ(spans.rejected, 1);
  EXPECT_THAT(spans.rejection_reason, HasSubstr("in the future"));
  ASSERT_OK(harness.Kill());
  const Contents contents = harness.Read();
  EXPECT_THAT(contents.samples, SizeIs(1));
  EXPECT_THAT(contents.logs, SizeIs(1));
  EXPECT_THAT(contents.spans, SizeIs(1));
}

TEST_P(StorageTest, RetentionDropsWholePartitions) {
  StorageOptions options;
  options.metric_retention_ms = 2 * kMillisPerDay;
  options.log_retention_ms = 2 * kMillisPerDay;
  options.span_retention_ms = 0;  // Kept for good.
  StorageHarness harness(GetParam(), options);
  Contents old;
  WriteAll(harness.storage(), 0, &old);
  ASSERT_OK(harness.storage().Flush());
  ASSERT_OK(harness.storage().Maintain());
  ASSERT_EQ(harness.Read(), old);

  harness.clock().AdvanceMs(4 * kMillisPerDay);
  LogBatch logs;
  logs.streams.push_back(
      {Labels{{"a", "b"}}, {PlainLog(kStartNs + 4 * kMillisPerDay * kNanosPerMilli, "new")}});
  ASSERT_OK(harness.storage().WriteLogs(kDefaultTenant, logs, {}));
  ASSERT_OK(harness.storage().Maintain());
  for (int round = 0; round < 2; ++round) {
    const Contents contents = harness.Read();
    EXPECT_THAT(contents.samples, IsEmpty());
    EXPECT_THAT(contents.logs, SizeIs(1));
    EXPECT_EQ(contents.spans, old.spans);
    ASSERT_OK(harness.storage().Flush());
    ASSERT_OK(harness.Kill());
    ASSERT_OK(harness.storage().Maintain());
  }
}

TEST_P(StorageTest, WhatRetentionWouldDropIsRefused) {
  StorageOptions options;
  options.metric_retention_ms = kMillisPerDay;
  options.log_retention_ms = 2 * kMillisPerDay;
  options.span_retention_ms = 0;  // Kept for good.
  StorageHarness harness(GetParam(), options);
  constexpr int64_t kOldMs = kStartMs - kMillisPerDay - 1;
  constexpr int64_t kOlderNs = (kStartMs - 2 * kMillisPerDay - 1) * kNanosPerMilli;
  const auto sink = harness.storage().MetricSinkFor(kDefaultTenant);
  ASSERT_OK_AND_ASSIGN(
      const WriteResult metrics,
      sink->Append({SampleOf("m", "new", kStartMs, 1), SampleOf("m", "old", kOldMs, 2)}, {}));
  EXPECT_EQ(metrics.rejected, 1);
  EXPECT_THAT(metrics.rejection_reason, HasSubstr("storage.retention"));
  LogBatch logs;
  logs.streams.push_back({Labels{{"a", "1"}},
                          {PlainLog(kOldMs * kNanosPerMilli, "old"), PlainLog(kOlderNs, "older")}});
  ASSERT_OK_AND_ASSIGN(const WriteResult stored_logs,
                       harness.storage().WriteLogs(kDefaultTenant, logs, {}));
  EXPECT_EQ(stored_logs.rejected, 1);
  ASSERT_OK_AND_ASSIGN(
      const WriteResult spans,
      harness.storage().WriteSpans(kDefaultTenant, {PlainSpan(1, 1, kOlderNs, "older")}, {}));
  EXPECT_EQ(spans.rejected, 0);
  // What was admitted stays.
  ASSERT_OK(harness.storage().Flush());
  ASSERT_OK(harness.storage().Maintain());
  const Contents contents = harness.Read();
  EXPECT_THAT(contents.samples, SizeIs(1));
  EXPECT_THAT(contents.logs, SizeIs(1));
  EXPECT_THAT(contents.spans, SizeIs(1));
}

TEST_P(StorageTest, MaintainFlushesWhatIsOldOrLarge) {
  StorageOptions options;
  options.head_flush_age_ms = kMillisPerMinute;
  StorageHarness harness(GetParam(), options);
  Contents expected;
  WriteAll(harness.storage(), 0, &expected);
  const auto journal_is_empty = [&] {
    const auto iterator = harness.store().NewIterator(Family::kJournal, {});
    iterator->Seek("");
    return !iterator->Valid();
  };
  harness.clock().AdvanceMs(kMillisPerMinute - 1);
  ASSERT_OK(harness.storage().Maintain());
  EXPECT_FALSE(journal_is_empty());
  harness.clock().AdvanceMs(1);
  ASSERT_OK(harness.storage().Maintain());
  EXPECT_TRUE(journal_is_empty());
  EXPECT_EQ(harness.Read(), expected);

  options.head_flush_bytes = 1;
  StorageHarness small(GetParam(), options);
  Contents ignored;
  WriteAll(small.storage(), 0, &ignored);
  const size_t before = small.storage().HeadBytes();
  ASSERT_OK(small.storage().Maintain());
  EXPECT_LT(small.storage().HeadBytes(), before);
}

TEST_P(StorageTest, AFlushThatFailsIsTriedAgainAndLosesNothing) {
  StorageOptions options;
  options.head_flush_age_ms = kMillisPerMinute;
  StorageHarness harness(GetParam(), options);
  Contents expected;
  WriteAll(harness.storage(), 0, &expected);
  harness.clock().AdvanceMs(kMillisPerMinute);
  harness.store().FailAt(FaultStore::Operation::kWrite, 1, absl::ResourceExhaustedError("full"),
                         100);
  EXPECT_THAT(harness.storage().Maintain(), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(harness.Read(), expected);
  harness.store().ClearFaults();
  WriteAll(harness.storage(), 1, &expected);
  EXPECT_EQ(harness.Read(), expected) << "with a sealed and an open head";

  // No time passes and nothing else comes: what waits to be written is tried again all the same.
  const size_t before = harness.storage().HeadBytes();
  ASSERT_OK(harness.storage().Maintain());
  EXPECT_LT(harness.storage().HeadBytes(), before);
  EXPECT_EQ(harness.Read(), expected);
  ASSERT_OK(harness.Kill());
  EXPECT_EQ(harness.Read(), expected);
}

// Rows of many new series are ingested before the batch that trims the journal.
TEST_P(StorageTest, SeriesIngestedByAFlushThatFailsAreNotTakenForOthersAfterPowerLoss) {
  StorageOptions options;
  options.durability = Durability::kNoSync;
  options.sync_interval_ms = 3'600'000;
  StorageHarness harness(GetParam(), options);
  const auto write = [&](std::string_view metric, Contents* contents) {
    MetricBatch batch;
    for (int i = 0; i < 40'000; ++i) {
      const Labels labels = {{kMetricName, metric}, {"id", fmt::format("{}", i)}};
      const auto ref = harness.storage().GetOrCreateSeries(kDefaultTenant, labels, {});
      ASSERT_OK(ref);
      batch.Add(*ref, kStartMs, i);
      contents->samples[labels.ToString()][kStartMs] = i;
    }
    ASSERT_OK(harness.storage().WriteMetrics(kDefaultTenant, batch, {}));
  };
  Contents expected;
  write("a", &expected);
  // The journal is synced, the reservation for the rows is written, the blocks' own sync fails, and
  // with it the flush.
  harness.store().FailAt(FaultStore::Operation::kSync, 3, absl::UnavailableError("not now"), 100);
  EXPECT_THAT(harness.storage().Flush(), Not(IsOk()));
  ASSERT_OK(harness.LosePower());
  const Contents kept = harness.Read();
  // What rows speak of was durable before them: no number is free for another series.
  Contents both = kept;
  write("b", &both);
  ASSERT_OK(harness.storage().Flush());
  EXPECT_EQ(harness.Read(), both);
  ASSERT_OK(harness.Kill());
  EXPECT_EQ(harness.Read(), both);
}

TEST_P(StorageTest, SeriesAreFoundWithoutTheRowsThatTellWhichLive) {
  StorageHarness harness(GetParam());
  Contents expected;
  for (int number = 0; number < 4; ++number) {
    WriteAll(harness.storage(), number, &expected);
    ASSERT_OK(harness.storage().Flush());
    WriteBatch batch;
    for (uint8_t shard = 0; shard < GetParam(); ++shard) {
      const std::string prefix = NumbersKey::Prefix(kDefaultTenant, shard, NumberKind::kRecent);
      batch.DeleteRange(Family::kPostings, prefix, PrefixEnd(prefix));
    }
    // Once lost, they stay away for a while: series of that time are not known to be in memory.
    if (number < 2) {
      ASSERT_OK(harness.store().Write(batch, Durability::kSync));
    }
    ASSERT_OK(harness.Kill());
    ASSERT_EQ(harness.Read(), expected) << number;
  }
}

TEST_P(StorageTest, WithoutSyncAKillLosesNothingAndPowerLossOnlyTheEnd) {
  StorageOptions options;
  options.durability = Durability::kNoSync;
  StorageHarness harness(GetParam(), options);
  Contents synced;
  WriteAll(harness.storage(), 0, &synced);
  ASSERT_OK(harness.storage().Maintain());  // The first call syncs.
  Contents all = synced;
  WriteAll(harness.storage(), 1, &all);
  ASSERT_OK(harness.storage().Maintain());  // Not a second later: nothing to do.
  ASSERT_OK(harness.Kill());
  EXPECT_EQ(harness.Read(), all);

  StorageHarness powerless(GetParam(), options);
  Contents kept;
  WriteAll(powerless.storage(), 0, &kept);
  ASSERT_OK(powerless.storage().Maintain());
  Contents lost;
  WriteAll(powerless.storage(), 1, &lost);
  ASSERT_OK(powerless.LosePower());
  EXPECT_EQ(powerless.Read(), kept);
}

TEST_P(StorageTest, StatusAddsUpOverShards) {
  StorageHarness harness(GetParam());
  Contents expected;
  WriteAll(harness.storage(), 0, &expected);
  std::map<std::string, std::string> figures;
  for (const StatusFigure& figure : harness.storage().Status()) {
    EXPECT_TRUE(figures.emplace(figure.section + "." + figure.name, figure.value).second);
  }
  EXPECT_EQ(figures["store.shards"], fmt::to_string(GetParam()));
  EXPECT_EQ(figures["metrics.series"], "5");
  EXPECT_EQ(figures["metrics.samples_in_memory"], "5");
  EXPECT_EQ(figures["logs.streams"], "5");
  EXPECT_EQ(figures["logs.records_in_memory"], "5");
  EXPECT_EQ(figures["spans.spans_in_memory"], "5");
}

TEST(StorageOpenTest, TheNumberOfShardsIsFixedWhenTheDirectoryIsMade) {
  StorageHarness harness(3);
  Contents expected;
  WriteAll(harness.storage(), 0, &expected);
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KeyValueStore> left, harness.store().AfterKill());
  StorageOptions options;
  options.shards = 1;
  ASSERT_OK_AND_ASSIGN(const auto storage,
                       Storage::OpenOn(std::move(left), options, &harness.clock()));
  EXPECT_EQ(ReadAll(*storage), expected);
  EXPECT_EQ(storage->Status().front().value, "3");
}

TEST(StorageOpenTest, AnotherFormatIsRefused) {
  StorageHarness harness(1);
  WriteBatch batch;
  batch.Put(Family::kMeta, "format", "1");
  ASSERT_OK(harness.store().Write(batch, Durability::kSync));
  EXPECT_THAT(harness.OpenCopy(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("format 1")));
}

TEST(StorageOpenTest, ANumberOfShardsThatMakesNoSenseIsDataLoss) {
  for (const std::string text : {"", "0", "65", "-1", "three", "3x", "99999999999"}) {
    StorageHarness harness(1);
    WriteBatch batch;
    batch.Put(Family::kMeta, "shards", text);
    ASSERT_OK(harness.store().Write(batch, Durability::kSync));
    EXPECT_THAT(harness.OpenCopy(), StatusIs(absl::StatusCode::kDataLoss)) << text;
  }
}

TEST(StorageOpenTest, ADamagedJournalIsDataLossThatNamesShardAndEntry) {
  StorageHarness harness(1);
  Contents ignored;
  WriteAll(harness.storage(), 0, &ignored);
  const auto iterator = harness.store().NewIterator(Family::kJournal, {});
  iterator->SeekToLast();
  ASSERT_TRUE(iterator->Valid());
  ASSERT_OK(harness.store().CorruptValue(Family::kJournal, iterator->key(), 20));
  EXPECT_THAT(harness.OpenCopy(),
              StatusIs(absl::StatusCode::kDataLoss,
                       ::testing::AllOf(HasSubstr("shard 0"), HasSubstr("journal entry 3"))));
}

TEST(StorageOpenTest, AFailureWhileOpeningIsReturned) {
  // Each read of a row and the write of the format may fail.
  for (const auto operation : {FaultStore::Operation::kGet, FaultStore::Operation::kWrite}) {
    int64_t nth = 0;
    absl::Status status;
    do {
      ASSERT_OK_AND_ASSIGN(auto store, FaultStore::Wrap(std::make_unique<MemoryStore>()));
      store->FailAt(operation, ++nth, absl::UnavailableError("sick disk"));
      ManualClock clock(kStartMs);
      StorageOptions options;
      options.shards = 2;
      status = Storage::OpenOn(std::move(store), options, &clock).status();
      if (!status.ok()) {
        EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("sick disk")));
      }
    } while (!status.ok());
    EXPECT_GT(nth, 1);
  }
}

TEST(StorageOpenTest, KeepsEverythingInADirectoryOnRocksDb) {
  StorageOptions options;
  options.data_dir = ::testing::TempDir() + "/store";
  options.shards = 2;
  ManualClock clock(kStartMs);
  Contents expected;
  {
    ASSERT_OK_AND_ASSIGN(const auto storage, Storage::Open(options, &clock));
    WriteAll(*storage, 0, &expected);
    ASSERT_OK(storage->Flush());
    WriteAll(*storage, 1, &expected);
    EXPECT_THAT(Storage::Open(options, &clock), StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  ASSERT_OK_AND_ASSIGN(const auto storage, Storage::Open(options, &clock));
  EXPECT_EQ(ReadAll(*storage), expected);
  WriteBatch batch;
  batch.Put(Family::kState, "test/row", "value");
  ASSERT_OK(storage->state().Write(batch, Durability::kSync));
  EXPECT_EQ(storage->state().Get(Family::kState, "test/row")->value_or(""), "value");
}

}  // namespace
}  // namespace vigil::storage
