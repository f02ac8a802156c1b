// SPDX-License-Identifier: Apache-2.0
//
// Writers, readers and flushes at once. Readers must see what was applied before they began, each
// record once, in order. Meant for the tsan configuration, too.
#include <array>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/mutex.h"
#include "storage/kv/memory_store.h"
#include "storage/logs/log_shard.h"
#include "tests/storage/logs/log_harness.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

constexpr int kWriters = 2;
constexpr int kBatches = 2000;
constexpr int kRecordsOfBatch = 3;
constexpr int kPartitionNs = 1'000'000;

class Stress {
 public:
  Stress() : shard_(LogShard::Create(0, &store_, {.partition_ms = 1, .max_block_rows = 50})) {
    EXPECT_OK(shard_->Load());
  }

  void Run() {
    std::vector<std::thread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([this, writer] { WriteAll(writer); });
    }
    threads.emplace_back([this] { FlushUntilDone(); });
    for (int reader = 0; reader < 2; ++reader) {
      threads.emplace_back([this, reader] { ReadUntilDone(reader == 0); });
    }
    for (std::thread& thread : threads) thread.join();
    Check(true);
  }

 private:
  static std::string NameOf(int writer) { return "writer" + std::to_string(writer); }

  void WriteAll(int writer) {
    for (int i = 0; i < kBatches; ++i) {
      LogBatch batch = testing::OneStream(NameOf(writer), {});
      for (int k = 0; k < kRecordsOfBatch; ++k) {
        // Some late ones, and some in other partitions.
        const int64_t time_ns = (i * 37 % 100) * kPartitionNs / 20 + k;
        batch.streams[0].records.push_back(testing::PlainLog(time_ns, NameOf(writer)));
      }
      std::string payload;
      shard_->Encode(kDefaultTenant, batch, &payload);
      {
        ReaderLock gate(&gate_);
        shard_->Apply(kDefaultTenant, std::move(batch));
      }
      applied_[writer] += kRecordsOfBatch;
    }
    ++writers_done_;
  }

  void FlushUntilDone() {
    while (writers_done_ < kWriters) {
      {
        WriterLock gate(&gate_);
        shard_->Seal();
      }
      WriteBatch batch;
      EXPECT_OK(shard_->WriteSealed(&batch));
      EXPECT_OK(store_.Write(batch, Durability::kSync));
      // Invites readers into the moment when records are in both places.
      std::this_thread::yield();
      shard_->DropSealed();
      // Nothing is that old: what is dropped is nothing.
      EXPECT_OK(shard_->DropBefore(-1));
    }
  }

  void ReadUntilDone(bool newest_first) {
    while (writers_done_ < kWriters) Check(newest_first);
  }

  void Check(bool newest_first) {
    std::array<int64_t, kWriters> least;
    for (int i = 0; i < kWriters; ++i) least[i] = applied_[i];
    LogSelection selection = testing::Everything();
    selection.newest_first = newest_first;
    std::set<std::pair<std::string, uint64_t>> seen;
    std::array<int64_t, kWriters> counts = {};
    int64_t last_ns = newest_first ? INT64_MAX : INT64_MIN;
    EXPECT_OK(shard_->Read(
        kDefaultTenant, selection,
        [&](const Labels& labels, uint64_t number, const LogRecord& record) {
          EXPECT_TRUE(seen.emplace(labels.Get("name"), number).second) << "twice: " << number;
          EXPECT_TRUE(newest_first ? record.time_ns <= last_ns : record.time_ns >= last_ns);
          EXPECT_EQ(ToText(record.body), labels.Get("name"));
          last_ns = record.time_ns;
          ++counts[labels.Get("name") == NameOf(1)];
          return true;
        }));
    for (int i = 0; i < kWriters; ++i) EXPECT_GE(counts[i], least[i]);
  }

  MemoryStore store_;
  const std::unique_ptr<LogShard> shard_;
  SharedMutex gate_;  // As in Shard.
  std::array<std::atomic<int64_t>, kWriters> applied_ = {};
  std::atomic<int> writers_done_ = 0;
};

TEST(LogShardStressTest, ReadersSeeEverythingOnce) { Stress().Run(); }

}  // namespace
}  // namespace vigil::storage
