// SPDX-License-Identifier: Apache-2.0
//
// The ways of a metric sample through a shard: into the journal entry and the head, into blocks,
// and back out by queries. The store is memory, so disks play no part.
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/memory_store.h"
#include "storage/metrics/metric_shard.h"

namespace vigil::storage {
namespace {

constexpr TenantId kTenant{1};
constexpr size_t kBatchSize = 10'000;
constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr int64_t kIntervalMs = 15'000;
// Samples of a series in the head when it is flushed: half an hour of scrapes.
constexpr int64_t kScrapes = 120;

class Setup {
 public:
  explicit Setup(size_t series) : shard_(MetricShard::Create(0, &store_, {})) {
    for (size_t i = 0; i < series; ++i) {
      const Labels labels = {{kMetricName, fmt::format("metric_{}", i % 100)},
                             {"instance", fmt::format("10.0.0.{}:9090", i / 1000)},
                             {"job", "node"},
                             {"mode", fmt::format("{}", i)}};
      refs_.push_back(shard_->GetOrCreate(kTenant, labels, {}).value());
    }
  }

  // Batches that together are one scrape of all series, with jitter per batch.
  std::vector<MetricBatch> Scrape(int64_t round) const {
    std::vector<MetricBatch> batches;
    for (size_t i = 0; i < refs_.size(); ++i) {
      if (i % kBatchSize == 0) batches.emplace_back();
      const int64_t jitter_ms = (round * 7919 + static_cast<int64_t>(batches.size()) * 31) % 500;
      batches.back().Add(refs_[i], kStartMs + round * kIntervalMs + jitter_ms,
                         static_cast<double>(round * static_cast<int64_t>(i % 17)));
    }
    return batches;
  }

  void Write(const std::vector<MetricBatch>& batches) {
    for (const MetricBatch& batch : batches) {
      payload_.clear();
      shard_->Encode(kTenant, batch, &payload_);
      shard_->Apply(kTenant, batch);
    }
  }

  void Flush() {
    shard_->Seal();
    WriteBatch batch;
    VIGIL_CHECK_OK(shard_->WriteSealed(&batch));
    VIGIL_CHECK_OK(store_.Write(batch, Durability::kNoSync));
    shard_->DropSealed();
  }
  size_t BlockBytes() { return store_.ApproximateBytes(Family::kBlocks).value(); }

  MetricShard& shard() { return *shard_; }
  size_t series() const { return refs_.size(); }

 private:
  MemoryStore store_;
  std::unique_ptr<MetricShard> shard_;
  std::vector<SeriesRef> refs_;
  std::string payload_;
};

// Encode and Apply of batches of 10,000 samples; argument: series.
void BM_EncodeAndApply(benchmark::State& state) {
  Setup setup(state.range(0));
  int64_t round = 0;
  int64_t samples = 0;
  setup.Write(setup.Scrape(round++));
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<MetricBatch> batches = setup.Scrape(round++);
    if (round % kScrapes == 0) setup.Flush();
    state.ResumeTiming();
    setup.Write(batches);
    samples += static_cast<int64_t>(setup.series());
  }
  state.SetItemsProcessed(samples);
}
BENCHMARK(BM_EncodeAndApply)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

// The parts of the above.
void BM_Encode(benchmark::State& state) {
  Setup setup(state.range(0));
  setup.Write(setup.Scrape(0));
  const MetricBatch batch = setup.Scrape(1).front();
  std::string payload;
  for (auto _ : state) {
    payload.clear();
    setup.shard().Encode(kTenant, batch, &payload);
    benchmark::DoNotOptimize(payload.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * batch.size()));
}
BENCHMARK(BM_Encode)->Arg(10'000);

// Seal, WriteSealed and DropSealed of half an hour of scrapes.
void BM_Flush(benchmark::State& state) {
  Setup setup(state.range(0));
  int64_t round = 0;
  int64_t samples = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (int64_t i = 0; i < kScrapes; ++i) setup.Write(setup.Scrape(round++));
    samples += kScrapes * static_cast<int64_t>(setup.series());
    state.ResumeTiming();
    setup.Flush();
  }
  state.SetItemsProcessed(samples);
  state.counters["bytes/sample"] =
      static_cast<double>(setup.BlockBytes()) / static_cast<double>(samples);
}
BENCHMARK(BM_Flush)->Arg(10'000)->Iterations(4)->Unit(benchmark::kMillisecond);

// Merging the blocks of four hours.
void BM_Compact(benchmark::State& state) {
  int64_t samples = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Setup setup(state.range(0));
    int64_t round = 0;
    for (int flush = 0; flush < 8; ++flush) {
      for (int64_t i = 0; i < kScrapes; ++i) setup.Write(setup.Scrape(round++));
      setup.Flush();
    }
    samples += round * static_cast<int64_t>(setup.series());
    state.ResumeTiming();
    VIGIL_CHECK_OK(setup.shard().CompactAll());
    state.PauseTiming();
    state.counters["bytes/sample"] =
        static_cast<double>(setup.BlockBytes()) / static_cast<double>(samples);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(samples);
}
BENCHMARK(BM_Compact)->Arg(2'000)->Iterations(1)->Unit(benchmark::kMillisecond);

// One metric (a hundredth of the series) over five hours in blocks and half an hour in the head;
// second argument: minutes asked for; third: whether the blocks have been merged.
void BM_Query(benchmark::State& state) {
  Setup setup(state.range(0));
  int64_t round = 0;
  for (int flush = 0; flush < 10; ++flush) {
    for (int64_t i = 0; i < kScrapes; ++i) setup.Write(setup.Scrape(round++));
    setup.Flush();
  }
  if (state.range(2) != 0) VIGIL_CHECK_OK(setup.shard().CompactAll());
  for (int64_t i = 0; i < kScrapes; ++i) setup.Write(setup.Scrape(round++));
  const int64_t end_ms = kStartMs + round * kIntervalMs;
  const TimeRange range = {end_ms - state.range(1) * 60'000, end_ms};
  int64_t samples = 0;
  for (auto _ : state) {
    const auto querier = setup.shard().NewQuerier(kTenant);
    const auto series =
        querier->Select({Matcher::Equal(std::string(kMetricName), "metric_7")}, range);
    SampleColumns columns;
    for (const SeriesHandle& handle : *series) {
      VIGIL_CHECK_OK(querier->Read(handle.ref, range, &columns));
      samples += static_cast<int64_t>(columns.times_ms.size());
    }
  }
  state.SetItemsProcessed(samples);
}
BENCHMARK(BM_Query)
    ->Args({10'000, 5, 0})
    ->Args({10'000, 300, 0})
    ->Args({10'000, 5, 1})
    ->Args({10'000, 300, 1})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vigil::storage

BENCHMARK_MAIN();
