// SPDX-License-Identifier: Apache-2.0
//
// The RocksDB store on a disk that is full, and then no more. The system's `write` stands in for
// the disk: this program's own comes before the C library's when RocksDB is linked.
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "storage/kv/rocksdb_store.h"
#include "tests/storage/kv/kv_conformance.h"
#include "tests/testing/status_matchers.h"

namespace {
// Bytes that still fit on the disk.
std::atomic<int64_t> bytes_left{std::numeric_limits<int64_t>::max()};
// What the system says is free, when not what it really is.
std::atomic<int64_t> bytes_reported{-1};
}  // namespace

// Takes what fits, as a disk does, and then nothing. Standard output and error are no disk.
extern "C" ssize_t write(int descriptor, const void* data, size_t size) {
  if (descriptor > STDERR_FILENO) {
    const int64_t left = bytes_left.fetch_sub(static_cast<int64_t>(size));
    if (left < static_cast<int64_t>(size)) {
      bytes_left.store(0);
      if (left <= 0) {
        errno = ENOSPC;
        return -1;
      }
      size = static_cast<size_t>(left);
    }
  }
  return ::syscall(SYS_write, descriptor, data, size);
}

extern "C" int statvfs(const char* path, struct statvfs* stats) noexcept {
  struct statfs system = {};
  if (::statfs(path, &system) != 0) return -1;
  *stats = {};
  stats->f_frsize = 1;
  stats->f_blocks = system.f_blocks * system.f_frsize;
  const int64_t reported = bytes_reported.load();
  stats->f_bavail = reported >= 0 ? reported : system.f_bavail * system.f_frsize;
  return 0;
}

namespace vigil::storage {
namespace {

using testing::StatusIs;

constexpr int64_t kPlenty = int64_t{1} << 40;
constexpr int64_t kPatienceNs = 20'000 * kNanosPerMilli;

class RocksDbSpaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    bytes_left.store(kPlenty);
    directory_ = FreshDirectory("d");
    Open();
  }
  void TearDown() override {
    bytes_left.store(kPlenty);
    bytes_reported.store(-1);
  }

  void Open() {
    store_.reset();
    ASSERT_OK_AND_ASSIGN(store_,
                         OpenRocksDb({.directory = directory_, .memory_bytes = size_t{8} << 20}));
  }
  absl::Status Put(const std::string& key, Durability durability = Durability::kSync) {
    WriteBatch batch;
    batch.Put(Family::kState, key, std::string(100, 'v'));
    batch.Put(Family::kJournal, key, std::string(100, 'v'));
    return store_->Write(batch, durability);
  }
  // Writes until it succeeds: there is a pause between attempts to open the store again.
  absl::Status PutPatiently(const std::string& key) {
    const int64_t deadline = MonotonicNs() + kPatienceNs;
    absl::Status status = Put(key);
    while (!status.ok() && MonotonicNs() < deadline) status = Put(key);
    return status;
  }
  std::string Keys() {
    std::string keys;
    EXPECT_OK(ForEach(*store_, Family::kState, {}, [&](std::string_view key, std::string_view) {
      keys += fmt::format("{} ", key);
      return absl::OkStatus();
    }));
    return keys;
  }

  std::string directory_;
  std::unique_ptr<KeyValueStore> store_;
};

TEST_F(RocksDbSpaceTest, FullDiskIsResourceExhaustedAndReadsGoOn) {
  ASSERT_OK(Put("a"));
  bytes_left.store(50);
  EXPECT_THAT(Put("b"), StatusIs(absl::StatusCode::kResourceExhausted));
  bytes_reported.store(0);
  EXPECT_THAT(Put("b"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(store_->SyncLog(), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Keys(), "a ");
}

// What is acknowledged after the disk was full must be found again, though the log has a torn
// record in its middle.
TEST_F(RocksDbSpaceTest, WritesGoOnOnceThereIsSpaceAndAreKept) {
  ASSERT_OK(Put("a"));
  bytes_left.store(50);
  EXPECT_THAT(Put("b"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Put("b"), StatusIs(absl::StatusCode::kResourceExhausted));
  bytes_left.store(kPlenty);
  ASSERT_OK(PutPatiently("c"));
  ASSERT_OK(Put("d"));
  EXPECT_EQ(Keys(), "a c d ");
  Open();
  EXPECT_EQ(Keys(), "a c d ");
}

// The torn record is the log's only one.
TEST_F(RocksDbSpaceTest, FirstWriteOfAllMayFindTheDiskFull) {
  bytes_left.store(50);
  EXPECT_THAT(Put("a"), StatusIs(absl::StatusCode::kResourceExhausted));
  bytes_left.store(kPlenty);
  ASSERT_OK(PutPatiently("b"));
  ASSERT_OK(Put("c"));
  Open();
  EXPECT_EQ(Keys(), "b c ");
}

TEST_F(RocksDbSpaceTest, FlushMayFindTheDiskFull) {
  ASSERT_OK(Put("a"));
  bytes_left.store(50);
  EXPECT_THAT(store_->Flush(), StatusIs(absl::StatusCode::kResourceExhausted));
  bytes_left.store(kPlenty);
  ASSERT_OK(PutPatiently("b"));
  ASSERT_OK(store_->Flush());
  Open();
  EXPECT_EQ(Keys(), "a b ");
}

// All that touches the torn log fails in peace, and does not stand in the way later.
TEST_F(RocksDbSpaceTest, NothingElseMakesItWorse) {
  ASSERT_OK(Put("a", Durability::kNoSync));
  const auto iterator = store_->NewIterator(Family::kState, {});
  bytes_left.store(50);
  EXPECT_FALSE(Put("b", Durability::kNoSync).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(store_->SyncLog().ok());
    EXPECT_FALSE(store_->Flush().ok());
    EXPECT_FALSE(store_->Checkpoint(directory_ + ".copy").ok());
    EXPECT_FALSE(store_->DropRange(Family::kState, "a", "b").ok());
    EXPECT_FALSE(store_->Ingest(Family::kState, {{"a", "1"}}, TableEffort::kQuick).ok());
    bytes_left.store(kPlenty);  // Which helps only once nobody reads.
  }
  iterator->Seek("");
  EXPECT_TRUE(iterator->Valid());
}

TEST_F(RocksDbSpaceTest, OpensAgainWhenTheLastReaderHasGone) {
  ASSERT_OK(Put("a"));
  auto iterator = store_->NewIterator(Family::kState, {});
  bytes_left.store(50);
  EXPECT_FALSE(Put("b").ok());
  bytes_left.store(kPlenty);
  EXPECT_THAT(Put("b"), StatusIs(absl::StatusCode::kResourceExhausted));
  iterator->Seek("");
  EXPECT_TRUE(iterator->Valid());
  iterator.reset();
  ASSERT_OK(Put("c"));
  EXPECT_EQ(Keys(), "a c ");
}

// The log is read again but its tables cannot be written: there is no store for a while.
TEST_F(RocksDbSpaceTest, OpeningAgainMayFindTheDiskFullToo) {
  ASSERT_OK(Put("a"));
  bytes_left.store(50);
  EXPECT_FALSE(Put("b").ok());
  EXPECT_FALSE(Put("b").ok());
  EXPECT_THAT(store_->Get(Family::kState, "a"), StatusIs(absl::StatusCode::kResourceExhausted));
  const auto snapshot = store_->NewSnapshot();
  EXPECT_FALSE(store_->NewIterator(Family::kState, {})->status().ok());
  bytes_left.store(kPlenty);
  ASSERT_OK(PutPatiently("c"));
  EXPECT_FALSE(store_->Get(Family::kState, "a", snapshot.get()).ok());
  EXPECT_EQ(Keys(), "a c ");
}

TEST_F(RocksDbSpaceTest, IngestMayFindTheDiskFull) {
  bytes_left.store(50);
  EXPECT_THAT(store_->Ingest(Family::kState, {{"a", std::string(1000, 'v')}}, TableEffort::kQuick),
              StatusIs(absl::StatusCode::kResourceExhausted));
  bytes_left.store(kPlenty);
  ASSERT_OK(PutPatiently("b"));
  EXPECT_OK(store_->Ingest(Family::kState, {{"a", std::string(1000, 'v')}}, TableEffort::kQuick));
  EXPECT_EQ(Keys(), "a b ");
}

TEST_F(RocksDbSpaceTest, LastPartOfTheDiskIsKeptForDeletions) {
  ASSERT_OK(Put("a"));
  bytes_reported.store(1000);
  EXPECT_THAT(Put("b"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(store_->Ingest(Family::kState, {{"b", ""}}, TableEffort::kQuick),
              StatusIs(absl::StatusCode::kResourceExhausted));
  WriteBatch batch;
  batch.Delete(Family::kState, "a");
  EXPECT_OK(store_->Write(batch, Durability::kSync));
  EXPECT_OK(store_->DropRange(Family::kState, "a", "z"));
  EXPECT_OK(store_->Flush());
  EXPECT_EQ(Keys(), "");
  bytes_reported.store(-1);
  EXPECT_OK(Put("b"));
}

// Whatever byte the disk ends at: nothing acknowledged is lost, nothing refused half there.
TEST_F(RocksDbSpaceTest, AnyFreeSpaceAtAll) {
  std::string expected;
  for (int space = 0; space < 700; space += 37) {
    const std::string key = fmt::format("{:03}", space);
    bytes_left.store(space);
    if (Put(key).ok()) expected += key + " ";
    if (Put(key + "x").ok()) expected += key + "x ";
    bytes_left.store(kPlenty);
    ASSERT_OK(PutPatiently(key + "y"));
    expected += key + "y ";
  }
  EXPECT_EQ(Keys(), expected);
  Open();
  EXPECT_EQ(Keys(), expected);
}

}  // namespace
}  // namespace vigil::storage
