// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/kv/kv_conformance.h"

#include <array>
#include <atomic>
#include <filesystem>
#include <map>
#include <random>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {

using testing::StatusIs;

std::string FreshDirectory(std::string_view name) {
  const ::testing::TestInfo* info = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string path =
      fmt::format("{}/{}.{}.{}", ::testing::TempDir(), info->test_suite_name(), info->name(), name);
  for (char& c : path) {
    if (c == '/' && &c > &path[::testing::TempDir().size()]) c = '_';
  }
  std::filesystem::remove_all(path);
  return path;
}

std::string Dump(KeyValueStore& store, Family family, KeyRange range,
                 const KeyValueSnapshot* snapshot) {
  std::string text;
  const absl::Status status = ForEach(
      store, family, std::move(range),
      [&](std::string_view key, std::string_view value) {
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, value);
        return absl::OkStatus();
      },
      snapshot);
  EXPECT_OK(status);
  return text;
}

std::string DumpBackwards(KeyValueStore& store, Family family, KeyRange range) {
  std::string text;
  const auto iterator = store.NewIterator(family, std::move(range));
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", iterator->key(), iterator->value());
  }
  EXPECT_OK(iterator->status());
  return text;
}

void KvConformanceTest::SetUp() {
  directory_ = FreshDirectory("store");
  ASSERT_OK_AND_ASSIGN(store_, GetParam().open(directory_));
}

void KvConformanceTest::Reopen() {
  store_.reset();
  ASSERT_OK_AND_ASSIGN(store_, GetParam().open(directory_));
}

void KvConformanceTest::Put(Family family, const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    const size_t equals = entry.find('=');
    WriteBatch batch;
    batch.Put(family, entry.substr(0, equals), entry.substr(equals + 1));
    ASSERT_OK(store_->Write(batch, Durability::kNoSync));
  }
}

namespace {

std::string GetOr(KeyValueStore& store, Family family, std::string_view key,
                  const KeyValueSnapshot* snapshot = nullptr) {
  const auto value = store.Get(family, key, snapshot);
  if (!value.ok()) return value.status().ToString();
  return value->value_or("(none)");
}

TEST_P(KvConformanceTest, GetsWhatWasPut) {
  Put(Family::kMeta, {"a=1", "b="});
  EXPECT_EQ(GetOr(*store_, Family::kMeta, "a"), "1");
  EXPECT_EQ(GetOr(*store_, Family::kMeta, "b"), "");
  EXPECT_EQ(GetOr(*store_, Family::kMeta, "c"), "(none)");
}

TEST_P(KvConformanceTest, FamiliesAreApart) {
  for (int i = 0; i < kFamilyCount; ++i) {
    Put(static_cast<Family>(i), {fmt::format("same key of this length={}", i)});
  }
  for (int i = 0; i < kFamilyCount; ++i) {
    EXPECT_EQ(Dump(*store_, static_cast<Family>(i)), fmt::format("same key of this length={}", i));
  }
}

TEST_P(KvConformanceTest, KeysAreOrderedAsUnsignedBytes) {
  const std::string zero(1, '\0');
  Put(Family::kState, {"\xFF=4", "\x7F=2", "\x80=3", zero + "=1", "=0"});
  EXPECT_EQ(Dump(*store_, Family::kState), "=0 " + zero + "=1 \x7F=2 \x80=3 \xFF=4");
}

TEST_P(KvConformanceTest, ChangesOfABatchApplyInTheirOrder) {
  Put(Family::kState, {"a=0", "b=0", "c=0"});
  WriteBatch batch;
  batch.Put(Family::kState, "a", "1");
  batch.DeleteRange(Family::kState, "a", "c");
  batch.Put(Family::kState, "b", "2");
  batch.Put(Family::kState, "d", "2");
  batch.Delete(Family::kState, "d");
  batch.Put(Family::kMeta, "other", "2");
  ASSERT_OK(store_->Write(batch, Durability::kSync));
  EXPECT_EQ(Dump(*store_, Family::kState), "b=2 c=0");
  EXPECT_EQ(Dump(*store_, Family::kMeta), "other=2");
}

TEST_P(KvConformanceTest, RangeThatEndsBeforeItBeginsIsRefusedWithItsBatch) {
  Put(Family::kState, {"a=0", "b=0"});
  WriteBatch batch;
  batch.Put(Family::kState, "c", "1");
  batch.DeleteRange(Family::kState, "b", "a");
  EXPECT_THAT(store_->Write(batch, Durability::kSync),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->DropRange(Family::kState, "b", ""),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Dump(*store_, Family::kState), "a=0 b=0");
  Put(Family::kState, {"d=0"});
}

TEST_P(KvConformanceTest, EmptyRangeAndEmptyBatchChangeNothing) {
  Put(Family::kState, {"a=0"});
  WriteBatch batch;
  ASSERT_OK(store_->Write(batch, Durability::kSync));
  batch.DeleteRange(Family::kState, "a", "a");
  batch.Delete(Family::kState, "was never there");
  ASSERT_OK(store_->Write(batch, Durability::kSync));
  ASSERT_OK(store_->DropRange(Family::kState, "a", "a"));
  EXPECT_EQ(Dump(*store_, Family::kState), "a=0");
}

TEST_P(KvConformanceTest, DeletedRangeStaysDeletedAcrossFlushes) {
  Put(Family::kJournal, {"a=0", "b=0", "c=0"});
  ASSERT_OK(store_->Flush());
  WriteBatch batch;
  batch.DeleteRange(Family::kJournal, "a", "c");
  ASSERT_OK(store_->Write(batch, Durability::kNoSync));
  EXPECT_EQ(Dump(*store_, Family::kJournal), "c=0");
  Put(Family::kJournal, {"b=1"});
  ASSERT_OK(store_->Flush());
  EXPECT_EQ(Dump(*store_, Family::kJournal), "b=1 c=0");
  EXPECT_EQ(GetOr(*store_, Family::kJournal, "a"), "(none)");
}

TEST_P(KvConformanceTest, WalkStaysInItsRange) {
  Put(Family::kSeries, {"a=1", "b=2", "c=3", "d=4"});
  EXPECT_EQ(Dump(*store_, Family::kSeries, {"b", "d"}), "b=2 c=3");
  EXPECT_EQ(Dump(*store_, Family::kSeries, {"bb", ""}), "c=3 d=4");
  EXPECT_EQ(Dump(*store_, Family::kSeries, {"", "b"}), "a=1");
  EXPECT_EQ(Dump(*store_, Family::kSeries, {"b", "b"}), "");
  EXPECT_EQ(Dump(*store_, Family::kSeries, {"d", "b"}), "");
  EXPECT_EQ(Dump(*store_, Family::kSeries, {"e", ""}), "");
  EXPECT_EQ(DumpBackwards(*store_, Family::kSeries, {"b", "d"}), "c=3 b=2");
  EXPECT_EQ(DumpBackwards(*store_, Family::kSeries), "d=4 c=3 b=2 a=1");
  EXPECT_EQ(DumpBackwards(*store_, Family::kSeries, {"aa", "b"}), "");
  EXPECT_EQ(DumpBackwards(*store_, Family::kSeries, {"d", "b"}), "");
}

TEST_P(KvConformanceTest, SeekClampsToTheRange) {
  Put(Family::kSeries, {"a=1", "b=2", "d=4", "e=5"});
  const auto iterator = store_->NewIterator(Family::kSeries, {"b", "e"});
  iterator->Seek("");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "b");
  iterator->Seek("c");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "d");
  iterator->Prev();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "b");
  iterator->Prev();
  EXPECT_FALSE(iterator->Valid());
  iterator->Seek("d");
  ASSERT_TRUE(iterator->Valid());
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
  for (const char* beyond : {"e", "f"}) {
    iterator->Seek(beyond);
    EXPECT_FALSE(iterator->Valid()) << beyond;
  }
  EXPECT_OK(iterator->status());
}

TEST_P(KvConformanceTest, WalkThatSparesTheCacheSeesTheSame) {
  Put(Family::kBlocks, {"a=1", "b=2"});
  ASSERT_OK(store_->Flush());
  const auto iterator = store_->NewIterator(Family::kBlocks, {"b", ""}, nullptr, CacheUse::kSpare);
  iterator->Seek("b");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->value(), "2");
}

TEST_P(KvConformanceTest, CompactingARangeChangesNothingThatIsRead) {
  Put(Family::kBlocks, {"a=1", "b=2", "c=3", "d=4"});
  ASSERT_OK(store_->Flush());
  Put(Family::kBlocks, {"b=5"});
  ASSERT_OK(store_->Compact(Family::kBlocks, {"b", "d"}));
  ASSERT_OK(store_->Compact(Family::kBlocks, {"x", "y"}));
  ASSERT_OK(store_->Compact(Family::kState));
  EXPECT_EQ(DumpBackwards(*store_, Family::kBlocks), "d=4 c=3 b=5 a=1");
}

TEST_P(KvConformanceTest, IteratorDoesNotSeeLaterWrites) {
  Put(Family::kState, {"a=1", "b=1"});
  const auto iterator = store_->NewIterator(Family::kState, {});
  Put(Family::kState, {"a=2", "c=2"});
  WriteBatch batch;
  batch.Delete(Family::kState, "b");
  ASSERT_OK(store_->Write(batch, Durability::kNoSync));
  std::string seen;
  for (iterator->Seek(""); iterator->Valid(); iterator->Next()) {
    seen += fmt::format("{}={} ", iterator->key(), iterator->value());
  }
  EXPECT_EQ(seen, "a=1 b=1 ");
  EXPECT_EQ(Dump(*store_, Family::kState), "a=2 c=2");
}

TEST_P(KvConformanceTest, SnapshotHoldsAllFamiliesStill) {
  Put(Family::kState, {"a=1"});
  Put(Family::kMeta, {"m=1"});
  const auto snapshot = store_->NewSnapshot();
  Put(Family::kState, {"a=2", "b=2"});
  Put(Family::kMeta, {"m=2"});
  WriteBatch batch;
  batch.DeleteRange(Family::kMeta, "a", "z");
  ASSERT_OK(store_->Write(batch, Durability::kNoSync));
  ASSERT_OK(store_->Flush());
  EXPECT_EQ(GetOr(*store_, Family::kState, "a", snapshot.get()), "1");
  EXPECT_EQ(GetOr(*store_, Family::kState, "b", snapshot.get()), "(none)");
  EXPECT_EQ(Dump(*store_, Family::kState, {}, snapshot.get()), "a=1");
  EXPECT_EQ(Dump(*store_, Family::kMeta, {}, snapshot.get()), "m=1");
  EXPECT_EQ(Dump(*store_, Family::kMeta), "");
}

TEST_P(KvConformanceTest, IngestOverwritesAndIsOverwritten) {
  Put(Family::kBlocks, {"a=1", "c=1"});
  ASSERT_OK(
      store_->Ingest(Family::kBlocks, {{"b", "2"}, {"c", "2"}, {"d", "2"}}, TableEffort::kQuick));
  EXPECT_EQ(Dump(*store_, Family::kBlocks), "a=1 b=2 c=2 d=2");
  Put(Family::kBlocks, {"b=3"});
  ASSERT_OK(store_->Ingest(Family::kBlocks, {{"d", "4"}}, TableEffort::kQuick));
  EXPECT_EQ(Dump(*store_, Family::kBlocks), "a=1 b=3 c=2 d=4");
  ASSERT_OK(store_->Flush());
  EXPECT_EQ(Dump(*store_, Family::kBlocks), "a=1 b=3 c=2 d=4");
}

TEST_P(KvConformanceTest, IngestIsNotSeenByEarlierSnapshots) {
  Put(Family::kBlocks, {"a=1"});
  const auto snapshot = store_->NewSnapshot();
  ASSERT_OK(store_->Ingest(Family::kBlocks, {{"a", "2"}, {"b", "2"}}, TableEffort::kQuick));
  EXPECT_EQ(Dump(*store_, Family::kBlocks, {}, snapshot.get()), "a=1");
}

TEST_P(KvConformanceTest, IngestRefusesKeysOutOfOrder) {
  EXPECT_OK(store_->Ingest(Family::kBlocks, {}, TableEffort::kQuick));
  EXPECT_THAT(store_->Ingest(Family::kBlocks, {{"b", "1"}, {"a", "1"}}, TableEffort::kQuick),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->Ingest(Family::kBlocks, {{"b", "1"}, {"b", "2"}}, TableEffort::kQuick),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Dump(*store_, Family::kBlocks), "");
}

TEST_P(KvConformanceTest, DropRangeRemovesFromFilesAndMemory) {
  Put(Family::kBlocks, {"a=1", "c=1"});
  ASSERT_OK(store_->Flush());
  ASSERT_OK(
      store_->Ingest(Family::kBlocks, {{"b", "2"}, {"ba", "2"}, {"bb", "2"}}, TableEffort::kQuick));
  Put(Family::kBlocks, {"b=3", "bz=3"});
  ASSERT_OK(store_->DropRange(Family::kBlocks, "b", "c"));
  EXPECT_EQ(Dump(*store_, Family::kBlocks), "a=1 c=1");
  Put(Family::kBlocks, {"b=4"});
  EXPECT_EQ(Dump(*store_, Family::kBlocks), "a=1 b=4 c=1");
}

TEST_P(KvConformanceTest, TraceIsFoundByPrefixAcrossFiles) {
  std::string expected;
  const TraceId wanted = TraceId::FromHexText("000000000000000000000000000000ff");
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) {
    WriteBatch batch;
    for (uint8_t last : {0xFE, 0xFF}) {
      TraceIndexKey key = {.trace_id = wanted, .sequence = sequence};
      key.trace_id.bytes.back() = last;
      batch.Put(Family::kTraceIndex, key.Encode(), "");
    }
    ASSERT_OK(store_->Write(batch, Durability::kNoSync));
    ASSERT_OK(store_->Flush());
  }
  std::vector<uint64_t> found;
  const std::string prefix = TraceIndexKey::Prefix(kDefaultTenant, wanted);
  ASSERT_OK(ForEach(*store_, Family::kTraceIndex, PrefixRange(prefix),
                    [&](std::string_view key, std::string_view) {
                      const auto decoded = TraceIndexKey::Decode(key);
                      EXPECT_OK(decoded);
                      found.push_back(decoded->sequence);
                      return absl::OkStatus();
                    }));
  EXPECT_EQ(found, (std::vector<uint64_t>{1, 2, 3}));
  const auto all = store_->NewIterator(Family::kTraceIndex, {});
  all->SeekToLast();
  ASSERT_TRUE(all->Valid());
  EXPECT_EQ(TraceIndexKey::Decode(all->key())->sequence, 3u);
}

TEST_P(KvConformanceTest, ApproximateBytesGrow) {
  ASSERT_OK_AND_ASSIGN(const uint64_t before, store_->ApproximateBytes(Family::kLogBlocks));
  std::mt19937_64 random(7);
  WriteBatch batch;
  for (int i = 0; i < 1000; ++i) {
    batch.Put(Family::kLogBlocks, fmt::format("{:04}", i), fmt::format("{:016x}", random()));
  }
  ASSERT_OK(store_->Write(batch, Durability::kNoSync));
  ASSERT_OK(store_->Flush());
  ASSERT_OK_AND_ASSIGN(const uint64_t after, store_->ApproximateBytes(Family::kLogBlocks));
  EXPECT_GT(after, before + 8000);
}

TEST_P(KvConformanceTest, OpeningAgainFindsEverything) {
  if (!GetParam().persistent) GTEST_SKIP() << "not on disk";
  Put(Family::kState, {"a=1", "b=1"});
  ASSERT_OK(store_->Flush());
  ASSERT_OK(store_->Ingest(Family::kBlocks, {{"i", "1"}}, TableEffort::kQuick));
  Put(Family::kState, {"b=2", "c=2"});
  Reopen();
  EXPECT_EQ(Dump(*store_, Family::kState), "a=1 b=2 c=2");
  EXPECT_EQ(Dump(*store_, Family::kBlocks), "i=1");
}

// Against a model: whatever the order of operations, the store holds what a map would hold.
TEST_P(KvConformanceTest, AgreesWithAMapOverRandomOperations) {
  std::mt19937 random(42);
  std::map<std::string, std::string> model;
  const auto key = [&] { return fmt::format("{:02}", random() % 50); };
  for (int step = 0; step < 400; ++step) {
    const std::string value = std::to_string(step);
    std::string first = key(), second = key();
    if (second < first) std::swap(first, second);
    WriteBatch batch;
    switch (random() % 12) {
      case 0:
        batch.DeleteRange(Family::kSeries, first, second);
        model.erase(model.lower_bound(first), model.lower_bound(second));
        break;
      case 1:
        ASSERT_OK(store_->DropRange(Family::kSeries, first, second));
        model.erase(model.lower_bound(first), model.lower_bound(second));
        break;
      case 2:
        ASSERT_OK(store_->Ingest(Family::kSeries, {{first, value}, {second + "x", value}},
                                 TableEffort::kQuick));
        model[first] = model[second + "x"] = value;
        break;
      case 3:
        if (step % 4 == 0) {
          ASSERT_OK(store_->Flush());
        }
        break;
      case 4:
        batch.Delete(Family::kSeries, first);
        model.erase(first);
        break;
      default:
        batch.Put(Family::kSeries, first, value);
        model[first] = value;
    }
    ASSERT_OK(store_->Write(batch, Durability::kNoSync));
    if (step % 20 == 0) {
      std::string expected;
      for (const auto& [k, v] : model) {
        expected += fmt::format("{}{}={}", expected.empty() ? "" : " ", k, v);
      }
      ASSERT_EQ(Dump(*store_, Family::kSeries), expected) << "step " << step;
    }
  }
}

// Each writer moves its own number through two families in one batch; no reader may ever see the
// families differ, and every write must be there in the end.
TEST_P(KvConformanceTest, ConcurrentBatchesAreAtomic) {
  constexpr int kWriters = 3;
  constexpr int kRounds = 100;
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    while (!done.load()) {
      const auto snapshot = store_->NewSnapshot();
      if (Dump(*store_, Family::kState, {}, snapshot.get()) !=
          Dump(*store_, Family::kMeta, {}, snapshot.get())) {
        torn.fetch_add(1);
      }
    }
  });
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int round = 1; round <= kRounds; ++round) {
        WriteBatch batch;
        batch.Put(Family::kState, std::to_string(w), std::to_string(round));
        batch.Put(Family::kMeta, std::to_string(w), std::to_string(round));
        EXPECT_OK(store_->Write(batch, round % 10 == 0 ? Durability::kSync : Durability::kNoSync));
        if (round % 25 == 0) {
          EXPECT_OK(store_->SyncLog());
        }
        if (w == 0 && round == kRounds / 2) {
          EXPECT_OK(store_->Flush());
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  done.store(true);
  reader.join();
  EXPECT_EQ(torn.load(), 0);
  EXPECT_EQ(Dump(*store_, Family::kState), "0=100 1=100 2=100");
}

}  // namespace
}  // namespace vigil::storage
