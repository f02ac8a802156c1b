// SPDX-License-Identifier: Apache-2.0
//
// Compaction of a shard's blocks: what it leaves in the store, when it is due, and that no crash in
// the middle of it, or of a flush, is seen in the samples.
#include "storage/metrics/compactor.h"

#include <map>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "storage/kv/fault_store.h"
#include "storage/kv/memory_store.h"
#include "storage/metrics/metric_shard.h"
#include "tests/storage/metrics/shard_model.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr TenantId kTenant{2};
constexpr uint32_t kShard = 7;
constexpr int64_t kPartitionMs = 24 * 3600 * 1000;
constexpr int64_t kIntervalMs = 15'000;
constexpr int kSeries = 6;
constexpr int kScrapes = 40;
constexpr int64_t kLong = int64_t{1} << 60;

// A shard that is scraped, flushed and killed, and what it should hold.
class Shard {
 public:
  Shard() { Reopen(FaultStore::Wrap(std::make_unique<MemoryStore>()).value()); }

  void Reopen(std::unique_ptr<FaultStore> store) {
    shard_.reset();
    store_ = std::move(store);
    shard_ = MetricShard::Create(kShard, store_.get(), {.partition_ms = kPartitionMs});
    VIGIL_CHECK_OK(shard_->Load());
    for (const std::string& payload : journal_) VIGIL_CHECK_OK(shard_->Replay(kTenant, payload));
  }
  void Kill() { Reopen(FaultStore::Wrap(store_->AfterKill().value()).value()); }
  void LosePower() { Reopen(FaultStore::Wrap(store_->AfterPowerLoss().value()).value()); }

  static Labels LabelsOf(int i) {
    return {{kMetricName, fmt::format("metric_{}", i % 3)}, {"id", fmt::format("{}", i)}};
  }

  // Scrapes of all series, which come at the same instants; the last sample of each scrape but one
  // comes again, changed, and a sixteenth come late.
  void Scrape(int count) {
    for (int i = 0; i < count; ++i) {
      next_ms_ += kIntervalMs + static_cast<int64_t>(random_() % 100);
      MetricBatch batch;
      for (int series = 0; series < kSeries; ++series) {
        const SeriesRef ref = shard_->GetOrCreate(kTenant, LabelsOf(series), {}).value();
        Add(&batch, series, ref, next_ms_, static_cast<double>(random_() % 1000) / 10);
        if (!late_ || random_() % 16 != 0) continue;
        Add(&batch, series, ref, next_ms_ - static_cast<int64_t>(random_() % (8 * kIntervalMs)), 7);
      }
      std::string payload;
      shard_->Encode(kTenant, batch, &payload);
      journal_.push_back(payload);
      shard_->Apply(kTenant, batch);
    }
  }
  absl::Status Flush() {
    if (!sealed_) shard_->Seal();
    sealed_ = true;
    WriteBatch batch;
    absl::Status status = shard_->WriteSealed(&batch);
    if (status.ok()) status = store_->Write(batch, Durability::kSync);
    if (!status.ok()) return status;
    shard_->DropSealed();
    sealed_ = false;
    journal_.clear();
    return absl::OkStatus();
  }
  void ScrapeAndFlush(int flushes) {
    for (int i = 0; i < flushes; ++i) {
      Scrape(kScrapes);
      VIGIL_CHECK_OK(Flush());
    }
  }

  void ExpectAll() {
    const auto querier = shard_->NewQuerier(kTenant);
    const TimeRange ever = {0, int64_t{1} << 50};
    size_t found = 0;
    ASSERT_OK_AND_ASSIGN(const std::vector<SeriesHandle> series, querier->Select({}, ever));
    for (const SeriesHandle& handle : series) {
      SampleColumns columns;
      ASSERT_OK(querier->Read(handle.ref, ever, &columns));
      ASSERT_EQ(ToModel(columns), model_[handle.labels.ToString()]) << handle.labels.ToString();
      ++found;
    }
    ASSERT_EQ(found, model_.size());
  }

  std::map<BlockKey, MetricBlockHeader> Blocks() {
    std::map<BlockKey, MetricBlockHeader> blocks;
    VIGIL_CHECK_OK(
        ForEach(*store_, Family::kBlocks, {}, [&](std::string_view key, std::string_view value) {
          const auto decoded = BlockKey::Decode(key);
          if (decoded.ok()) blocks[*decoded] = PeekMetricBlock(value).value();
          return absl::OkStatus();
        }));
    return blocks;
  }
  std::vector<TimestampColumnKey> Columns() {
    std::vector<TimestampColumnKey> columns;
    VIGIL_CHECK_OK(
        ForEach(*store_, Family::kBlocks, {}, [&](std::string_view key, std::string_view) {
          const auto decoded = TimestampColumnKey::Decode(key);
          if (decoded.ok()) columns.push_back(*decoded);
          return absl::OkStatus();
        }));
    return columns;
  }

  MetricShard& shard() { return *shard_; }
  FaultStore& store() { return *store_; }
  int64_t now_ms() const { return next_ms_; }
  void NothingComesLate() { late_ = false; }
  void DropSealedFlag() { sealed_ = false; }

 private:
  void Add(MetricBatch* batch, int series, SeriesRef ref, int64_t time_ms, double value) {
    batch->Add(ref, time_ms, value);
    model_[LabelsOf(series).ToString()][time_ms] = FloatValue(value);
  }

  std::mt19937 random_{1};
  std::unique_ptr<FaultStore> store_;
  std::unique_ptr<MetricShard> shard_;
  std::vector<std::string> journal_;
  std::map<std::string, ModelSamples> model_;
  int64_t next_ms_ = 20'000 * kPartitionMs + 3'600'000;  // Late samples stay in the partition.
  bool sealed_ = false;
  bool late_ = true;
};

TEST(CompactorTest, ASeriesEndsUpInOneBlockThatSharesItsTimes) {
  Shard shard;
  shard.NothingComesLate();
  shard.ScrapeAndFlush(5);
  EXPECT_THAT(shard.Blocks(), SizeIs(5 * kSeries));
  EXPECT_THAT(shard.Columns(), SizeIs(5));
  ASSERT_OK(shard.shard().CompactAll());
  EXPECT_THAT(shard.Blocks(), SizeIs(kSeries));
  ASSERT_THAT(shard.Columns(), SizeIs(1));
  for (const auto& [key, header] : shard.Blocks()) {
    EXPECT_EQ(header.count, 5u * kScrapes);
    EXPECT_TRUE(header.thorough);
    EXPECT_EQ(header.shared_times, shard.Columns().front().column);
  }
  shard.ExpectAll();
  // Once more there is nothing to do.
  const auto before = shard.Blocks();
  ASSERT_OK(shard.shard().CompactAll());
  EXPECT_EQ(shard.Blocks().begin()->first, before.begin()->first);
}

TEST(CompactorTest, LateSamplesAreMergedIn) {
  Shard shard;
  shard.ScrapeAndFlush(5);
  ASSERT_OK(shard.shard().CompactAll());
  shard.ExpectAll();
  EXPECT_THAT(shard.Blocks(), SizeIs(kSeries));
}

TEST(CompactorTest, IsDueAfterEnoughFlushesAndWhenThePartitionIsOver) {
  Shard shard;
  shard.NothingComesLate();
  shard.ScrapeAndFlush(7);
  ASSERT_OK_AND_ASSIGN(bool more, shard.shard().Compact(shard.now_ms(), kLong));
  EXPECT_FALSE(more);
  EXPECT_THAT(shard.Blocks(), SizeIs(7 * kSeries));  // Not yet.
  shard.ScrapeAndFlush(1);
  ASSERT_OK(shard.shard().Compact(shard.now_ms(), kLong).status());
  EXPECT_THAT(shard.Blocks(), SizeIs(kSeries));
  shard.ScrapeAndFlush(8);
  ASSERT_OK(shard.shard().Compact(shard.now_ms(), kLong).status());
  EXPECT_THAT(shard.Blocks(), SizeIs(2 * kSeries));  // The new ones with each other.
  shard.ScrapeAndFlush(1);
  ASSERT_OK(shard.shard().Compact(shard.now_ms() + kPartitionMs, kLong).status());
  EXPECT_THAT(shard.Blocks(), SizeIs(3 * kSeries));  // Just flushed: more may come.
  ASSERT_OK(shard.shard().Compact(shard.now_ms() + 2 * kPartitionMs, kLong).status());
  EXPECT_THAT(shard.Blocks(), SizeIs(kSeries));
  EXPECT_THAT(shard.Columns(), SizeIs(1));
  shard.ExpectAll();
}

TEST(CompactorTest, ARestartLooksAtTheLatestPartitions) {
  Shard shard;
  shard.ScrapeAndFlush(3);
  shard.Kill();
  ASSERT_OK(shard.shard().Compact(shard.now_ms(), kLong).status());
  EXPECT_THAT(shard.Blocks(), SizeIs(kSeries));
  shard.ExpectAll();
}

TEST(CompactorTest, ABudgetOfNothingGetsAheadBySeries) {
  Shard shard;
  shard.NothingComesLate();
  shard.ScrapeAndFlush(8);
  int calls = 1;
  size_t blocks = shard.Blocks().size();
  for (bool more = true; more; ++calls) {
    ASSERT_OK_AND_ASSIGN(more, shard.shard().Compact(shard.now_ms(), 0));
    EXPECT_LE(shard.Blocks().size(), blocks);
    EXPECT_GE(shard.Blocks().size() + 7, blocks);
    blocks = shard.Blocks().size();
    shard.ExpectAll();
  }
  EXPECT_GE(calls, kSeries);
  EXPECT_EQ(blocks, size_t{kSeries});
  EXPECT_THAT(shard.Columns(), SizeIs(1));  // Which the series still share.
}

TEST(CompactorTest, FlushesBetweenItsStepsLoseNothing) {
  Shard shard;
  shard.ScrapeAndFlush(8);
  for (int i = 0; i < 12; ++i) {
    ASSERT_OK(shard.shard().Compact(shard.now_ms(), 0).status());
    shard.ScrapeAndFlush(1);
    shard.ExpectAll();
  }
  ASSERT_OK(shard.shard().CompactAll());
  shard.ExpectAll();
  EXPECT_THAT(shard.Blocks(), SizeIs(kSeries));
}

TEST(CompactorTest, DamagedBlocksStayAndStopNoOthers) {
  Shard shard;
  shard.NothingComesLate();
  shard.ScrapeAndFlush(4);
  const auto [key, header] = *std::next(shard.Blocks().begin(), 5);
  ASSERT_OK(shard.store().CorruptValue(Family::kBlocks, key.Encode(), 40));
  ASSERT_OK(shard.shard().CompactAll());
  const auto blocks = shard.Blocks();
  EXPECT_THAT(blocks, SizeIs(kSeries + 1));
  EXPECT_TRUE(blocks.contains(key));
  // Nor is the column of times gone that it names.
  bool found = false;
  for (const TimestampColumnKey& column : shard.Columns()) {
    found |= column.column == header.shared_times;
  }
  EXPECT_TRUE(found);
}

TEST(CompactorTest, RetentionEndsAPass) {
  Shard shard;
  shard.ScrapeAndFlush(8);
  ASSERT_OK(shard.shard().Compact(shard.now_ms(), 0).status());
  ASSERT_OK(shard.shard().DropBefore(shard.now_ms() + 2 * kPartitionMs));
  ASSERT_OK_AND_ASSIGN(const bool more, shard.shard().Compact(shard.now_ms(), kLong));
  EXPECT_FALSE(more);
  EXPECT_THAT(shard.Blocks(), IsEmpty());
}

// Runs `steps`; whatever fails by the nth write ends it as a kill or a loss of power would.
void CrashAtWrite(int nth, bool power) {
  SCOPED_TRACE(fmt::format("write {} {}", nth, power ? "power" : "kill"));
  Shard shard;
  shard.ScrapeAndFlush(3);
  shard.store().FailAt(FaultStore::Operation::kWrite, nth, absl::UnavailableError("gone"), 1000);
  for (int i = 0; i < 3; ++i) {
    shard.Scrape(kScrapes);
    if (!shard.Flush().ok() || !shard.shard().CompactAll().ok()) break;
  }
  power ? shard.LosePower() : shard.Kill();
  shard.DropSealedFlag();
  ASSERT_NO_FATAL_FAILURE(shard.ExpectAll());
  shard.ScrapeAndFlush(2);
  ASSERT_NO_FATAL_FAILURE(shard.ExpectAll());
  ASSERT_OK(shard.shard().CompactAll());
  ASSERT_NO_FATAL_FAILURE(shard.ExpectAll());
  EXPECT_THAT(shard.Blocks(), SizeIs(kSeries));
}

TEST(CompactorTest, NoCrashIsSeenInTheSamples) {
  for (int nth = 1; nth <= 20; ++nth) {
    for (const bool power : {false, true}) CrashAtWrite(nth, power);
  }
}

TEST(CompactorTest, AFlushThatFailedBehindItsBlocksIsDoneOnce) {
  Shard shard;
  shard.NothingComesLate();
  shard.Scrape(kScrapes);
  // The reservation and the blocks succeed, the batch does not.
  shard.store().FailAt(FaultStore::Operation::kWrite, 3, absl::UnavailableError("gone"));
  EXPECT_FALSE(shard.Flush().ok());
  EXPECT_THAT(shard.Blocks(), SizeIs(kSeries));
  ASSERT_OK(shard.Flush());
  EXPECT_THAT(shard.Blocks(), SizeIs(kSeries));
  shard.ExpectAll();
  shard.Kill();
  shard.ExpectAll();
}

}  // namespace
}  // namespace vigil::storage
