// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_salvage.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/rocksdb_offline.h"
#include "storage/kv/rocksdb_store.h"
#include "tests/storage/kv/kv_conformance.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::StatusIs;
namespace fs = std::filesystem;

// A store with one table of several blocks.
std::map<std::string, std::string> MakeTable(const std::string& directory) {
  std::map<std::string, std::string> entries;
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string value;
    for (int k = 0; k < 32; ++k) value += fmt::format("{:016x}", random());
    entries[fmt::format("key{:06}", i)] = value;
  }
  auto store = OpenRocksDb({.directory = directory, .memory_bytes = size_t{8} << 20});
  EXPECT_OK(store);
  EXPECT_OK(
      (*store)->Ingest(Family::kBlocks, {entries.begin(), entries.end()}, TableEffort::kQuick));
  return entries;
}

void FlipByte(const std::string& path, uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char c = static_cast<char>(~file.get());
  file.seekp(static_cast<std::streamoff>(at));
  file.put(c);
}

struct Walked {
  std::map<std::string, std::string> entries;
  std::vector<Gap> gaps;
};

Walked Walk(OfflineRocksDb& offline) {
  Walked walked;
  EXPECT_OK(WalkReadable(
      offline, Family::kBlocks,
      [&](std::string_view key, std::string_view value) {
        EXPECT_TRUE(walked.entries.emplace(key, value).second);
        return absl::OkStatus();
      },
      [&](const Gap& gap) { walked.gaps.push_back(gap); }));
  return walked;
}

TEST(RocksDbSalvageTest, WalksAWholeFamily) {
  const std::string directory = FreshDirectory("d");
  const auto entries = MakeTable(directory);
  ASSERT_OK_AND_ASSIGN(const auto offline, OfflineRocksDb::Open({.directory = directory}));
  const Walked walked = Walk(*offline);
  EXPECT_EQ(walked.entries, entries);
  EXPECT_TRUE(walked.gaps.empty());
  ASSERT_EQ(offline->Tables().size(), 1u);
  EXPECT_EQ(offline->Tables()[0].family, Family::kBlocks);
  EXPECT_EQ(offline->Tables()[0].smallest, entries.begin()->first);
  EXPECT_EQ(offline->Tables()[0].largest, entries.rbegin()->first);
  EXPECT_OK(VerifyTable(offline->Tables()[0].path));
  WriteBatch batch;
  batch.Put(Family::kBlocks, "a", "b");
  EXPECT_THAT(offline->store().Write(batch, Durability::kSync),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

// Each damaged block costs itself: what is missing lies in gaps, and gaps are short.
TEST(RocksDbSalvageTest, GoesOnBehindDamagedBlocks) {
  constexpr uint64_t kSeed = 20261129;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937_64 random(kSeed);
  const std::string original = FreshDirectory("d");
  const auto entries = MakeTable(original);
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    const std::string directory = FreshDirectory("round");
    fs::remove_all(directory);
    fs::copy(original, directory);
    std::string table;
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.path().extension() == ".sst") table = entry.path();
    }
    // Not in the index and the footer, at the end.
    const uint64_t blocks_bytes = fs::file_size(table) * 9 / 10;
    const int flips = round % 3 + 1;
    for (int i = 0; i < flips; ++i) FlipByte(table, random() % blocks_bytes);
    EXPECT_THAT(VerifyTable(table), StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_OK(CanOpenTable(table));
    ASSERT_OK_AND_ASSIGN(const auto offline, OfflineRocksDb::Open({.directory = directory}));
    const Walked walked = Walk(*offline);
    ASSERT_FALSE(walked.gaps.empty());
    EXPECT_LE(walked.gaps.size(), static_cast<size_t>(flips));
    size_t missing = 0;
    for (const auto& [key, value] : entries) {
      const auto read = walked.entries.find(key);
      if (read != walked.entries.end()) {
        EXPECT_EQ(read->second, value);
        continue;
      }
      ++missing;
      EXPECT_TRUE(std::any_of(walked.gaps.begin(), walked.gaps.end(), [&](const Gap& gap) {
        return key > gap.after && (gap.before.empty() || key < gap.before);
      })) << key;
    }
    // A block has 64 kB, which are some 120 entries here.
    EXPECT_GT(missing, 0u);
    EXPECT_LE(missing, static_cast<size_t>(flips) * 250);
  }
}

TEST(RocksDbSalvageTest, ForgetsAnUnreadableTable) {
  const std::string directory = FreshDirectory("d");
  const auto entries = MakeTable(directory);
  {
    ASSERT_OK_AND_ASSIGN(const auto store, OpenRocksDb({.directory = directory}));
    ASSERT_OK(store->Ingest(Family::kBlocks, {{"other", "value"}}, TableEffort::kQuick));
  }
  std::string table;
  {
    ASSERT_OK_AND_ASSIGN(const auto offline, OfflineRocksDb::Open({.directory = directory}));
    table = offline->Tables().front().path;
  }
  FlipByte(table, fs::file_size(table) - 5);
  EXPECT_FALSE(CanOpenTable(table).ok());
  ASSERT_OK(ForgetTable(directory, table));
  ASSERT_OK_AND_ASSIGN(const auto offline, OfflineRocksDb::Open({.directory = directory}));
  const Walked walked = Walk(*offline);
  EXPECT_TRUE(walked.gaps.empty());
  EXPECT_EQ(walked.entries, (std::map<std::string, std::string>{{"other", "value"}}));
}

TEST(RocksDbSalvageTest, RebuildsALostCatalogue) {
  const std::string directory = FreshDirectory("d");
  const auto entries = MakeTable(directory);
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with("MANIFEST")) fs::remove(entry.path());
  }
  EXPECT_FALSE(OfflineRocksDb::Open({.directory = directory}).ok());
  ASSERT_OK(RebuildCatalogue(directory));
  ASSERT_OK_AND_ASSIGN(const auto offline, OfflineRocksDb::Open({.directory = directory}));
  EXPECT_EQ(Walk(*offline).entries, entries);
}

}  // namespace
}  // namespace vigil::storage
