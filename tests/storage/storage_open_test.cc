// SPDX-License-Identifier: Apache-2.0
//
// Data directories as they are found: of an earlier version, left by a kill, with a damaged
// journal.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/storage.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

namespace fs = std::filesystem;
using testing::Batches;
using testing::Contents;
using ::testing::HasSubstr;
using testing::kStartMs;
using testing::ReadAll;
using ::testing::SizeIs;
using ::vigil::testing::StatusIs;

class StorageOpenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/storage_open." +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  std::string Path(const std::string& name) const { return root_ + "/" + name; }

  absl::StatusOr<std::unique_ptr<Storage>> Open(const std::string& name,
                                                Durability durability = Durability::kSync) {
    return Storage::Open(OptionsFor(name, durability), &clock_);
  }
  StorageOptions OptionsFor(const std::string& name, Durability durability) const {
    StorageOptions options;
    options.data_dir = Path(name);
    options.shards = 2;
    options.durability = durability;
    return options;
  }
  // A directory as versions before had it: its journal in the key-value store.
  absl::StatusOr<std::unique_ptr<Storage>> OpenEarlier(const std::string& name) {
    VIGIL_ASSIGN_OR_RETURN(auto store, OpenRocksDb({.directory = Path(name)}));
    return Storage::OpenOn(std::move(store), OptionsFor(name, Durability::kSync), &clock_);
  }
  void SetFormat(const std::string& name, const std::string& format) {
    ASSERT_OK_AND_ASSIGN(const auto store, OpenRocksDb({.directory = Path(name)}));
    WriteBatch batch;
    batch.Put(Family::kMeta, "format", format);
    ASSERT_OK(store->Write(batch, Durability::kSync));
  }
  std::vector<fs::path> SegmentsOf(const std::string& name) const {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(Path(name))) {
      if (entry.path().extension() == ".seg") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  static void Write(Storage& storage, int number, Contents* expected) {
    EXPECT_OK(storage.WriteMetrics(kDefaultTenant, Batches::Metrics(storage, number, expected),
                                   testing::NumberToken("metrics", number + 1)));
    EXPECT_OK(storage.WriteLogs(kDefaultTenant, Batches::Logs(number, expected),
                                testing::DigestToken(number)));
    EXPECT_OK(storage.WriteSpans(kDefaultTenant, Batches::Spans(number, expected), {}));
  }

  ManualClock clock_{kStartMs};
  std::string root_;
};

TEST_F(StorageOpenTest, AJournalOfAnEarlierVersionIsMoved) {
  Contents expected;
  {
    ASSERT_OK_AND_ASSIGN(const auto storage, OpenEarlier("data"));
    for (int number = 0; number < 6; ++number) {
      Write(*storage, number, &expected);
      if (number == 2) {
        ASSERT_OK(storage->Flush());
      }
    }
  }
  SetFormat("data", "3");
  for (int number = 6; number < 9; ++number) {
    ASSERT_OK_AND_ASSIGN(const auto storage, Open("data"));
    EXPECT_EQ(ReadAll(*storage), expected);
    EXPECT_EQ(storage->state().Get(Family::kMeta, "format")->value_or(""), "4");
    const auto rows = storage->state().NewIterator(Family::kJournal, {});
    rows->Seek("");
    EXPECT_FALSE(rows->Valid());
    // What the sender sends again is known, and positions go on.
    Contents ignored;
    ASSERT_OK_AND_ASSIGN(const WriteResult again,
                         storage->WriteLogs(kDefaultTenant, Batches::Logs(number - 1, &ignored),
                                            testing::DigestToken(number - 1)));
    EXPECT_TRUE(again.duplicate);
    Write(*storage, number, &expected);
    EXPECT_EQ(ReadAll(*storage), expected);
  }
  EXPECT_THAT(SegmentsOf("data"), SizeIs(::testing::Ge(1)));
}

TEST_F(StorageOpenTest, ADirectoryOfALaterVersionIsRefused) {
  ASSERT_OK(Open("data"));
  SetFormat("data", "5");
  EXPECT_THAT(Open("data"), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("format 5")));
}

TEST_F(StorageOpenTest, WhatAKillLeavesIsThereOnceHoweverOftenItIsOpened) {
  for (const Durability durability : {Durability::kSync, Durability::kNoSync}) {
    const std::string name = fmt::format("data{}", static_cast<int>(durability));
    Contents expected;
    ASSERT_OK_AND_ASSIGN(auto storage, Open(name, durability));
    for (int number = 0; number < 12; ++number) {
      Write(*storage, number, &expected);
      if (number % 5 == 3) {
        ASSERT_OK(storage->Flush());
      }
      ASSERT_OK(storage->Maintain());
      if (number % 4 != 2) continue;
      // As it stands on the disk while the process runs.
      const std::string copy = fmt::format("{}.{}", name, number);
      fs::copy(Path(name), Path(copy));
      fs::remove(Path(copy) + "/LOCK");
      for (int again = 0; again < 2; ++again) {
        ASSERT_OK_AND_ASSIGN(const auto killed, Open(copy, durability));
        EXPECT_EQ(ReadAll(*killed), expected) << copy;
      }
      {
        ASSERT_OK_AND_ASSIGN(const auto killed, Open(copy, durability));
        ASSERT_OK(killed->Flush());
      }
      ASSERT_OK_AND_ASSIGN(const auto killed, Open(copy, durability));
      EXPECT_EQ(ReadAll(*killed), expected) << copy;
      EXPECT_THAT(SegmentsOf(copy), SizeIs(0)) << "all of it is in blocks";
    }
  }
}

TEST_F(StorageOpenTest, ADamagedJournalIsToldAndTheRestIsThere) {
  Contents expected;
  {
    ASSERT_OK_AND_ASSIGN(const auto storage, Open("data"));
    for (int number = 0; number < 8; ++number) Write(*storage, number, &expected);
  }
  ASSERT_THAT(SegmentsOf("data"), SizeIs(1));
  const fs::path segment = SegmentsOf("data")[0];
  Counter& damages =
      GetCounter("vigil_journal_damages_total", "Places of the journal that could not be read.");
  // Entry after entry, those that define series and streams among them.
  for (uint64_t at = 8192; at < fs::file_size(segment); at += 200) {
    const std::string name = fmt::format("data{}", at);
    fs::copy(Path("data"), Path(name));
    {
      std::fstream file(SegmentsOf(name)[0], std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      const char c = static_cast<char>(~file.get());
      file.seekp(static_cast<std::streamoff>(at));
      file.put(c);
    }
    const int64_t before = damages.Value();
    ASSERT_OK_AND_ASSIGN(const auto storage, Open(name));
    const Contents rest = ReadAll(*storage);
    const bool last = at + 1000 > fs::file_size(segment);
    EXPECT_TRUE(last || rest == expected || damages.Value() > before) << at;
    EXPECT_TRUE(std::includes(expected.logs.begin(), expected.logs.end(), rest.logs.begin(),
                              rest.logs.end()));
    EXPECT_TRUE(std::includes(expected.spans.begin(), expected.spans.end(), rest.spans.begin(),
                              rest.spans.end()));
    EXPECT_GT(rest.spans.size() + 6, expected.spans.size()) << "one entry at most is lost";
    Contents more = rest;
    Write(*storage, 50, &more);
    EXPECT_EQ(ReadAll(*storage), more);
    ASSERT_OK(storage->Flush());
    EXPECT_EQ(ReadAll(*storage), more);
  }
}

}  // namespace
}  // namespace vigil::storage
