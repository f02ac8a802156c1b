// SPDX-License-Identifier: Apache-2.0
//
// Writers, readers, flushes, retention and series that leave memory and come back at once. Meant
// for ThreadSanitizer too; by itself it checks that readers miss nothing that was applied before
// they asked.
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/mutex.h"
#include "storage/kv/memory_store.h"
#include "storage/metrics/metric_shard.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

constexpr TenantId kTenant{1};
constexpr int kWriters = 2;
constexpr int kSeriesPerWriter = 100;
constexpr int64_t kRounds = 400;
constexpr TimeRange kEver = {INT64_MIN, INT64_MAX};

// Each writer appends, to each of its series, the samples (1, 1), (2, 2), ... up to kRounds, a few
// at a time and in reverse order.
class Stress {
 public:
  Stress() {
    MetricOptions options;
    options.partition_ms = 100;
    options.hot_window_ms = 30;
    shard_ = MetricShard::Create(0, &store_, options);
  }

  void Run() {
    WriteFuture();
    std::vector<std::thread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([this, writer] { Write(writer); });
    }
    threads.emplace_back([this] { FlushUntilDone(); });
    threads.emplace_back([this] {
      while (running_ > 0) Read();
    });
    for (std::thread& thread : threads) thread.join();
    Flush();
    Read();
  }

 private:
  static Labels LabelsOf(int writer, int series) {
    return {{kMetricName, "m"},
            {"writer", fmt::format("{}", writer)},
            {"series", fmt::format("{}", series)}};
  }

  // One series is far ahead in time: all others leave memory with each flush.
  void WriteFuture() {
    MetricBatch batch;
    batch.Add(shard_->GetOrCreate(kTenant, {{kMetricName, "future"}}, {}).value(), 1'000'000, 1);
    shard_->Apply(kTenant, batch);
    Flush();
  }

  void Write(int writer) {
    constexpr int64_t kStep = 4;
    std::vector<SeriesRef> refs(kSeriesPerWriter);
    for (int64_t round = 0; round < kRounds; round += kStep) {
      MetricBatch batch;
      for (int series = 0; series < kSeriesPerWriter; ++series) {
        // By labels and by a ref that is remembered, in turns.
        if (round / kStep % 3 == 0) {
          const auto ref = shard_->GetOrCreate(kTenant, LabelsOf(writer, series),
                                               {.type = MetricType::kCounter});
          ASSERT_OK(ref);
          ASSERT_TRUE(round == 0 || refs[series] == *ref);
          refs[series] = *ref;
        }
        for (int64_t time_ms = round + kStep; time_ms > round; --time_ms) {
          batch.Add(refs[series], time_ms, static_cast<double>(time_ms));
        }
      }
      ReaderLock gate(&gate_);
      std::string payload;
      shard_->Encode(kTenant, batch, &payload);
      shard_->Apply(kTenant, batch);
      applied_[writer] = round + kStep;
    }
    --running_;
  }

  void FlushUntilDone() {
    while (running_ > 0) {
      Flush();
      ASSERT_OK(shard_->DropBefore(0));  // Drops nothing.
      shard_->Stats();
      shard_->HeadBytes();
    }
  }

  void Flush() {
    {
      WriterLock gate(&gate_);
      shard_->Seal();
    }
    WriteBatch batch;
    ASSERT_OK(shard_->WriteSealed(&batch));
    ASSERT_OK(store_.Write(batch, Durability::kNoSync));
    shard_->DropSealed();
  }

  void Read() {
    std::array<int64_t, kWriters> applied;
    for (int writer = 0; writer < kWriters; ++writer) applied[writer] = applied_[writer];
    const std::unique_ptr<MetricQuerier> querier = shard_->NewQuerier(kTenant);
    for (int writer = 0; writer < kWriters; ++writer) {
      const auto series =
          querier->Select({Matcher::Equal("writer", fmt::format("{}", writer))}, kEver);
      ASSERT_OK(series);
      if (applied[writer] > 0) {
        ASSERT_EQ(series->size(), kSeriesPerWriter);
      }
      for (const SeriesHandle& handle : *series) Check(*querier, handle, applied[writer]);
    }
    ASSERT_OK(querier->LabelValues("series", {}, kEver));
  }

  void Check(MetricQuerier& querier, const SeriesHandle& handle, int64_t applied) {
    SampleColumns columns;
    ASSERT_OK(querier.Read(handle.ref, kEver, &columns));
    ASSERT_GE(static_cast<int64_t>(columns.times_ms.size()), applied);
    for (size_t i = 0; i < columns.times_ms.size(); ++i) {
      const int64_t time_ms = columns.times_ms[i];
      ASSERT_EQ(static_cast<double>(time_ms), columns.values[i]);
      if (i < static_cast<size_t>(applied)) {
        ASSERT_EQ(time_ms, static_cast<int64_t>(i) + 1);
      }
    }
  }

  MemoryStore store_;
  std::unique_ptr<MetricShard> shard_;
  SharedMutex gate_;  // As the shard that owns the journal has it.
  std::array<std::atomic<int64_t>, kWriters> applied_ = {};
  std::atomic<int> running_{kWriters};
};

TEST(MetricShardStressTest, ReadersMissNothing) { Stress().Run(); }

}  // namespace
}  // namespace vigil::storage
