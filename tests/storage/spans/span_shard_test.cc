// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_shard.h"

#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/kv/fault_store.h"
#include "storage/kv/keys.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/record_keys.h"
#include "tests/storage/records/hook_store.h"
#include "tests/storage/records/record_samples.h"
#include "tests/storage/spans/span_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using testing::HookStore;
using ::testing::IsEmpty;
using testing::PlainSpan;
using testing::SpanHarness;
using testing::TraceIdOf;
using vigil::testing::StatusIs;

constexpr int64_t kDayNs = kMillisPerDay * kNanosPerMilli;

int64_t CorruptBlocks() {
  return GetCounter("vigil_corrupt_blocks_total",
                    "Blocks that could not be read and were left out.")
      .Value();
}

std::vector<std::string> Keys(KeyValueStore& store, Family family) {
  std::vector<std::string> keys;
  EXPECT_OK(ForEach(store, family, KeyRange(), [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return absl::OkStatus();
  }));
  return keys;
}

std::vector<std::string> NamesOf(const std::vector<Span>& spans) {
  std::vector<std::string> names;
  for (const Span& span : spans) names.push_back(span.name);
  return names;
}

TEST(SpanShardTest, TraceIsPutTogetherFromMemoryAndBlocks) {
  MemoryStore store;
  SpanHarness spans(&store);
  spans.Append({PlainSpan(1, 1, 100, "root"), PlainSpan(2, 1, 100, "other trace")});
  spans.Flush();
  spans.Append({PlainSpan(1, 2, 2 * kDayNs, "far away")});
  spans.Flush();
  spans.Append({PlainSpan(1, 3, 50, "before its parent")});
  for (int restart = 0; restart < 2; ++restart) {
    EXPECT_THAT(NamesOf(spans.Trace(TraceIdOf(1))),
                ElementsAre("before its parent", "root", "far away"));
    EXPECT_THAT(spans.Trace(TraceIdOf(9)), IsEmpty());
    EXPECT_THAT(spans.Trace(TraceIdOf(1), TenantId{5}), IsEmpty());
    ASSERT_OK(spans.Restart());
  }
}

TEST(SpanShardTest, LaterArrivalWinsWhereverItIs) {
  MemoryStore store;
  SpanHarness spans(&store);
  spans.Append({PlainSpan(1, 1, 10, "first")});
  spans.Append({PlainSpan(1, 1, 10, "same head")});
  EXPECT_THAT(NamesOf(spans.Trace(TraceIdOf(1))), ElementsAre("same head"));
  EXPECT_THAT(spans.Names(), ElementsAre("same head"));
  spans.Flush();
  spans.Append({PlainSpan(1, 1, 12, "head over block")});
  EXPECT_THAT(NamesOf(spans.Trace(TraceIdOf(1))), ElementsAre("head over block"));
  EXPECT_THAT(spans.Names(), ElementsAre("head over block"));
  spans.Flush();
  EXPECT_THAT(NamesOf(spans.Trace(TraceIdOf(1))), ElementsAre("head over block"));
  EXPECT_THAT(spans.Names(), ElementsAre("head over block"));
  // An earlier start is in an earlier partition, but later is later.
  spans.Append({PlainSpan(1, 1, -kDayNs, "other partition")});
  spans.Flush();
  ASSERT_OK(spans.Restart());
  EXPECT_THAT(NamesOf(spans.Trace(TraceIdOf(1))), ElementsAre("other partition"));
  EXPECT_THAT(spans.Names(), ElementsAre("other partition"));
  EXPECT_THAT(spans.Read(0, kDayNs), IsEmpty());
}

TEST(SpanShardTest, RangeIsHalfOpen) {
  MemoryStore store;
  SpanHarness spans(&store, {.max_block_rows = 2});
  for (uint8_t i = 0; i < 10; ++i) {
    spans.Append({PlainSpan(i, 1, i, std::to_string(i))});
    if (i == 6) spans.Flush();
  }
  EXPECT_THAT(NamesOf(spans.Read(3, 8)), ElementsAre("3", "4", "5", "6", "7"));
  EXPECT_THAT(spans.Read(3, 3), IsEmpty());
  EXPECT_THAT(spans.Read(8, 3), IsEmpty());
}

TEST(SpanShardTest, VisitorStopsTheRead) {
  MemoryStore store;
  SpanHarness spans(&store);
  for (uint8_t i = 0; i < 10; ++i) spans.Append({PlainSpan(i, 1, i, "")});
  for (int flushed = 0; flushed < 2; ++flushed) {
    int visits = 0;
    ASSERT_OK(
        spans.shard().Read(kDefaultTenant, 0, 100, [&](const Span&) { return ++visits < 3; }));
    EXPECT_EQ(visits, 3);
    spans.Flush();
  }
}

TEST(SpanShardTest, PartitionsAreDroppedWithTheirIndex) {
  MemoryStore store;
  SpanHarness spans(&store);
  spans.Append(
      {PlainSpan(1, 1, 0, "old"), PlainSpan(2, 1, 5, "old, too"), PlainSpan(1, 2, kDayNs, "new")});
  spans.Flush();
  ASSERT_OK(spans.shard().DropBefore(kMillisPerDay - 1));
  EXPECT_EQ(spans.Names().size(), 3u);
  ASSERT_OK(spans.Restart());
  ASSERT_OK(spans.shard().DropBefore(kMillisPerDay));
  EXPECT_THAT(spans.Names(), ElementsAre("new"));
  EXPECT_THAT(NamesOf(spans.Trace(TraceIdOf(1))), ElementsAre("new"));
  EXPECT_THAT(spans.Trace(TraceIdOf(2)), IsEmpty());
  EXPECT_EQ(Keys(store, Family::kSpanBlocks).size(), 1u);
  EXPECT_EQ(Keys(store, Family::kTraceIndex).size(), 1u);
}

TEST(SpanShardTest, DropDuringAFlushIsMadeGoodByTheNext) {
  MemoryStore store;
  SpanHarness spans(&store);
  spans.Append({PlainSpan(1, 1, 0, "old"), PlainSpan(1, 2, kDayNs, "new")});
  spans.Seal();
  WriteBatch batch;
  ASSERT_OK(spans.shard().WriteSealed(&batch));
  ASSERT_OK(spans.shard().DropBefore(kMillisPerDay));
  ASSERT_OK(store.Write(batch, Durability::kSync));
  spans.DropSealed();
  ASSERT_OK(spans.shard().DropBefore(kMillisPerDay));
  EXPECT_THAT(spans.Names(), ElementsAre("new"));
  EXPECT_EQ(Keys(store, Family::kTraceIndex).size(), 1u);
}

TEST(SpanShardTest, FlushThatFailedIsWrittenAgain) {
  ASSERT_OK_AND_ASSIGN(const auto store, FaultStore::Wrap(std::make_unique<MemoryStore>()));
  SpanHarness spans(store.get());
  spans.Append({PlainSpan(1, 1, 1, "x")});
  spans.Seal();
  store->FailAt(FaultStore::Operation::kWrite, 1, absl::ResourceExhaustedError("full"));
  EXPECT_THAT(spans.WriteSealed(), StatusIs(absl::StatusCode::kResourceExhausted));
  spans.Append({PlainSpan(1, 2, 2, "y")});
  EXPECT_THAT(spans.Names(), ElementsAre("x", "y"));
  ASSERT_OK(spans.WriteSealed());
  EXPECT_THAT(spans.Names(), ElementsAre("x", "y"));
  spans.DropSealed();
  EXPECT_THAT(spans.Names(), ElementsAre("x", "y"));
}

TEST(SpanShardTest, CorruptBlockIsReportedAndLeftOut) {
  ASSERT_OK_AND_ASSIGN(const auto store, FaultStore::Wrap(std::make_unique<MemoryStore>()));
  SpanHarness spans(store.get(), {.max_block_rows = 1});
  spans.Append({PlainSpan(1, 1, 1, "one"), PlainSpan(1, 2, 2, "two"), PlainSpan(1, 3, 3, "three")});
  spans.Flush();
  const std::vector<std::string> keys = Keys(*store, Family::kSpanBlocks);
  ASSERT_EQ(keys.size(), 3u);
  ASSERT_OK(store->CorruptValue(Family::kSpanBlocks, keys[1], 20));
  const int64_t before = CorruptBlocks();
  EXPECT_THAT(spans.Names(), ElementsAre("one", "three"));
  EXPECT_EQ(CorruptBlocks(), before + 1);
  EXPECT_THAT(NamesOf(spans.Trace(TraceIdOf(1))), ElementsAre("one", "three"));
  EXPECT_EQ(CorruptBlocks(), before + 2);
  ASSERT_OK(spans.shard().DropBefore(kMillisPerDay));
  EXPECT_THAT(spans.Names(), IsEmpty());
  EXPECT_THAT(spans.Trace(TraceIdOf(1)), IsEmpty());
}

// A flush between the reader's look at memory and its snapshot must neither hide nor repeat.
TEST(SpanShardTest, FlushWhileAReadBeginsIsNotSeen) {
  HookStore store(std::make_unique<MemoryStore>());
  SpanHarness spans(&store);
  spans.Append({PlainSpan(1, 1, 1, "in block")});
  spans.Flush();
  spans.Append({PlainSpan(1, 2, 2, "in memory")});
  const auto flush = [&] { spans.Flush(); };
  store.BeforeSnapshot(flush);
  EXPECT_THAT(spans.Names(), ElementsAre("in block", "in memory"));
  spans.Append({PlainSpan(1, 2, 3, "again")});
  store.BeforeSnapshot(flush);
  EXPECT_THAT(NamesOf(spans.Trace(TraceIdOf(1))), ElementsAre("in block", "again"));
  spans.Append({PlainSpan(1, 1, 4, "again, too")});
  store.BeforeSnapshot(flush);
  EXPECT_THAT(spans.Names(), ElementsAre("again", "again, too"));
}

TEST(SpanShardTest, ReplayRefusesWhatIsNoPayload) {
  MemoryStore store;
  SpanHarness spans(&store);
  testing::RecordSamples samples(5);
  std::string payload;
  spans.shard().Encode(kDefaultTenant, {samples.NextSpan(0, 10), samples.NextSpan(0, 10)},
                       &payload);
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_THAT(spans.shard().Replay(kDefaultTenant, payload.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
  EXPECT_THAT(spans.shard().Replay(kDefaultTenant, payload + "x"),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(spans.shard().Stats().head_spans, 0u);
  std::mt19937_64 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = payload;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    const absl::Status status = spans.shard().Replay(kDefaultTenant, damaged);
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status)) << status;
  }
}

TEST(SpanShardTest, StatsFollowTheSpans) {
  MemoryStore store;
  SpanHarness spans(&store);
  EXPECT_EQ(spans.shard().HeadBytes(), 0u);
  spans.Append({PlainSpan(1, 1, 1, std::string(1000, 'x')), PlainSpan(1, 2, 1, "")});
  EXPECT_EQ(spans.shard().Stats().head_spans, 2u);
  EXPECT_GT(spans.shard().HeadBytes(), 1000u);
  spans.Seal();
  spans.Append({PlainSpan(1, 3, 1, "")});
  EXPECT_EQ(spans.shard().Stats().head_spans, 3u);
  ASSERT_OK(spans.WriteSealed());
  spans.DropSealed();
  EXPECT_EQ(spans.shard().Stats().head_spans, 1u);
}

TEST(SpanShardTest, ExtremeTimesAreKept) {
  MemoryStore store;
  SpanHarness spans(&store);
  const int64_t earliest = std::numeric_limits<int64_t>::min();
  const int64_t latest = std::numeric_limits<int64_t>::max() - 1;
  spans.Append({PlainSpan(1, 1, latest, "late"), PlainSpan(1, 2, earliest, "early")});
  for (int flushed = 0; flushed < 2; ++flushed) {
    EXPECT_THAT(spans.Names(), ElementsAre("early", "late"));
    spans.Flush();
  }
}

}  // namespace
}  // namespace vigil::storage
