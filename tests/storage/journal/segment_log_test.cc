// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/segment_log.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/journal/posix_segment_directory.h"
#include "tests/storage/journal/fault_segments.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using testing::FaultDisk;
using ::testing::IsEmpty;
using ::vigil::testing::StatusIs;

using Trims = SegmentLog::Trims;

// Small enough for a new segment every few entries.
constexpr SegmentLogOptions kSmall = {.durability = Durability::kSync,
                                      .segment_bytes = kSegmentHeadBytes + 200};

std::unique_ptr<SegmentLog> OpenOn(FaultDisk& disk, const Trims& trimmed = {},
                                   SegmentLogOptions options = kSmall) {
  auto log = SegmentLog::Open(disk.Open(), trimmed, options);
  EXPECT_OK(log);
  return log.ok() ? *std::move(log) : nullptr;
}

absl::StatusOr<JournalPosition> Append(SegmentLog& log, uint8_t shard, std::string_view entry) {
  return log.Append(shard, {&entry, 1});
}

// The entries of a shard, each with a blank behind it.
std::string Contents(SegmentLog& log, uint8_t shard, JournalPosition after = 0) {
  std::string text;
  JournalPosition last = after;
  EXPECT_OK(log.Replay(shard, after, [&](JournalPosition position, std::string_view entry) {
    EXPECT_GT(position, last);
    last = position;
    text += fmt::format("{} ", entry);
    return absl::OkStatus();
  }));
  return text;
}

std::vector<uint64_t> Numbers(const FaultDisk& disk) {
  std::vector<uint64_t> numbers;
  for (const auto& [number, contents] : disk.Files()) numbers.push_back(number);
  return numbers;
}

TEST(SegmentLogTest, AnEntryMayComeInPartsOfAnySize) {
  FaultDisk disk;
  disk.SetLongestWrite(7);
  const std::string large(100'000, 'x');
  {
    const auto log = OpenOn(disk);
    const std::vector<std::string_view> parts = {"head ", "", large, " tail"};
    ASSERT_OK(log->Append(3, parts));
    ASSERT_OK(log->Append(3, std::span<const std::string_view>()));
    ASSERT_OK(Append(*log, 3, ""));
    EXPECT_EQ(Contents(*log, 3), "head " + large + " tail   ");
  }
  EXPECT_EQ(Contents(*OpenOn(disk), 3), "head " + large + " tail   ");
}

TEST(SegmentLogTest, ShardsShareSegmentsAndPositions) {
  FaultDisk disk;
  auto log = OpenOn(disk);
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK_AND_ASSIGN(const JournalPosition position,
                         Append(*log, i % 3, fmt::format("entry{}", i)));
    EXPECT_EQ(position, static_cast<JournalPosition>(i + 1));
    EXPECT_EQ(log->LastPosition(i % 3), position);
  }
  EXPECT_GT(Numbers(disk).size(), 3u);
  log = OpenOn(disk);
  EXPECT_EQ(Contents(*log, 2), "entry2 entry5 entry8 entry11 entry14 entry17 ");
  EXPECT_EQ(Contents(*log, 2, 12), "entry14 entry17 ");
  EXPECT_EQ(Contents(*log, 7), "");
  EXPECT_EQ(log->LastPosition(0), 19u);
  EXPECT_EQ(log->LastPosition(7), 0u);
  ASSERT_OK_AND_ASSIGN(const JournalPosition next, Append(*log, 7, "new"));
  EXPECT_EQ(next, 21u);
  EXPECT_EQ(Contents(*OpenOn(disk), 7), "new ");
}

TEST(SegmentLogTest, FilesGoOnceNoShardNeedsThem) {
  FaultDisk disk;
  auto log = OpenOn(disk);
  for (int i = 0; i < 12; ++i) ASSERT_OK(Append(*log, i == 0 ? 1 : 0, fmt::format("entry{}", i)));
  const size_t files = Numbers(disk).size();
  ASSERT_GT(files, 2u);
  log->Trim(0, 12);
  EXPECT_EQ(Numbers(disk).size(), files) << "the first has an entry of the other shard";
  EXPECT_EQ(Contents(*log, 0), "");
  EXPECT_EQ(Contents(*log, 1), "entry0 ");
  EXPECT_THAT(log->ShardsBehind(log->Bytes()), IsEmpty());
  EXPECT_THAT(log->ShardsBehind(log->Bytes() - 1), ElementsAre(1));
  log->Trim(1, 1);
  EXPECT_THAT(Numbers(disk), IsEmpty());
  EXPECT_EQ(log->Bytes(), 0u);
  ASSERT_OK(Append(*log, 0, "entry12"));
  EXPECT_EQ(log->Bytes(), disk.Files().begin()->second.size());

  Trims trimmed{};
  trimmed[0] = 13;
  trimmed[1] = 1;
  log = OpenOn(disk, trimmed);
  EXPECT_THAT(Numbers(disk), IsEmpty());
  EXPECT_EQ(log->LastPosition(0), 13u);
  ASSERT_OK_AND_ASSIGN(const JournalPosition next, Append(*log, 0, "next"));
  EXPECT_EQ(next, 14u);
}

// Files go oldest first: one that cannot be removed keeps the others, or they would seem to be
// lost.
TEST(SegmentLogTest, AFileThatStaysKeepsThoseBehindIt) {
  FaultDisk disk;
  auto log = OpenOn(disk);
  for (int i = 0; i < 12; ++i) ASSERT_OK(Append(*log, 0, fmt::format("entry{}", i)));
  const size_t files = Numbers(disk).size();
  ASSERT_GT(files, 2u);
  disk.FailAt(2, absl::UnavailableError("sick disk"));  // The first is the end of the open file.
  log->Trim(0, 12);
  EXPECT_EQ(disk.failures(), 1);
  EXPECT_EQ(Numbers(disk).size(), files);
  Trims trimmed{};
  trimmed[0] = 12;
  EXPECT_FALSE(OpenOn(*disk.AfterKill(), trimmed)->damaged());
  log->Trim(0, 12);
  EXPECT_THAT(Numbers(disk), IsEmpty());
}

TEST(SegmentLogTest, AHoldKeepsFiles) {
  FaultDisk disk;
  auto log = OpenOn(disk);
  for (int i = 0; i < 12; ++i) ASSERT_OK(Append(*log, 0, fmt::format("entry{}", i)));
  const size_t files = Numbers(disk).size();
  {
    const SegmentLog::Hold hold(log.get());
    log->Trim(0, 12);
    EXPECT_EQ(Numbers(disk).size(), files);
  }
  EXPECT_THAT(Numbers(disk), IsEmpty());
}

TEST(SegmentLogTest, WhatFailedIsNotThereOnceALaterAppendSucceeded) {
  FaultDisk disk;
  auto log = OpenOn(disk, {}, {});
  ASSERT_OK(Append(*log, 0, "a"));
  disk.FailAt(1, absl::ResourceExhaustedError("disk full"), 5);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Append(*log, 0, "failed"), StatusIs(absl::StatusCode::kResourceExhausted));
  }
  disk.ClearFaults();
  ASSERT_OK(Append(*log, 0, "b"));
  EXPECT_EQ(Contents(*log, 0), "a b ");
  EXPECT_EQ(Contents(*OpenOn(*disk.AfterKill()), 0), "a b ");
}

TEST(SegmentLogTest, NothingIsTakenInADirectoryThatVanished) {
  FaultDisk disk;
  auto log = OpenOn(disk);
  ASSERT_OK(Append(*log, 0, "a"));
  disk.SetVanished(true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Append(*log, 0, "b"), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(Contents(*log, 0), "a ");
  disk.SetVanished(false);
  ASSERT_OK(Append(*log, 0, "c"));
  EXPECT_EQ(Contents(*OpenOn(disk), 0), "a c ");
}

TEST(SegmentLogTest, WithoutSyncAKillLosesNothingAndPowerLossOnlyTheEnd) {
  FaultDisk disk;
  const SegmentLogOptions unsynced = {.durability = Durability::kNoSync, .segment_bytes = 1 << 20};
  auto log = OpenOn(disk, {}, unsynced);
  ASSERT_OK(Append(*log, 0, "a"));
  ASSERT_OK(Append(*log, 0, "b"));
  ASSERT_OK(log->Sync());
  EXPECT_EQ(disk.syncs(), 1);
  ASSERT_OK(Append(*log, 0, "c"));
  EXPECT_EQ(Contents(*OpenOn(*disk.AfterKill()), 0), "a b c ");
  for (uint64_t seed = 0; seed < 8; ++seed) {
    EXPECT_THAT(Contents(*OpenOn(*disk.AfterPowerLoss(seed)), 0),
                ::testing::AnyOf("a b ", "a b c "));
  }
  disk.FailAt(1, absl::UnavailableError("sick disk"));
  EXPECT_THAT(log->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK(Append(*log, 0, "d"));
  ASSERT_OK(log->Sync());
  EXPECT_EQ(Numbers(disk).size(), 2u) << "what could not be synced is not written on";
  EXPECT_EQ(Contents(*OpenOn(*disk.AfterKill()), 0), "a b c d ");
}

// What a sender does that repeats what failed, in several segments and with trims in between; one
// operation after another fails.
class EveryFault {
 public:
  explicit EveryFault(absl::Status error, int64_t count, SegmentLogOptions options)
      : error_(std::move(error)), count_(count), options_(options) {}

  // False when there were fewer operations than `nth`.
  bool Run(int64_t nth) {
    log_ = nullptr;
    disk_ = std::make_unique<FaultDisk>();
    disk_->FailAt(nth, error_, count_);
    expected_.clear();
    trims_ = {};
    for (int step = 0; step < 40; ++step) Do(step);
    const bool failed = disk_->failures() > 0;
    disk_->ClearFaults();
    for (uint64_t seed = 0; seed < 6; ++seed) {
      const auto disk = seed == 0 ? disk_->AfterKill() : disk_->AfterPowerLoss(seed);
      CheckAfterwards(disk.get(), fmt::format("seed {}", seed));
    }
    return failed;
  }

 private:
  void Do(int step) {
    const uint8_t shard = step % 3;
    const std::string entry = fmt::format("entry{}", step);
    for (int attempt = 0;; ++attempt) {
      ASSERT_LT(attempt, 20);
      if (log_ == nullptr) {
        auto opened = SegmentLog::Open(disk_->Open(), trims_, options_);
        if (!opened.ok()) continue;
        log_ = *std::move(opened);
      }
      const auto position = Append(*log_, shard, entry);
      if (position.ok()) {
        expected_[shard][*position] = entry;
        break;
      }
    }
    if (step % 9 == 8) {
      // Nobody but the journal knows less of the trim than what was written of it elsewhere.
      const JournalPosition through = log_->LastPosition(shard);
      trims_[shard] = through;
      std::erase_if(expected_[shard], [&](const auto& one) { return one.first <= through; });
      log_->Trim(shard, through);
    }
    if (step % 13 == 12) log_ = nullptr;
  }

  void Check(SegmentLog& log, const std::string& when) {
    for (uint8_t shard = 0; shard < 3; ++shard) {
      std::map<JournalPosition, std::string> found;
      ASSERT_OK(log.Replay(shard, 0, [&](JournalPosition position, std::string_view entry) {
        EXPECT_TRUE(found.empty() || found.rbegin()->first < position);
        found[position] = entry;
        return absl::OkStatus();
      }));
      EXPECT_EQ(found, expected_[shard]) << when << ", shard " << int{shard};
    }
  }

  void CheckAfterwards(FaultDisk* disk, const std::string& when) {
    auto log = OpenOn(*disk, trims_, options_);
    ASSERT_NE(log, nullptr);
    Check(*log, when);
    // And it goes on from there.
    const auto before = expected_;
    ASSERT_OK_AND_ASSIGN(const JournalPosition position, Append(*log, 1, "afterwards"));
    expected_[1][position] = "afterwards";
    Check(*log, when + ", going on");
    Check(*OpenOn(*disk->AfterPowerLoss(11), trims_, options_), when + ", once more");
    expected_ = before;
  }

  const absl::Status error_;
  const int64_t count_;
  const SegmentLogOptions options_;
  std::unique_ptr<FaultDisk> disk_;
  std::unique_ptr<SegmentLog> log_;
  std::map<uint8_t, std::map<JournalPosition, std::string>> expected_;
  Trims trims_{};
};

TEST(SegmentLogFaultTest, EveryAcknowledgedEntryIsThereOnceWhateverFails) {
  const std::vector<absl::Status> errors = {absl::ResourceExhaustedError("disk full"),
                                            absl::UnavailableError("input/output error")};
  for (const uint64_t segment_bytes : {kSegmentHeadBytes + 200, size_t{1} << 20}) {
    for (const absl::Status& error : errors) {
      for (const int64_t count : {1, 4}) {
        EveryFault faults(error, count,
                          {.durability = Durability::kSync, .segment_bytes = segment_bytes});
        int64_t nth = 1;
        while (faults.Run(nth) && !HasFailure()) ++nth;
        EXPECT_GT(nth, 100);
        ASSERT_FALSE(HasFailure()) << "operation " << nth << " fails, " << count << " times";
      }
    }
  }
}

// On a real file system.
class SegmentLogFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/segment_log." +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
    for (const std::string& directory : {root_ + "/data", root_ + "/copy"}) {
      std::filesystem::create_directories(directory);
      std::ofstream(directory + "/CURRENT") << "the key-value store's\n";
    }
  }
  std::unique_ptr<SegmentLog> Open(const std::string& name, uint64_t segment_bytes = 1 << 20) {
    auto log = SegmentLog::Open(OpenSegmentDirectory(root_ + "/" + name), {},
                                {.segment_bytes = segment_bytes});
    EXPECT_OK(log);
    return log.ok() ? *std::move(log) : nullptr;
  }
  std::string root_;
};

TEST_F(SegmentLogFilesTest, ManyAppendersFindTheirEntriesInOrder) {
  constexpr int kThreads = 8;
  constexpr int kEntries = 200;
  auto log = Open("data", 64 << 10);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      JournalPosition before = 0;
      for (int i = 0; i < kEntries; ++i) {
        const std::string text = fmt::format("{}/{}", t, i);
        const std::string padding(i * 7 % 500, 'x');
        const std::vector<std::string_view> parts = {text, " ", padding};
        const auto position = log->Append(t % 3, parts);
        ASSERT_OK(position);
        EXPECT_GT(*position, before);
        before = *position;
        EXPECT_GE(log->LastPosition(t % 3), before);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  log.reset();
  log = Open("data");
  std::vector<int> next(kThreads);
  for (uint8_t shard = 0; shard < 3; ++shard) {
    ASSERT_OK(log->Replay(shard, 0, [&](JournalPosition, std::string_view entry) {
      const int t = entry[0] - '0';
      const int i = next[t]++;
      EXPECT_EQ(entry, fmt::format("{}/{} {}", t, i, std::string(i * 7 % 500, 'x')));
      EXPECT_EQ(t % 3, shard);
      return absl::OkStatus();
    }));
  }
  EXPECT_EQ(next, std::vector<int>(kThreads, kEntries));
}

TEST_F(SegmentLogFilesTest, ACopyHasWhatWasThereWhenTheHoldBegan) {
  auto log = Open("data", kSegmentHeadBytes + 4000);
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    while (!stop) {
      ASSERT_OK(Append(*log, 0, fmt::format("entry{}", written.load())));
      ++written;
    }
  });
  for (int copy = 0; copy < 5; ++copy) {
    const int goal = 100 * (copy + 1);
    while (written < goal) std::this_thread::yield();
    const std::string name = fmt::format("copy{}", copy);
    std::filesystem::create_directories(root_ + "/" + name);
    const int before = written;
    JournalPosition last = 0;
    {
      const SegmentLog::Hold hold(log.get());
      last = log->LastPosition(0);
      while (written < before + 50) std::this_thread::yield();
      ASSERT_OK(hold.CopyTo(root_ + "/" + name));
    }
    const auto copied = Open(name);
    int found = 0;
    ASSERT_OK(copied->Replay(0, 0, [&](JournalPosition, std::string_view entry) {
      EXPECT_EQ(entry, fmt::format("entry{}", found++));
      return absl::OkStatus();
    }));
    EXPECT_GE(found, before);
    EXPECT_LE(copied->LastPosition(0), last);
  }
  stop = true;
  writer.join();
}

TEST(SegmentLogConcurrencyTest, FailuresOfManyThreadsTakeNoEntryThatWasAcknowledged) {
  FaultDisk disk;
  auto log = OpenOn(disk);
  constexpr int kThreads = 4;
  std::vector<std::set<std::string>> acknowledged(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        if (i % 10 == t) disk.FailAt(i % 7 + 1, absl::UnavailableError("sick disk"), 2);
        const auto position = Append(*log, t % 2, fmt::format("{}/{}", t, i));
        if (position.ok()) acknowledged[t].insert(fmt::format("{}:{}/{}", *position, t, i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(disk.failures(), 0);
  disk.ClearFaults();
  ASSERT_OK_AND_ASSIGN(const JournalPosition last, Append(*log, 0, "last"));
  std::set<std::string> expected = {fmt::format("{}:last", last)};
  for (const auto& some : acknowledged) expected.insert(some.begin(), some.end());
  std::set<std::string> found;
  const std::unique_ptr<FaultDisk> left = disk.AfterPowerLoss(3);
  const auto reopened = OpenOn(*left);
  for (const uint8_t shard : {0, 1}) {
    ASSERT_OK(reopened->Replay(shard, 0, [&](JournalPosition position, std::string_view entry) {
      found.insert(fmt::format("{}:{}", position, entry));
      return absl::OkStatus();
    }));
  }
  EXPECT_EQ(found, expected);
}

TEST(SegmentLogConcurrencyTest, AppendsThatComeTogetherShareASync) {
  FaultDisk disk;
  auto log = OpenOn(disk, {}, {});
  constexpr int kThreads = 16;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) ASSERT_OK(Append(*log, t, "entry"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(disk.syncs(), kThreads * 100);
  for (int t = 0; t < kThreads; ++t) EXPECT_EQ(Contents(*log, t).size(), 600u);
}

TEST(SegmentLogConcurrencyTest, WhatComesDuringASyncSharesTheNext) {
  FaultDisk disk;
  auto log = OpenOn(disk, {}, {});
  disk.HoldSyncs(true);
  std::vector<std::thread> threads;
  threads.emplace_back([&] { ASSERT_OK(Append(*log, 0, "first")); });
  disk.AwaitHeldSync();
  constexpr int kThreads = 16;
  for (int t = 1; t < kThreads; ++t) {
    threads.emplace_back([&, t] { ASSERT_OK(Append(*log, t, "entry")); });
  }
  // Time to queue up; who comes later than that shares a later one.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  disk.HoldSyncs(false);
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(disk.syncs(), kThreads / 2);
}

}  // namespace
}  // namespace vigil::storage
