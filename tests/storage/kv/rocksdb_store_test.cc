// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "storage/kv/record_keys.h"
#include "tests/storage/kv/kv_conformance.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;
namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<KeyValueStore>> Open(const std::string& directory) {
  return OpenRocksDb({.directory = directory, .memory_bytes = size_t{8} << 20});
}

INSTANTIATE_TEST_SUITE_P(RocksDb, KvConformanceTest,
                         ::testing::Values(KvCase{
                             .name = "Store", .open = Open, .persistent = true}),
                         KvCaseName);

absl::Status Put(KeyValueStore& store, Family family, std::string key, std::string value) {
  WriteBatch batch;
  batch.Put(family, std::move(key), std::move(value));
  return store.Write(batch, Durability::kSync);
}

std::vector<fs::path> FilesEndingIn(const std::string& directory, std::string_view extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  return files;
}

void FlipByte(const fs::path& file, int64_t from_start) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(from_start);
  const char c = static_cast<char>(~stream.get());
  stream.seekp(from_start);
  stream.put(c);
}

// Rows of a shard's partition that no codec shortens.
std::vector<std::pair<std::string, std::string>> RandomBlocks(int64_t partition_ms, int count) {
  std::mt19937_64 random(static_cast<uint64_t>(partition_ms));
  std::vector<std::pair<std::string, std::string>> rows;
  for (int i = 0; i < count; ++i) {
    std::string value(1000, '\0');
    for (char& byte : value) byte = static_cast<char>(random());
    const BlockKey key = {.partition_start_ms = partition_ms, .series = static_cast<uint64_t>(i)};
    rows.emplace_back(key.Encode(), std::move(value));
  }
  return rows;
}

TEST(RocksDbStoreTest, FilesEndWithThePartition) {
  const std::string directory = FreshDirectory("d");
  ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
  auto rows = RandomBlocks(0, 6000);
  for (auto& row : RandomBlocks(86'400'000, 6000)) rows.push_back(std::move(row));
  ASSERT_OK(store->Ingest(Family::kBlocks, rows, TableEffort::kQuick));
  ASSERT_OK(store->Compact(Family::kBlocks));
  store.reset();
  EXPECT_EQ(FilesEndingIn(directory, ".sst").size(), 2u);
}

TEST(RocksDbStoreTest, CompactionEndsWhenToldTo) {
  const std::string directory = FreshDirectory("d");
  ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
  const auto rows = RandomBlocks(0, 100);
  ASSERT_OK(store->Ingest(Family::kBlocks, rows, TableEffort::kQuick));
  std::atomic<bool> stop{true};
  EXPECT_THAT(store->Compact(Family::kBlocks, {}, &stop), StatusIs(absl::StatusCode::kCancelled));
  ASSERT_OK_AND_ASSIGN(const auto value, store->Get(Family::kBlocks, rows[7].first));
  EXPECT_EQ(value, rows[7].second);
  stop.store(false);
  EXPECT_OK(store->Compact(Family::kBlocks, {}, &stop));
}

TEST(RocksDbStoreTest, DirectoryIsOpenOnce) {
  const std::string directory = FreshDirectory("d");
  ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
  EXPECT_THAT(Open(directory), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        AllOf(HasSubstr(directory), HasSubstr("in use"))));
  store.reset();
  EXPECT_OK(Open(directory));
}

// In a child, because root may write anywhere: it becomes nobody there.
TEST(RocksDbStoreTest, DirectoryThatCannotBeWrittenIsNamed) {
  const std::string directory = FreshDirectory("d");
  ASSERT_OK(Open(directory));
  fs::permissions(directory, fs::perms::owner_read | fs::perms::owner_exec |
                                 fs::perms::others_read | fs::perms::others_exec);
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::seteuid(kNobody) != 0) ::_exit(2);
    const absl::Status status = Open(directory).status();
    const bool right = status.code() == absl::StatusCode::kPermissionDenied &&
                       MessageOf(status).find(directory) != std::string_view::npos;
    if (!right) fmt::print(stderr, "{}\n", status.ToString());
    ::_exit(right ? 0 : 1);
  }
  int outcome = 0;
  ASSERT_EQ(::waitpid(child, &outcome, 0), child);
  EXPECT_EQ(outcome, 0);
  fs::permissions(directory, fs::perms::owner_all);
}

TEST(RocksDbStoreTest, FileInThePlaceOfTheDirectoryIsRefused) {
  const std::string path = FreshDirectory("d");
  ASSERT_OK(WriteFile(path, "not a directory"));
  EXPECT_THAT(Open(path), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path)));
}

// Writes in a child that is killed, which is this program run anew: the store starts threads, which
// the child of a program with threads may not.
TEST(RocksDbStoreTest, SurvivesAKill) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::string directory = FreshDirectory("d");
  const auto write_and_die = [&directory] {
    auto store = Open(directory);
    WriteBatch batch;
    batch.Put(Family::kState, "a", "1");
    batch.Put(Family::kJournal, "j", "1");
    const bool written = store.ok() && (*store)->Write(batch, Durability::kNoSync).ok();
    ::_exit(written ? 0 : 1);  // No destructor runs.
  };
  ASSERT_EXIT(write_and_die(), ::testing::ExitedWithCode(0), "");
  ASSERT_OK_AND_ASSIGN(const auto store, Open(directory));
  EXPECT_EQ(Dump(*store, Family::kState), "a=1");
  EXPECT_EQ(Dump(*store, Family::kJournal), "j=1");
}

TEST(RocksDbStoreTest, DamagedTableIsDataLoss) {
  const std::string directory = FreshDirectory("d");
  ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
  ASSERT_OK(Put(*store, Family::kBlocks, "a", "some value that is long enough"));
  ASSERT_OK(store->Flush());
  store.reset();
  for (const fs::path& table : FilesEndingIn(directory, ".sst")) FlipByte(table, 5);
  ASSERT_OK_AND_ASSIGN(store, Open(directory));
  EXPECT_THAT(store->Get(Family::kBlocks, "a"), StatusIs(absl::StatusCode::kDataLoss));
  const auto visit = [](std::string_view, std::string_view) { return absl::OkStatus(); };
  EXPECT_THAT(ForEach(*store, Family::kBlocks, {}, visit), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(RocksDbStoreTest, LostManifestIsRefusedWithTheDirectorysName) {
  const std::string directory = FreshDirectory("d");
  { ASSERT_OK(Open(directory)); }
  ASSERT_OK(WriteFile(directory + "/CURRENT", "nonsense"));
  EXPECT_THAT(Open(directory), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(directory)));
}

TEST(RocksDbStoreTest, TornEndOfTheLogCostsOnlyWhatWasTorn) {
  const std::string directory = FreshDirectory("d");
  ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
  ASSERT_OK(Put(*store, Family::kState, "a", "1"));
  ASSERT_OK(Put(*store, Family::kState, "b", std::string(1000, 'x')));
  store.reset();
  const auto logs = FilesEndingIn(directory, ".log");
  ASSERT_EQ(logs.size(), 1u);
  fs::resize_file(logs[0], fs::file_size(logs[0]) - 500);
  ASSERT_OK_AND_ASSIGN(store, Open(directory));
  EXPECT_EQ(Dump(*store, Family::kState), "a=1");
}

TEST(RocksDbStoreTest, CheckpointIsAStoreOfItsOwn) {
  const std::string directory = FreshDirectory("d");
  const std::string copy_directory = FreshDirectory("copy");
  ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
  ASSERT_OK(Put(*store, Family::kState, "a", "1"));
  ASSERT_OK(store->Ingest(Family::kBlocks, {{"b", "1"}}, TableEffort::kQuick));
  ASSERT_OK(store->Checkpoint(copy_directory));
  ASSERT_OK(Put(*store, Family::kState, "a", "2"));
  ASSERT_OK_AND_ASSIGN(const auto copy, Open(copy_directory));
  EXPECT_EQ(Dump(*copy, Family::kState), "a=1");
  EXPECT_EQ(Dump(*copy, Family::kBlocks), "b=1");
  EXPECT_EQ(Dump(*store, Family::kState), "a=2");
  EXPECT_THAT(store->Checkpoint(copy_directory),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(copy_directory)));
}

TEST(RocksDbStoreTest, DropRangeGivesWholeFilesBack) {
  const std::string directory = FreshDirectory("d");
  ASSERT_OK_AND_ASSIGN(const auto store, Open(directory));
  for (const char* partition : {"1", "2", "3"}) {
    std::vector<std::pair<std::string, std::string>> entries;
    for (int i = 0; i < 100; ++i) {
      entries.emplace_back(fmt::format("{}/{:03}", partition, i), std::string(100, 'v'));
    }
    ASSERT_OK(store->Ingest(Family::kBlocks, entries, TableEffort::kQuick));
  }
  ASSERT_OK_AND_ASSIGN(const uint64_t before, store->ApproximateBytes(Family::kBlocks));
  ASSERT_OK(store->DropRange(Family::kBlocks, "1/", "3/"));
  ASSERT_OK_AND_ASSIGN(const uint64_t after, store->ApproximateBytes(Family::kBlocks));
  EXPECT_LT(after, before / 2);
  const auto left = store->NewIterator(Family::kBlocks, {});
  left->Seek("");
  ASSERT_TRUE(left->Valid());
  EXPECT_EQ(left->key(), "3/000");
}

TEST(RocksDbStoreTest, LeftoverOfAnIngestGoesOnOpen) {
  const std::string directory = FreshDirectory("d");
  { ASSERT_OK(Open(directory)); }
  ASSERT_OK(WriteFile(directory + "/ingest-0.sst", "half a table"));
  ASSERT_OK_AND_ASSIGN(const auto store, Open(directory));
  EXPECT_FALSE(fs::exists(directory + "/ingest-0.sst"));
  EXPECT_OK(store->Ingest(Family::kBlocks, {{"a", "1"}}, TableEffort::kQuick));
  EXPECT_EQ(Dump(*store, Family::kBlocks), "a=1");
}

}  // namespace
}  // namespace vigil::storage
