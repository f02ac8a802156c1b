// SPDX-License-Identifier: Apache-2.0
//
// Writers, readers and flushes at once. Readers must see what was applied before they began, each
// span once. Meant for the tsan configuration, too.
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
#include "storage/spans/span_shard.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

constexpr int kWriters = 2;
constexpr int kRounds = 100;
constexpr int kSpansOfTrace = 20;
constexpr int64_t kPartitionNs = 1'000'000;

class Stress {
 public:
  Stress() : shard_(SpanShard::Create(0, &store_, {.partition_ms = 1, .max_block_rows = 50})) {
    EXPECT_OK(shard_->Load());
  }

  void Run() {
    std::vector<std::thread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([this, writer] { WriteAll(writer); });
    }
    threads.emplace_back([this] { FlushUntilDone(); });
    threads.emplace_back([this] {
      while (writers_done_ < kWriters) CheckRange();
    });
    threads.emplace_back([this] {
      while (writers_done_ < kWriters) CheckTraces();
    });
    for (std::thread& thread : threads) thread.join();
    CheckRange();
    CheckTraces();
  }

 private:
  // Each writer has a trace whose spans it sends again and again, the round as their name.
  void WriteAll(int writer) {
    for (int round = 1; round <= kRounds; ++round) {
      for (int span = 0; span < kSpansOfTrace; ++span) {
        std::vector<Span> spans = {
            testing::PlainSpan(static_cast<uint8_t>(writer), static_cast<uint8_t>(span + 1),
                               span * kPartitionNs / 10, std::to_string(round))};
        std::string payload;
        shard_->Encode(kDefaultTenant, spans, &payload);
        ReaderLock gate(&gate_);
        shard_->Apply(kDefaultTenant, std::move(spans));
      }
      rounds_[writer] = round;
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

  void CheckRange() {
    std::array<int, kWriters> least;
    for (int i = 0; i < kWriters; ++i) least[i] = rounds_[i];
    std::set<std::pair<TraceId, SpanId>> seen;
    EXPECT_OK(shard_->Read(kDefaultTenant, 0, 1000 * kPartitionNs, [&](const Span& span) {
      EXPECT_TRUE(seen.emplace(span.trace_id, span.span_id).second) << "twice";
      EXPECT_GE(std::stoi(span.name), least[span.trace_id.bytes.back()]);
      return true;
    }));
    const size_t started = (least[0] > 0 ? 1 : 0) + (least[1] > 0 ? 1 : 0);
    EXPECT_GE(seen.size(), started * kSpansOfTrace);
  }

  void CheckTraces() {
    for (int writer = 0; writer < kWriters; ++writer) {
      const int least = rounds_[writer];
      ASSERT_OK_AND_ASSIGN(
          const std::vector<Span> trace,
          shard_->Trace(kDefaultTenant, testing::TraceIdOf(static_cast<uint8_t>(writer))));
      if (least > 0) {
        EXPECT_EQ(trace.size(), static_cast<size_t>(kSpansOfTrace));
      }
      for (const Span& span : trace) EXPECT_GE(std::stoi(span.name), least);
    }
  }

  MemoryStore store_;
  const std::unique_ptr<SpanShard> shard_;
  SharedMutex gate_;  // As in Shard.
  std::array<std::atomic<int>, kWriters> rounds_ = {};
  std::atomic<int> writers_done_ = 0;
};

TEST(SpanShardStressTest, ReadersSeeTheLatestOnce) { Stress().Run(); }

}  // namespace
}  // namespace vigil::storage
