// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_shard.h"

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
#include "tests/storage/logs/log_harness.h"
#include "tests/storage/records/hook_store.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using testing::Everything;
using ::testing::HasSubstr;
using testing::HookStore;
using ::testing::IsEmpty;
using testing::LogHarness;
using testing::OneStream;
using testing::PlainLog;
using vigil::testing::StatusIs;

constexpr int64_t kDayNs = kMillisPerDay * kNanosPerMilli;

std::string Needle(int number) { return "needle" + std::to_string(number); }

int64_t CorruptBlocks() {
  return GetCounter("vigil_corrupt_blocks_total",
                    "Blocks that could not be read and were left out.")
      .Value();
}

// Keys of all log blocks of the default tenant.
std::vector<std::string> BlockKeys(KeyValueStore& store) {
  std::vector<std::string> keys;
  EXPECT_OK(ForEach(store, Family::kLogBlocks,
                    PrefixRange(LogBlockKey::Prefix(kDefaultTenant, LogHarness::kShard)),
                    [&](std::string_view key, std::string_view) {
                      keys.emplace_back(key);
                      return absl::OkStatus();
                    }));
  return keys;
}

TEST(LogShardTest, RecordsOfMemoryAndBlocksComeInOneOrder) {
  MemoryStore store;
  LogHarness logs(&store);
  logs.Append("b", {PlainLog(10, "first"), PlainLog(30, "third")});
  logs.Append("a", {PlainLog(20, "second")});
  logs.Flush();
  logs.Append("a", {PlainLog(40, "fourth"), PlainLog(10, "late")});
  const std::vector<std::string> ascending = {R"({name="a"}#3 late)", R"({name="b"}#1 first)",
                                              R"({name="a"}#1 second)", R"({name="b"}#2 third)",
                                              R"({name="a"}#2 fourth)"};
  EXPECT_EQ(logs.ReadTexts(), ascending);
  std::vector<std::string> descending;
  for (const auto& seen : logs.Read(kDefaultTenant, Everything())) {
    descending.push_back(seen.stream + "#" + std::to_string(seen.number) + " " +
                         ToText(seen.record.body));
  }
  EXPECT_EQ(descending, std::vector<std::string>(ascending.rbegin(), ascending.rend()));
}

TEST(LogShardTest, NumbersContinueAfterARestart) {
  MemoryStore store;
  LogHarness logs(&store);
  EXPECT_EQ(logs.Append("a", {PlainLog(1, "x"), PlainLog(2, "y")}), 1u);
  ASSERT_OK(logs.Restart());
  EXPECT_EQ(logs.Append("a", {PlainLog(3, "z")}), 3u);
  logs.Flush();
  ASSERT_OK(logs.Restart());
  EXPECT_EQ(logs.Append("a", {PlainLog(4, "w")}), 4u);
}

TEST(LogShardTest, NumbersAreTheSameAfterAReplayInAnotherOrder) {
  MemoryStore store;
  LogHarness logs(&store);
  LogBatch first = OneStream("a", {PlainLog(1, "encoded first")});
  LogBatch second = OneStream("a", {PlainLog(1, "encoded second")});
  std::string first_payload;
  std::string second_payload;
  logs.shard().Encode(kDefaultTenant, first, &first_payload);
  logs.shard().Encode(kDefaultTenant, second, &second_payload);
  logs.shard().Apply(kDefaultTenant, std::move(second));
  logs.shard().Apply(kDefaultTenant, std::move(first));
  const std::vector<std::string> before = logs.ReadTexts();
  EXPECT_THAT(before,
              ElementsAre(R"({name="a"}#1 encoded first)", R"({name="a"}#2 encoded second)"));
  logs.journal() = {{kDefaultTenant, second_payload}, {kDefaultTenant, first_payload}};
  ASSERT_OK(logs.Restart());
  EXPECT_EQ(logs.ReadTexts(), before);
}

TEST(LogShardTest, StreamsAreDefinedUntilOneDefinitionIsApplied) {
  MemoryStore store;
  LogHarness logs(&store);
  LogBatch lost = OneStream("a", {PlainLog(1, "never journaled")});
  std::string payload;
  logs.shard().Encode(kDefaultTenant, lost, &payload);
  EXPECT_EQ(logs.Append("a", {PlainLog(2, "kept")}), 2u);
  ASSERT_OK(logs.Restart());
  EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="a"}#2 kept)"));
}

TEST(LogShardTest, StreamThatNobodyWroteToIsNotListed) {
  MemoryStore store;
  LogHarness logs(&store);
  LogBatch lost = OneStream("a", {PlainLog(1, "never journaled")});
  std::string payload;
  logs.shard().Encode(kDefaultTenant, lost, &payload);
  ASSERT_OK_AND_ASSIGN(const std::vector<Labels> streams, logs.shard().Streams(kDefaultTenant, {}));
  EXPECT_THAT(streams, IsEmpty());
}

TEST(LogShardTest, ReplayRefusesWhatIsNoPayload) {
  MemoryStore store;
  LogHarness logs(&store);
  LogBatch batch = OneStream("a", {PlainLog(1, "body"), PlainLog(2, "other")});
  std::string payload;
  logs.shard().Encode(kDefaultTenant, batch, &payload);
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_THAT(logs.shard().Replay(kDefaultTenant, payload.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
  EXPECT_THAT(logs.shard().Replay(kDefaultTenant, payload + "x"),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(logs.shard().Stats().head_records, 0u);
  std::mt19937_64 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = payload;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    const absl::Status status = logs.shard().Replay(kDefaultTenant, damaged);
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status)) << status;
  }
}

TEST(LogShardTest, ReplayRefusesStreamsThatAreNotDefined) {
  MemoryStore store;
  LogHarness logs(&store);
  logs.Append("a", {PlainLog(1, "defines")});
  logs.Append("a", {PlainLog(2, "does not")});
  logs.journal().erase(logs.journal().begin());
  EXPECT_THAT(logs.Restart(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("stream 1 is not defined")));
}

TEST(LogShardTest, ReplayRefusesAnotherDefinitionOfAStream) {
  MemoryStore store;
  LogHarness logs(&store);
  logs.Append("a", {PlainLog(1, "")});
  MemoryStore other_store;
  LogHarness other(&other_store);
  other.Append("b", {PlainLog(1, "")});
  logs.journal().push_back(other.journal().front());
  EXPECT_THAT(logs.Restart(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("log stream 1")));
}

TEST(LogShardTest, PartitionsAreDroppedWithTheirStreams) {
  MemoryStore store;
  LogHarness logs(&store);
  logs.Append("old", {PlainLog(0, "old")});
  logs.Append("both", {PlainLog(kDayNs - 1, "old"), PlainLog(kDayNs, "new")});
  logs.Flush();
  ASSERT_OK(logs.shard().DropBefore(kMillisPerDay - 1));
  EXPECT_EQ(logs.ReadTexts().size(), 3u);
  ASSERT_OK(logs.shard().DropBefore(kMillisPerDay));
  for (int restart = 0; restart < 2; ++restart) {
    EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="both"}#2 new)"));
    ASSERT_OK_AND_ASSIGN(const std::vector<Labels> streams,
                         logs.shard().Streams(kDefaultTenant, {}));
    EXPECT_THAT(streams, ElementsAre(Labels({{"name", "both"}})));
    EXPECT_EQ(BlockKeys(store).size(), 1u);
    ASSERT_OK(logs.Restart());
  }
}

TEST(LogShardTest, NumbersOfStreamsAreNotUsedAgain) {
  MemoryStore store;
  LogHarness logs(&store);
  logs.Append("a", {PlainLog(0, "old")});
  logs.Flush();
  ASSERT_OK(logs.shard().DropBefore(kMillisPerDay));
  ASSERT_OK(logs.Restart());
  logs.Append("a", {PlainLog(kDayNs, "new")});
  logs.Flush();
  const std::vector<std::string> keys = BlockKeys(store);
  ASSERT_EQ(keys.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const LogBlockKey key, LogBlockKey::Decode(keys.front()));
  EXPECT_EQ(key.stream, 2u);
  EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="a"}#1 new)"));
}

TEST(LogShardTest, RecordsInMemorySurviveADropUntilTheyAreFlushed) {
  MemoryStore store;
  LogHarness logs(&store);
  logs.Append("a", {PlainLog(0, "old")});
  ASSERT_OK(logs.shard().DropBefore(kMillisPerDay));
  EXPECT_EQ(logs.ReadTexts().size(), 1u);
  ASSERT_OK(logs.Restart());
  logs.Flush();
  ASSERT_OK(logs.shard().DropBefore(kMillisPerDay));
  EXPECT_THAT(logs.ReadTexts(), IsEmpty());
}

TEST(LogShardTest, StreamOfABatchOnItsWayIsNotRemoved) {
  MemoryStore store;
  LogHarness logs(&store);
  logs.Append("a", {PlainLog(0, "old")});
  LogBatch batch = OneStream("a", {PlainLog(kDayNs, "new")});
  std::string payload;
  logs.shard().Encode(kDefaultTenant, batch, &payload);
  logs.Flush();
  ASSERT_OK(logs.shard().DropBefore(kMillisPerDay));
  logs.journal().emplace_back(kDefaultTenant, payload);
  logs.shard().Apply(kDefaultTenant, std::move(batch));
  EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="a"}#2 new)"));
  ASSERT_OK(logs.Restart());
  EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="a"}#2 new)"));
}

TEST(LogShardTest, DropDuringAFlushIsMadeGoodByTheNext) {
  MemoryStore store;
  LogHarness logs(&store);
  logs.Append("a", {PlainLog(0, "old"), PlainLog(kDayNs, "new")});
  logs.Seal();
  WriteBatch batch;
  ASSERT_OK(logs.shard().WriteSealed(&batch));
  ASSERT_OK(logs.shard().DropBefore(kMillisPerDay));
  ASSERT_OK(store.Write(batch, Durability::kSync));
  logs.DropSealed();
  ASSERT_OK(logs.shard().DropBefore(kMillisPerDay));
  EXPECT_EQ(BlockKeys(store).size(), 1u);
  EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="a"}#2 new)"));
}

TEST(LogShardTest, FlushThatFailedIsWrittenAgain) {
  ASSERT_OK_AND_ASSIGN(const auto store, FaultStore::Wrap(std::make_unique<MemoryStore>()));
  LogHarness logs(store.get());
  logs.Append("a", {PlainLog(1, "x")});
  logs.Seal();
  store->FailAt(FaultStore::Operation::kWrite, 1, absl::ResourceExhaustedError("full"));
  EXPECT_THAT(logs.WriteSealed(), StatusIs(absl::StatusCode::kResourceExhausted));
  logs.Append("a", {PlainLog(2, "y")});
  EXPECT_EQ(logs.ReadTexts().size(), 2u);
  ASSERT_OK(logs.WriteSealed());
  EXPECT_EQ(logs.ReadTexts().size(), 2u);
  logs.DropSealed();
  EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="a"}#1 x)", R"({name="a"}#2 y)"));
  ASSERT_OK(logs.Restart());
  EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="a"}#1 x)", R"({name="a"}#2 y)"));
}

TEST(LogShardTest, CorruptBlockIsReportedAndLeftOut) {
  ASSERT_OK_AND_ASSIGN(const auto store, FaultStore::Wrap(std::make_unique<MemoryStore>()));
  LogHarness logs(store.get(), {.max_block_rows = 1});
  logs.Append("a", {PlainLog(1, "one"), PlainLog(2, "two"), PlainLog(3, "three")});
  logs.Flush();
  const std::vector<std::string> keys = BlockKeys(*store);
  ASSERT_EQ(keys.size(), 3u);
  ASSERT_OK(store->CorruptValue(Family::kLogBlocks, keys[1], 20));
  const int64_t before = CorruptBlocks();
  EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="a"}#1 one)", R"({name="a"}#3 three)"));
  EXPECT_EQ(CorruptBlocks(), before + 1);
}

TEST(LogShardTest, BlocksThatCannotMatchAreNotOpened) {
  ASSERT_OK_AND_ASSIGN(const auto store, FaultStore::Wrap(std::make_unique<MemoryStore>()));
  LogHarness logs(store.get(), {.max_block_rows = 2});
  for (int i = 0; i < 8; ++i) {
    LogRecord record = PlainLog(i * 10, "text with " + Needle(i) + " in it");
    record.trace_id = testing::TraceIdOf(static_cast<uint8_t>(i + 1));
    logs.Append("a", {record});
  }
  logs.Flush();
  // Opening a block is a Get.
  const auto read = [&](const LogSelection& selection) {
    store->FailAt(FaultStore::Operation::kGet, 1, absl::UnavailableError("opened"), 1000);
    return logs.shard().Read(kDefaultTenant, selection,
                             [](const Labels&, uint64_t, const LogRecord&) { return true; });
  };
  LogSelection selection = Everything();
  EXPECT_THAT(read(selection), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("opened")));
  selection.range = {71, 1000};
  EXPECT_OK(read(selection));
  selection.range = {11, 20};  // Between two blocks.
  EXPECT_OK(read(selection));
  selection = Everything();
  selection.required_substrings = {"text with", " absent "};
  EXPECT_OK(read(selection));
  selection = Everything();
  selection.trace_id = testing::TraceIdOf(200);
  EXPECT_OK(read(selection));
}

TEST(LogShardTest, OnlyBlocksUpToTheLimitAreOpened) {
  ASSERT_OK_AND_ASSIGN(const auto store, FaultStore::Wrap(std::make_unique<MemoryStore>()));
  LogHarness logs(store.get(), {.max_block_rows = 2});
  for (int i = 0; i < 20; ++i) logs.Append("a", {PlainLog(i, std::to_string(i))});
  logs.Flush();
  for (const bool newest_first : {false, true}) {
    LogSelection selection = Everything();
    selection.newest_first = newest_first;
    store->FailAt(FaultStore::Operation::kGet, 2, absl::UnavailableError("opened"), 1000);
    EXPECT_EQ(logs.Read(kDefaultTenant, selection, 2).size(), 2u);
  }
}

TEST(LogShardTest, TraceSelectsExactly) {
  MemoryStore store;
  LogHarness logs(&store);
  for (int round = 0; round < 2; ++round) {
    for (uint8_t i = 1; i <= 3; ++i) {
      LogRecord record = PlainLog(round * 10 + i, "r" + std::to_string(round));
      record.trace_id = testing::TraceIdOf(i);
      logs.Append("a", {record});
    }
    if (round == 0) logs.Flush();
  }
  LogSelection selection = Everything();
  selection.trace_id = testing::TraceIdOf(2);
  const auto seen = logs.Read(kDefaultTenant, selection);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].record.time_ns, 12);
  EXPECT_EQ(seen[1].record.time_ns, 2);
}

// A flush between the reader's look at memory and its snapshot must neither hide nor repeat.
TEST(LogShardTest, FlushWhileAReadBeginsIsNotSeen) {
  HookStore store(std::make_unique<MemoryStore>());
  LogHarness logs(&store);
  logs.Append("a", {PlainLog(1, "flushed before")});
  logs.Flush();
  logs.Append("a", {PlainLog(2, "in memory"), PlainLog(1, "late")});
  store.BeforeSnapshot([&] {
    logs.Append("a", {PlainLog(3, "just arrived")});
    logs.Flush();
  });
  LogSelection selection = Everything();
  selection.newest_first = false;
  std::vector<uint64_t> numbers;
  for (const auto& seen : logs.Read(kDefaultTenant, selection)) numbers.push_back(seen.number);
  // What arrived meanwhile may be seen or not.
  if (numbers.size() == 4) numbers.pop_back();
  EXPECT_THAT(numbers, ElementsAre(1, 3, 2));
}

TEST(LogShardTest, FlushInTheMidstOfAReadChangesNothing) {
  MemoryStore store;
  LogHarness logs(&store, {.max_block_rows = 2});
  for (int i = 0; i < 10; ++i) logs.Append("a", {PlainLog(i, std::to_string(i))});
  logs.Flush();
  for (int i = 10; i < 20; ++i) logs.Append("a", {PlainLog(i, std::to_string(i))});
  std::vector<int64_t> times;
  LogSelection selection = Everything();
  selection.newest_first = false;
  ASSERT_OK(logs.shard().Read(kDefaultTenant, selection,
                              [&](const Labels&, uint64_t, const LogRecord& record) {
                                times.push_back(record.time_ns);
                                if (times.size() % 5 == 0) {
                                  logs.Append("a", {PlainLog(100, "more")});
                                  logs.Flush();
                                }
                                return true;
                              }));
  ASSERT_EQ(times.size(), 20u);
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(times[static_cast<size_t>(i)], i);
}

TEST(LogShardTest, TenantsAndShardsAreApart) {
  MemoryStore store;
  LogHarness logs(&store);
  const auto other_shard = LogShard::Create(LogHarness::kShard + 1, &store, {});
  ASSERT_OK(other_shard->Load());
  logs.Append(TenantId{1}, OneStream("a", {PlainLog(1, "tenant 1")}));
  logs.Append(TenantId{2}, OneStream("a", {PlainLog(0, "tenant 2")}));
  logs.Flush();
  for (int restart = 0; restart < 2; ++restart) {
    ASSERT_EQ(logs.Read(TenantId{1}, Everything()).size(), 1u);
    EXPECT_EQ(ToText(logs.Read(TenantId{1}, Everything())[0].record.body), "tenant 1");
    EXPECT_THAT(logs.Read(TenantId{3}, Everything()), IsEmpty());
    ASSERT_OK_AND_ASSIGN(const auto streams, other_shard->Streams(TenantId{1}, {}));
    EXPECT_THAT(streams, IsEmpty());
    ASSERT_OK(logs.Restart());
  }
}

TEST(LogShardTest, StatsFollowTheRecords) {
  MemoryStore store;
  LogHarness logs(&store);
  EXPECT_EQ(logs.shard().HeadBytes(), 0u);
  logs.Append("a", {PlainLog(1, std::string(1000, 'x')), PlainLog(2, "y")});
  logs.Append("b", {PlainLog(1, "z")});
  EXPECT_EQ(logs.shard().Stats().streams, 2u);
  EXPECT_EQ(logs.shard().Stats().head_records, 3u);
  EXPECT_GT(logs.shard().HeadBytes(), 1000u);
  logs.Seal();
  EXPECT_EQ(logs.shard().Stats().head_records, 3u);
  ASSERT_OK(logs.WriteSealed());
  logs.DropSealed();
  EXPECT_EQ(logs.shard().Stats().head_records, 0u);
  EXPECT_EQ(logs.shard().HeadBytes(), 0u);
  EXPECT_EQ(logs.shard().Stats().streams, 2u);
}

TEST(LogShardTest, StreamsMatchAndAreSorted) {
  MemoryStore store;
  LogHarness logs(&store);
  for (const char* name : {"c", "a", "b", "a"}) logs.Append(name, {PlainLog(1, "")});
  ASSERT_OK_AND_ASSIGN(const Matcher not_b, Matcher::Create(MatchType::kNotRegex, "name", "b|x"));
  ASSERT_OK_AND_ASSIGN(const auto streams, logs.shard().Streams(kDefaultTenant, {not_b}));
  EXPECT_THAT(streams, ElementsAre(Labels({{"name", "a"}}), Labels({{"name", "c"}})));
}

TEST(LogShardTest, ExtremeTimesAreKept) {
  MemoryStore store;
  LogHarness logs(&store);
  const int64_t earliest = std::numeric_limits<int64_t>::min();
  const int64_t latest = std::numeric_limits<int64_t>::max() - 1;
  logs.Append("a", {PlainLog(latest, "late"), PlainLog(earliest, "early"), PlainLog(-1, "mid")});
  for (int flushed = 0; flushed < 2; ++flushed) {
    EXPECT_THAT(logs.ReadTexts(), ElementsAre(R"({name="a"}#2 early)", R"({name="a"}#3 mid)",
                                              R"({name="a"}#1 late)"));
    EXPECT_EQ(logs.Read(kDefaultTenant, Everything())[0].record.time_ns, latest);
    logs.Flush();
  }
}

}  // namespace
}  // namespace vigil::storage
