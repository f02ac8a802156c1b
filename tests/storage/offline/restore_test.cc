// SPDX-License-Identifier: Apache-2.0
#include "storage/offline/restore.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
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

class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }

  std::string Path(const std::string& name) const { return (root_ / name).string(); }

  std::unique_ptr<Storage> OpenAt(const std::string& name) {
    StorageOptions options;
    options.data_dir = Path(name);
    options.shards = 2;
    auto storage = Storage::Open(options, &clock_);
    EXPECT_OK(storage);
    return *std::move(storage);
  }

  void Write(Storage& storage, int number, Contents* contents) {
    EXPECT_OK(
        storage.WriteMetrics(kDefaultTenant, Batches::Metrics(storage, number, contents), {}));
    EXPECT_OK(storage.WriteLogs(kDefaultTenant, Batches::Logs(number, contents), {}));
    EXPECT_OK(storage.WriteSpans(kDefaultTenant, Batches::Spans(number, contents), {}));
  }

  ManualClock clock_{kStartMs};
  fs::path root_;
};

TEST_F(RestoreTest, SnapshotHoldsWhatWasAcknowledgedBefore) {
  Contents before;
  auto storage = OpenAt("data");
  Write(*storage, 1, &before);
  EXPECT_OK(storage->Flush());
  Write(*storage, 2, &before);  // In the journal only.
  ASSERT_OK_AND_ASSIGN(const std::string path, storage->Snapshot(Path("snapshot")));
  EXPECT_EQ(path, Path("snapshot"));
  Contents after = before;
  Write(*storage, 3, &after);
  EXPECT_EQ(testing::ReadAll(*storage), after);

  ASSERT_OK_AND_ASSIGN(
      const RestoreResult result,
      RestoreSnapshot({.snapshot_dir = path, .data_dir = Path("restored"), .overwrite = false}));
  EXPECT_GT(result.files, 0u);
  EXPECT_GT(result.bytes, 0u);
  auto restored = OpenAt("restored");
  EXPECT_EQ(testing::ReadAll(*restored), before);
  restored.reset();
  // A snapshot is a data directory itself, and not changed by being restored.
  EXPECT_EQ(testing::ReadAll(*OpenAt("snapshot")), before);
  EXPECT_FALSE(fs::exists(Path("restored.restoring")));
}

TEST_F(RestoreTest, SnapshotRefusesWhatItWouldHarm) {
  auto storage = OpenAt("data");
  EXPECT_THAT(storage->Snapshot(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(storage->Snapshot(Path("data")), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(storage->Snapshot(Path("data/inside")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lies in the data")));
  EXPECT_THAT(storage->Snapshot(Path("nowhere/snapshot")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nowhere")));
  EXPECT_FALSE(fs::exists(Path("nowhere")));
}

TEST_F(RestoreTest, RefusesToOverwriteUnlessTold) {
  Contents contents;
  auto storage = OpenAt("data");
  Write(*storage, 1, &contents);
  ASSERT_OK(storage->Snapshot(Path("snapshot")));
  fs::create_directories(Path("target"));
  std::ofstream(Path("target/precious")) << "kept";
  const RestoreOptions options = {
      .snapshot_dir = Path("snapshot"), .data_dir = Path("target"), .overwrite = false};
  EXPECT_THAT(RestoreSnapshot(options),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--overwrite")));
  EXPECT_TRUE(fs::exists(Path("target/precious")));
  RestoreOptions overwrite = options;
  overwrite.overwrite = true;
  EXPECT_OK(RestoreSnapshot(overwrite));
  EXPECT_FALSE(fs::exists(Path("target/precious")));
  EXPECT_EQ(testing::ReadAll(*OpenAt("target")), contents);
}

TEST_F(RestoreTest, DamagedSnapshotIsNotRestored) {
  Contents contents;
  auto storage = OpenAt("data");
  Write(*storage, 1, &contents);
  EXPECT_OK(storage->Flush());
  ASSERT_OK(storage->Snapshot(Path("snapshot")));
  for (const auto& entry : fs::directory_iterator(Path("snapshot"))) {
    if (entry.path().extension() != ".sst") continue;
    // The snapshot shares its tables with the store: break a copy.
    const fs::path copy = entry.path().string() + ".copy";
    fs::copy_file(entry.path(), copy);
    fs::rename(copy, entry.path());
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1);
    file.put('\x55');
  }
  EXPECT_THAT(
      RestoreSnapshot(
          {.snapshot_dir = Path("snapshot"), .data_dir = Path("target"), .overwrite = false}),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged")));
  EXPECT_FALSE(fs::exists(Path("target")));
  EXPECT_FALSE(fs::exists(Path("target.restoring")));
}

TEST_F(RestoreTest, WantsASnapshot) {
  EXPECT_THAT(
      RestoreSnapshot(
          {.snapshot_dir = Path("nothing"), .data_dir = Path("target"), .overwrite = false}),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("no data directory")));
  auto storage = OpenAt("data");
  ASSERT_OK(storage->Snapshot(Path("snapshot")));
  EXPECT_THAT(RestoreSnapshot({.snapshot_dir = Path("snapshot"),
                               .data_dir = Path("snapshot/inside"),
                               .overwrite = false}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vigil::storage
