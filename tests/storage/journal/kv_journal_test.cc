// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/kv_journal.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/kv/fault_store.h"
#include "storage/kv/keys.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/record_keys.h"
#include "storage/kv/rocksdb_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

constexpr uint8_t kShard = 3;

// "position:entry" of everything behind `after`.
std::string Contents(Journal& journal, JournalPosition after = 0) {
  std::string text;
  EXPECT_OK(journal.Replay(after, [&](JournalPosition position, std::string_view entry) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", position, entry);
    return absl::OkStatus();
  }));
  return text;
}

std::unique_ptr<KvJournal> OpenOn(KeyValueStore* store, uint8_t shard = kShard,
                                  Durability durability = Durability::kSync) {
  auto journal = KvJournal::Open(store, shard, durability);
  EXPECT_OK(journal);
  return journal.ok() ? *std::move(journal) : nullptr;
}

void Append(Journal& journal, const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) ASSERT_OK(journal.Append(entry));
}

void Trim(KeyValueStore& store, Journal& journal, JournalPosition through) {
  WriteBatch batch;
  journal.AddTrim(through, &batch);
  ASSERT_OK(store.Write(batch, Durability::kSync));
}

// On both stores; with RocksDB, opening again is what a restart does.
class KvJournalTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '_');
    directory_ = ::testing::TempDir() + "/journal." + name;
    std::filesystem::remove_all(directory_);
    store_ = std::make_unique<MemoryStore>();
    Reopen();
  }
  void Reopen() {
    journal_.reset();
    if (GetParam()) {
      store_.reset();
      ASSERT_OK_AND_ASSIGN(store_, OpenRocksDb({.directory = directory_}));
    }
    journal_ = OpenOn(store_.get());
    ASSERT_NE(journal_, nullptr);
  }

  std::string directory_;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<KvJournal> journal_;
};

INSTANTIATE_TEST_SUITE_P(Stores, KvJournalTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "RocksDb" : "Memory"; });

TEST_P(KvJournalTest, ReplaysExactlyWhatWasAppendedAfterReopening) {
  EXPECT_EQ(journal_->LastPosition(), 0u);
  EXPECT_EQ(Contents(*journal_), "");
  const std::string binary("\0\xFF\n", 3);
  Append(*journal_, {"a", "", binary});
  EXPECT_EQ(journal_->LastPosition(), 3u);
  Reopen();
  EXPECT_EQ(journal_->LastPosition(), 3u);
  Append(*journal_, {"d"});
  EXPECT_EQ(Contents(*journal_), "1:a 2: 3:" + binary + " 4:d");
  EXPECT_EQ(Contents(*journal_, 3), "4:d");
  EXPECT_EQ(Contents(*journal_, 4), "");
  EXPECT_EQ(Contents(*journal_, ~JournalPosition{0}), "");
}

TEST_P(KvJournalTest, TrimsForgetForGoodAndPositionsGoOn) {
  Append(*journal_, {"a", "b", "c"});
  Trim(*store_, *journal_, 2);
  EXPECT_EQ(Contents(*journal_), "3:c");
  Trim(*store_, *journal_, 3);
  EXPECT_EQ(Contents(*journal_), "");
  Reopen();
  EXPECT_EQ(journal_->LastPosition(), 3u);
  Append(*journal_, {"d"});
  Reopen();
  EXPECT_EQ(Contents(*journal_), "4:d");
}

TEST_P(KvJournalTest, TrimWhoseBatchWasNotWrittenIsMadeUpFor) {
  Append(*journal_, {"a", "b", "c", "d"});
  WriteBatch lost;
  journal_->AddTrim(2, &lost);
  Trim(*store_, *journal_, 3);
  EXPECT_EQ(Contents(*journal_), "4:d");
}

TEST_P(KvJournalTest, TrimGoesNeitherBackNorBeyondTheEnd) {
  Append(*journal_, {"a", "b"});
  Trim(*store_, *journal_, 100);
  Append(*journal_, {"c"});
  WriteBatch batch;
  journal_->AddTrim(1, &batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(Contents(*journal_), "3:c");
  Reopen();
  EXPECT_EQ(journal_->LastPosition(), 3u);
}

TEST_P(KvJournalTest, ShardsAreApart) {
  const auto below = OpenOn(store_.get(), kShard - 1);
  const auto last = OpenOn(store_.get(), 255);
  Append(*below, {"x", "y"});
  Append(*last, {"z"});
  Append(*journal_, {"a"});
  Trim(*store_, *below, 1);
  EXPECT_EQ(Contents(*below), "2:y");
  EXPECT_EQ(Contents(*journal_), "1:a");
  EXPECT_EQ(Contents(*last), "1:z");
  EXPECT_EQ(OpenOn(store_.get(), 255)->LastPosition(), 1u);
}

TEST_P(KvJournalTest, ConcurrentAppendsAreAllThereInTheOrderOfTheirPositions) {
  constexpr int kThreads = 4;
  constexpr int kEntries = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      JournalPosition before = 0;
      for (int i = 0; i < kEntries; ++i) {
        const auto position = journal_->Append(fmt::format("{}/{}", t, i));
        ASSERT_OK(position);
        EXPECT_GT(*position, before);
        before = *position;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(journal_->LastPosition(), static_cast<JournalPosition>(kThreads * kEntries));
  Reopen();
  std::vector<int> next(kThreads);
  JournalPosition expected = 0;
  ASSERT_OK(journal_->Replay(0, [&](JournalPosition position, std::string_view entry) {
    EXPECT_EQ(position, ++expected);
    const int t = entry[0] - '0';
    EXPECT_EQ(entry, fmt::format("{}/{}", t, next[t]++));
    return absl::OkStatus();
  }));
  EXPECT_EQ(next, std::vector<int>(kThreads, kEntries));
}

TEST_P(KvJournalTest, ReplayStopsAtTheVisitorsFailure) {
  Append(*journal_, {"a", "b", "c"});
  int visits = 0;
  EXPECT_THAT(journal_->Replay(0,
                               [&](JournalPosition, std::string_view) {
                                 return ++visits == 2 ? absl::AbortedError("stop")
                                                      : absl::OkStatus();
                               }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(visits, 2);
}

class KvJournalFaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(store_, FaultStore::Wrap(std::make_unique<MemoryStore>()));
  }
  std::string KeyOf(JournalPosition position) {
    return JournalKey{.shard = kShard, .position = position}.Encode();
  }
  std::unique_ptr<FaultStore> store_;
};

TEST_F(KvJournalFaultTest, AnyDamagedByteIsDataLossThatNamesThePosition) {
  const auto journal = OpenOn(store_.get());
  Append(*journal, {"first", "second", "third"});
  for (size_t byte = 0; byte < 4 + std::string("second").size(); ++byte) {
    ASSERT_OK(store_->CorruptValue(Family::kJournal, KeyOf(2), byte));
    std::string before;
    const absl::Status status = journal->Replay(0, [&](JournalPosition, std::string_view entry) {
      before += entry;
      return absl::OkStatus();
    });
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss, HasSubstr("entry 2 of shard 3")));
    EXPECT_EQ(before, "first");
    EXPECT_EQ(Contents(*journal, 2), "3:third");
    ASSERT_OK(store_->CorruptValue(Family::kJournal, KeyOf(2), byte));  // And back.
  }
  EXPECT_EQ(Contents(*journal), "1:first 2:second 3:third");
}

TEST_F(KvJournalFaultTest, EntryUnderAnothersPositionIsDataLoss) {
  const auto journal = OpenOn(store_.get());
  Append(*journal, {"a"});
  WriteBatch batch;
  batch.Put(Family::kJournal, KeyOf(2), **store_->Get(Family::kJournal, KeyOf(1)));
  ASSERT_OK(store_->Write(batch, Durability::kSync));
  const auto visit = [](JournalPosition, std::string_view) { return absl::OkStatus(); };
  EXPECT_THAT(journal->Replay(0, visit), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(KvJournalFaultTest, HostileRowsAreDataLoss) {
  WriteBatch batch;
  batch.Put(Family::kJournal, KeyOf(1), "abc");
  ASSERT_OK(store_->Write(batch, Durability::kSync));
  const auto visit = [](JournalPosition, std::string_view) { return absl::OkStatus(); };
  EXPECT_THAT(OpenOn(store_.get())->Replay(0, visit), StatusIs(absl::StatusCode::kDataLoss));
  const auto open = [&] { return KvJournal::Open(store_.get(), kShard, Durability::kSync); };
  for (const std::string& key : {KeyOf(2) + "x", KeyOf(~JournalPosition{0})}) {
    batch.Clear();
    batch.Put(Family::kJournal, key, "");
    ASSERT_OK(store_->Write(batch, Durability::kSync));
    EXPECT_THAT(open(), StatusIs(absl::StatusCode::kDataLoss)) << ToHex(key);
    batch.Clear();
    batch.Delete(Family::kJournal, key);
    ASSERT_OK(store_->Write(batch, Durability::kSync));
  }
  batch.Clear();
  batch.Put(Family::kMeta, "journal/3", "short");
  ASSERT_OK(store_->Write(batch, Durability::kSync));
  EXPECT_THAT(open(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("journal 3")));
}

TEST_F(KvJournalFaultTest, FailedAppendLeavesAGapThatReplayPasses) {
  const auto journal = OpenOn(store_.get());
  store_->FailAt(FaultStore::Operation::kWrite, 2, absl::ResourceExhaustedError("disk full"));
  EXPECT_OK(journal->Append("a"));
  EXPECT_THAT(journal->Append("b"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(journal->LastPosition(), 1u);
  EXPECT_OK(journal->Append("c"));
  EXPECT_EQ(Contents(*journal), "1:a 3:c");
}

TEST_F(KvJournalFaultTest, WhatFailedIsGoneOnceALaterAppendSucceeded) {
  const auto journal = OpenOn(store_.get());
  EXPECT_OK(journal->Append("a"));
  // The entries are there; only their syncs fail.
  store_->FailAt(FaultStore::Operation::kSync, 1, absl::UnavailableError("sick disk"), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(journal->Append("failed"), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(Contents(*OpenOn(store_.get())), "1:a 4:failed") << "each append removes those before";
  EXPECT_OK(journal->Append("b"));
  EXPECT_EQ(Contents(*journal), "1:a 5:b");
  ASSERT_OK_AND_ASSIGN(const auto after, store_->AfterPowerLoss());
  EXPECT_EQ(Contents(*OpenOn(after.get())), "1:a 5:b");
}

TEST_F(KvJournalFaultTest, FailuresOfManyThreadsTakeNoEntryThatWasAcknowledged) {
  const auto journal = OpenOn(store_.get());
  constexpr int kThreads = 4;
  std::atomic<int> failures = 0;
  std::vector<std::set<std::string>> acknowledged(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        if (i % 10 == t) {
          store_->FailAt(FaultStore::Operation::kSync, 1, absl::UnavailableError("sick disk"), 2);
        }
        const auto position = journal->Append(fmt::format("{}/{}", t, i));
        failures += !position.ok();
        if (position.ok()) acknowledged[t].insert(fmt::format("{}:{}/{}", *position, t, i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(failures, 0);
  store_->ClearFaults();
  ASSERT_OK_AND_ASSIGN(const JournalPosition last, journal->Append("last"));
  std::set<std::string> expected = {fmt::format("{}:last", last)};
  for (const std::set<std::string>& some : acknowledged) expected.insert(some.begin(), some.end());
  std::set<std::string> found;
  ASSERT_OK(OpenOn(store_.get())->Replay(0, [&](JournalPosition position, std::string_view entry) {
    found.insert(fmt::format("{}:{}", position, entry));
    return absl::OkStatus();
  }));
  EXPECT_EQ(found, expected);
}

TEST_F(KvJournalFaultTest, PowerLossKeepsEverySyncedEntry) {
  const auto journal = OpenOn(store_.get());
  Append(*journal, {"a", "b", "c"});
  Trim(*store_, *journal, 1);
  ASSERT_OK_AND_ASSIGN(const auto after, store_->AfterPowerLoss());
  const auto recovered = OpenOn(after.get());
  EXPECT_EQ(Contents(*recovered), "2:b 3:c");
  EXPECT_EQ(recovered->LastPosition(), 3u);
}

TEST_F(KvJournalFaultTest, PowerLossTakesUnsyncedEntriesFromTheEndOnly) {
  const auto journal = OpenOn(store_.get(), kShard, Durability::kNoSync);
  Append(*journal, {"a", "b"});
  ASSERT_OK(store_->SyncLog());
  Append(*journal, {"c"});
  ASSERT_OK_AND_ASSIGN(const auto killed, store_->AfterKill());
  EXPECT_EQ(Contents(*OpenOn(killed.get())), "1:a 2:b 3:c");
  ASSERT_OK_AND_ASSIGN(const auto after, store_->AfterPowerLoss());
  EXPECT_EQ(Contents(*OpenOn(after.get())), "1:a 2:b");
}

// The read of the trimmed position fails, and so the range begins where it began before.
TEST_F(KvJournalFaultTest, TrimWorksWithoutTheStoresAnswer) {
  const auto journal = OpenOn(store_.get());
  Append(*journal, {"a", "b", "c"});
  Trim(*store_, *journal, 1);
  store_->FailAt(FaultStore::Operation::kGet, 1, absl::UnavailableError("not now"));
  Trim(*store_, *journal, 2);
  EXPECT_EQ(Contents(*journal), "3:c");
}

}  // namespace
}  // namespace vigil::storage
