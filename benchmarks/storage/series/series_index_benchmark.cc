// SPDX-License-Identifier: Apache-2.0
//
// What a series costs in the index: memory, and time to add, to find again and to select.
#include <malloc.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "storage/series/labels.h"
#include "storage/series/series_index.h"

namespace vigil::storage {
namespace {

constexpr TimeRange kEver = {std::numeric_limits<int64_t>::min(),
                             std::numeric_limits<int64_t>::max()};

// Eight labels of some 150 bytes: a pod's 20 series share most of them, one value is its own.
Labels LabelsOf(uint32_t i) {
  const uint32_t pod = i / 20;
  return {{kMetricName, fmt::format("http_server_requests_{}_total", i % 20)},
          {"cluster", "eu-central-1"},
          {"instance", fmt::format("10.{}.{}.{}:9090", pod >> 16, pod >> 8 & 255, pod & 255)},
          {"job", fmt::format("service-{}", pod % 200)},
          {"namespace", fmt::format("team-{}", pod % 50)},
          {"pod", fmt::format("service-{}-{:08x}", pod % 200, pod * 2654435761u)},
          {"request", fmt::format("r{:08x}", i * 2654435761u)},
          {"status", fmt::format("{}", 200 + i % 5)}};
}

size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::unique_ptr<SeriesIndex> Fill(uint32_t series) {
  auto index = std::make_unique<SeriesIndex>();
  std::vector<SeriesIndex::Presence> marks;
  for (uint32_t i = 0; i < series; ++i) {
    const auto number = index->GetOrAdd(LabelsOf(i), [i](uint64_t) { return i + 1; });
    marks.push_back({*number, 0});
  }
  std::vector<uint32_t> absent;
  index->MarkPresent(marks, &absent);
  return index;
}

// Argument: series. Reports the heap that a series takes.
void BM_Add(benchmark::State& state) {
  const auto series = static_cast<uint32_t>(state.range(0));
  for (auto _ : state) {
    const size_t before = HeapBytes();
    const auto index = Fill(series);
    state.counters["bytes_per_series"] = static_cast<double>(HeapBytes() - before) / series;
  }
  state.SetItemsProcessed(state.iterations() * series);
}
BENCHMARK(BM_Add)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void BM_FindAgain(benchmark::State& state) {
  constexpr uint32_t kSeries = 100'000;
  const auto index = Fill(kSeries);
  std::vector<Labels> labels;
  for (uint32_t i = 0; i < kSeries; i += 97) labels.push_back(LabelsOf(i));
  size_t next = 0;
  for (auto _ : state) {
    const auto number =
        index->GetOrAdd(labels[next++ % labels.size()], [](uint64_t) { return uint32_t{0}; });
    benchmark::DoNotOptimize(number);
  }
}
BENCHMARK(BM_FindAgain);

void Select(benchmark::State& state, const std::vector<Matcher>& matchers) {
  const auto index = Fill(1'000'000);
  size_t found = 0;
  SeriesSet cold;
  for (auto _ : state) found = index->Select(matchers, {kEver}, &cold).size();
  state.counters["found"] = static_cast<double>(found);
}

Matcher Regex(std::string name, std::string value) {
  return Matcher::Create(MatchType::kRegex, std::move(name), std::move(value)).value();
}

const Matcher kMetric = Matcher::Equal(std::string(kMetricName), "http_server_requests_7_total");

void BM_SelectPair(benchmark::State& state) {
  Select(state, {Matcher::Equal("pod", "x"), kMetric});
}
BENCHMARK(BM_SelectPair)->Iterations(20)->Unit(benchmark::kMicrosecond);

void BM_SelectJob(benchmark::State& state) {
  Select(state, {Matcher::Equal("job", "service-7"), kMetric});
}
BENCHMARK(BM_SelectJob)->Iterations(20)->Unit(benchmark::kMicrosecond);

void BM_SelectPrefixOfManyValues(benchmark::State& state) {
  Select(state, {Regex("pod", "service-17-.*"), kMetric});
}
BENCHMARK(BM_SelectPrefixOfManyValues)->Iterations(20)->Unit(benchmark::kMicrosecond);

void BM_SelectExpressionOnManyValues(benchmark::State& state) {
  Select(state, {Regex("pod", "service-.7-[0-9]+a.*"), kMetric});
}
BENCHMARK(BM_SelectExpressionOnManyValues)->Iterations(20)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vigil::storage

BENCHMARK_MAIN();
