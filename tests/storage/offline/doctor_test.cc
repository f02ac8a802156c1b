// SPDX-License-Identifier: Apache-2.0
//
// Directories with broken bytes: what is lost is told, the rest is there after a repair.
#include "storage/offline/doctor.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/log.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/storage.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Batches;
using testing::Contents;
using ::testing::HasSubstr;
using testing::kStartMs;
using vigil::testing::StatusIs;
namespace fs = std::filesystem;

constexpr int kBatches = 30;

class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() {
    SetLogLevel(LogLevel::kError);
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }

  std::string Path(const std::string& name) const { return (root_ / name).string(); }

  absl::StatusOr<std::unique_ptr<Storage>> OpenAt(const std::string& name) {
    StorageOptions options;
    options.data_dir = Path(name);
    options.shards = 2;
    return Storage::Open(options, &clock_);
  }

  // A directory with blocks in several tables, and some records in the journal only.
  Contents Make(const std::string& name) {
    Contents contents;
    auto storage = OpenAt(name);
    EXPECT_OK(storage);
    for (int number = 0; number < kBatches; ++number) {
      EXPECT_OK((*storage)->WriteMetrics(kDefaultTenant,
                                         Batches::Metrics(**storage, number, &contents), {}));
      EXPECT_OK((*storage)->WriteLogs(kDefaultTenant, Batches::Logs(number, &contents), {}));
      EXPECT_OK((*storage)->WriteSpans(kDefaultTenant, Batches::Spans(number, &contents), {}));
      if (number % 7 == 6) {
        EXPECT_OK((*storage)->Flush());
      }
      // Writes tables, as a snapshot does.
      if (number % 10 == 9) {
        EXPECT_OK((*storage)->Snapshot(Path(fmt::format("{}.{}", name, number))));
      }
    }
    return contents;
  }

  static std::vector<fs::path> FilesOf(const std::string& directory) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  static std::string Flip(const fs::path& path, uint64_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char c = static_cast<char>(~file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(c);
    return fmt::format("byte {} of {}", at, path.filename().string());
  }

  ManualClock clock_{kStartMs};
  fs::path root_;
};

TEST_F(DoctorTest, CleanDirectoryStaysAsItIs) {
  Contents contents = Make("data");
  ASSERT_OK_AND_ASSIGN(const Diagnosis diagnosis, Examine(Path("data")));
  EXPECT_TRUE(diagnosis.clean()) << diagnosis.findings()[0].place << " "
                                 << diagnosis.findings()[0].text;
  EXPECT_GT(diagnosis.samples, 0u);
  EXPECT_GT(diagnosis.log_records, 0u);
  EXPECT_GT(diagnosis.spans, 0u);
  EXPECT_GT(diagnosis.journal_entries, 0u);
  ASSERT_OK_AND_ASSIGN(const Repair repair, RepairDirectory(Path("data")));
  EXPECT_EQ(repair.kept_as, "");
  EXPECT_FALSE(fs::exists(Path("data.repairing")));
  ASSERT_OK_AND_ASSIGN(const auto storage, OpenAt("data"));
  EXPECT_EQ(testing::ReadAll(*storage), contents);
}

// Of series that are not in memory once the directory is open: a day older than the others.
TEST_F(DoctorTest, RowsThatFindSeriesAreMadeAnew) {
  Contents contents = Make("data");
  {
    ASSERT_OK_AND_ASSIGN(const auto storage, OpenAt("data"));
    for (int number = 0; number < 50; ++number) {
      const Labels labels = {{kMetricName, "old"}, {"number", fmt::to_string(number)}};
      ASSERT_OK_AND_ASSIGN(const SeriesRef ref,
                           storage->GetOrCreateSeries(kDefaultTenant, labels, {}));
      MetricBatch batch;
      batch.Add(ref, kStartMs - kMillisPerDay, number);
      ASSERT_OK(storage->WriteMetrics(kDefaultTenant, batch, {}));
      contents.samples[labels.ToString()][kStartMs - kMillisPerDay] = number;
    }
    ASSERT_OK(storage->Flush());
  }
  ASSERT_OK_AND_ASSIGN(const Diagnosis before, Examine(Path("data")));
  ASSERT_TRUE(before.clean()) << before.findings()[0].text;

  // Rows whose kind is one of `kinds`, and every `nth` of these alone.
  const auto lose = [&](const std::string& name, Family family, std::string_view kinds, int nth) {
    fs::copy(Path("data"), Path(name));
    RocksDbOptions options;
    options.directory = Path(name);
    ASSERT_OK_AND_ASSIGN(const auto store, OpenRocksDb(options));
    WriteBatch batch;
    int seen = 0;
    constexpr size_t kKindAt = 5;  // Behind tenant and shard.
    ASSERT_OK(ForEach(*store, family, {}, [&](std::string_view key, std::string_view) {
      const bool meant = kinds.find(key[kKindAt]) != std::string_view::npos;
      if (meant && seen++ % nth == 0) batch.Delete(family, std::string(key));
      return absl::OkStatus();
    }));
    ASSERT_FALSE(batch.empty());
    ASSERT_OK(store->Write(batch, Durability::kSync));
  };
  lose("all", Family::kPostings, "pbr", 1);
  lose("some", Family::kPostings, "p", 7);
  lose("hashes", Family::kSeries, "h", 3);
  for (const char* const name : {"all", "some", "hashes"}) {
    SCOPED_TRACE(name);
    ASSERT_OK_AND_ASSIGN(const Diagnosis diagnosis, Examine(Path(name)));
    EXPECT_FALSE(diagnosis.clean());
    ASSERT_OK(RepairDirectory(Path(name)));
    ASSERT_OK_AND_ASSIGN(const Diagnosis after, Examine(Path(name)));
    EXPECT_TRUE(after.clean()) << after.findings()[0].place << " " << after.findings()[0].text;
    ASSERT_OK_AND_ASSIGN(const auto storage, OpenAt(name));
    EXPECT_EQ(testing::ReadAll(*storage), contents);
    const uint64_t series = contents.samples.size();
    for (int number = 0; number < 50; ++number) {
      const Labels labels = {{kMetricName, "old"}, {"number", fmt::to_string(number)}};
      ASSERT_OK_AND_ASSIGN(const SeriesRef ref,
                           storage->GetOrCreateSeries(kDefaultTenant, labels, {}));
      MetricBatch batch;
      batch.Add(ref, kStartMs, number);
      ASSERT_OK(storage->WriteMetrics(kDefaultTenant, batch, {}));
    }
    // No series is there twice.
    ASSERT_OK_AND_ASSIGN(const auto all,
                         storage->NewMetricQuerier(kDefaultTenant)
                             ->Select({}, {0, std::numeric_limits<int64_t>::max()}));
    EXPECT_EQ(all.size(), series);
  }
}

TEST_F(DoctorTest, WantsADataDirectory) {
  EXPECT_THAT(Examine(Path("nothing")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no data directory")));
  EXPECT_THAT(RepairDirectory(Path("nothing")), StatusIs(absl::StatusCode::kNotFound));
}

// Removes from `rest` what `contents` has; false if that is not all there.
bool Contains(const Contents& all, const Contents& some) {
  for (const auto& [series, samples] : some.samples) {
    const auto known = all.samples.find(series);
    if (known == all.samples.end()) return false;
    for (const auto& [time_ms, value] : samples) {
      const auto sample = known->second.find(time_ms);
      if (sample == known->second.end() || sample->second != value) return false;
    }
  }
  return std::includes(all.logs.begin(), all.logs.end(), some.logs.begin(), some.logs.end()) &&
         std::includes(all.spans.begin(), all.spans.end(), some.spans.begin(), some.spans.end());
}

// Also where entries make no sense without one that is lost, as records of a stream without the
// entry that defines it.
TEST_F(DoctorTest, WhatIsLeftOfAJournalOpens) {
  Contents contents;
  {
    ASSERT_OK_AND_ASSIGN(const auto storage, OpenAt("data"));
    for (int number = 0; number < 4; ++number) {
      ASSERT_OK(storage->WriteLogs(kDefaultTenant, Batches::Logs(number, &contents), {}));
    }
  }
  std::vector<fs::path> segments;
  for (const fs::path& file : FilesOf(Path("data"))) {
    if (file.extension() == ".seg") segments.push_back(file);
  }
  ASSERT_EQ(segments.size(), 1u);
  int damaged = 0;
  for (uint64_t at = 8192; at < fs::file_size(segments[0]); at += 61) {
    fs::remove_all(Path("copy"));
    fs::remove_all(Path("copy.damaged"));
    fs::copy(Path("data"), Path("copy"));
    SCOPED_TRACE(Flip(fs::path(Path("copy")) / segments[0].filename(), at));
    ASSERT_OK_AND_ASSIGN(const Repair repair, RepairDirectory(Path("copy")));
    damaged += repair.diagnosis.clean() ? 0 : 1;
    ASSERT_OK_AND_ASSIGN(const auto storage, OpenAt("copy"));
    EXPECT_TRUE(Contains(contents, testing::ReadAll(*storage)));
  }
  EXPECT_GT(damaged, 10);
}

std::string FindingsOf(const Diagnosis& diagnosis) {
  std::string text;
  for (const auto& finding : diagnosis.findings()) {
    text += fmt::format("{}: {}\n", finding.place, finding.text);
  }
  return text;
}

// Whatever byte is broken: either that is told, or nothing is lost. The repaired directory opens,
// is clean, and has nothing that was not there before.
TEST_F(DoctorTest, AnyByteMayBreak) {
  constexpr uint64_t kSeed = 20261129;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  const Contents contents = Make("data");
  std::mt19937_64 random(kSeed);
  int found = 0;
  for (int round = 0; round < 60; ++round) {
    const std::string name = fmt::format("round{}", round);
    fs::copy(Path("data"), Path(name));
    std::string broken;
    const std::vector<fs::path> files = FilesOf(Path(name));
    // Mostly one byte, sometimes some.
    for (uint64_t count = round % 4 == 3 ? 1 + random() % 4 : 1; count > 0; --count) {
      const fs::path& file = files[random() % files.size()];
      broken += Flip(file, random() % fs::file_size(file)) + " ";
    }
    SCOPED_TRACE(broken);
    const absl::StatusOr<Diagnosis> diagnosis = Examine(Path(name));
    const absl::StatusOr<Repair> repair = RepairDirectory(Path(name));
    if (!repair.ok()) {
      // Only where what the whole directory hangs on is lost, and that is told.
      EXPECT_FALSE(diagnosis.ok() && diagnosis->clean());
      EXPECT_EQ(repair.status().code(), absl::StatusCode::kDataLoss) << repair.status();
      ++found;
      fs::remove_all(Path(name));
      continue;
    }
    ASSERT_OK(diagnosis);
    EXPECT_EQ(diagnosis->damages(), repair->diagnosis.damages())
        << FindingsOf(*diagnosis) << "\nbut the repair found\n"
        << FindingsOf(repair->diagnosis);
    if (!diagnosis->clean()) {
      ++found;
      ASSERT_OK_AND_ASSIGN(const Diagnosis after, Examine(Path(name)));
      EXPECT_TRUE(after.clean()) << after.findings()[0].place << " " << after.findings()[0].text;
    }
    {
      const auto storage = OpenAt(name);
      ASSERT_OK(storage);
      const Contents rest = testing::ReadAll(**storage);
      EXPECT_TRUE(Contains(contents, rest));
      if (diagnosis->clean()) {
        EXPECT_EQ(rest, contents);
      }
    }
    fs::remove_all(Path(name));
    fs::remove_all(Path(name + ".damaged"));
  }
  EXPECT_GT(found, 20);
}

}  // namespace
}  // namespace vigil::storage
