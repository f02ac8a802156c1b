// SPDX-License-Identifier: Apache-2.0
//
// The queries of a dashboard over a day of an LLM fleet, inside one process: what each costs, where
// no protocol and no other system is in the way.
//
//   query_benchmark --dir DIRECTORY [--series 20000 --hours 24] [--only rate]
//
// The first run fills the directory, which takes a while; later ones read what is there.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "query/exec/engine.h"
#include "storage/metrics/metric_shard.h"
#include "storage/storage.h"

namespace vigil::benchmark {
namespace {

using storage::Labels;

constexpr int64_t kIntervalMs = 15 * kMillisPerSecond;
// All data ends here.
constexpr int64_t kEndMs = 1'780'272'000'000;
constexpr int kModels = 10;

struct Options {
  std::string directory;
  size_t series = 20'000;
  int hours = 24;
  int repeat = 3;
  size_t threads = 2;
  std::string only;
};

struct Query {
  std::string name;
  std::string text;
  int64_t step_ms = kMillisPerMinute;
};

std::vector<Query> Queries() {
  return {
      {"sum by rate, 1/10", "sum by (model) (rate(llm_tokens_total[5m]))"},
      {"sum by rate, 1/2", "sum by (model) (rate(llm_requests_total[5m]))"},
      {"sum rate of a model", R"(sum(rate(llm_requests_total{model="model-3"}[5m])))"},
      {"rate of one series", R"(rate(llm_requests_total{model="model-3",instance="i-7"}[5m]))"},
      {"regex selection", R"(sum(rate(llm_requests_total{model=~"model-[1-4]"}[5m])))"},
      {"error ratio", R"(sum by (model) (rate(llm_requests_total{status="error"}[5m])))"
                      " / sum by (model) (rate(llm_requests_total[5m]))"},
      {"topk", "topk(5, sum by (instance) (rate(llm_tokens_total[5m])))"},
      {"quantile of buckets",
       "histogram_quantile(0.95, sum by (le) (rate(llm_latency_seconds_bucket[5m])))"},
      {"quantile of buckets by model",
       "histogram_quantile(0.95, sum by (le, model) (rate(llm_latency_seconds_bucket[5m])))"},
      {"average latency",
       "sum by (model) (rate(llm_latency_seconds_sum[5m]))"
       " / sum by (model) (rate(llm_latency_seconds_count[5m]))"},
      {"quantile_over_time", "avg by (model) (quantile_over_time(0.9, llm_queue_depth[30m]))"},
      {"max_over_time", "max(max_over_time(llm_queue_depth[10m]))"},
      {"avg_over_time", "avg by (model) (avg_over_time(llm_queue_depth[1h]))"},
      {"instant gauges", "sum by (model) (llm_queue_depth)"},
      {"increase of a day", "sum by (model) (increase(llm_tokens_total[1h]))", kMillisPerHour},
      {"subquery", "max_over_time(sum(rate(llm_tokens_total[5m]))[1h:1m])", 10 * kMillisPerMinute},
  };
}

// Series of four metrics, in the proportions of a fleet.
std::vector<Labels> MakeSeries(size_t count) {
  std::vector<Labels> series;
  const auto add = [&series](std::initializer_list<storage::LabelView> labels) {
    series.push_back(Labels(labels));
  };
  for (size_t i = 0; series.size() < count; ++i) {
    const std::string instance = fmt::format("i-{}", i / kModels);
    const std::string model = fmt::format("model-{}", i % kModels);
    for (const char* status : {"ok", "error", "timeout", "refused", "cached"}) {
      add({{"__name__", "llm_requests_total"},
           {"job", "llm"},
           {"model", model},
           {"instance", instance},
           {"status", status}});
    }
    add({{"__name__", "llm_tokens_total"},
         {"job", "llm"},
         {"model", model},
         {"instance", instance}});
    add({{"__name__", "llm_queue_depth"},
         {"job", "llm"},
         {"model", model},
         {"instance", instance}});
    if (i % 4 != 0) continue;
    for (const char* le : {"0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"}) {
      add({{"__name__", "llm_latency_seconds_bucket"},
           {"job", "llm"},
           {"le", le},
           {"model", model},
           {"instance", instance}});
    }
    for (const char* name : {"llm_latency_seconds_sum", "llm_latency_seconds_count"}) {
      add({{"__name__", name}, {"job", "llm"}, {"model", model}, {"instance", instance}});
    }
  }
  series.resize(count);
  return series;
}

// The next value of a series: counters go up by random steps, gauges wander.
double Next(bool gauge, std::mt19937& random, double value) {
  if (gauge) return std::max(0.0, value + static_cast<double>(random() % 7) - 3);
  return value + static_cast<double>(random() % 100);
}

void Fill(const Options& options, storage::Storage* storage, ManualClock* clock) {
  const std::vector<Labels> series = MakeSeries(options.series);
  std::vector<storage::SeriesRef> refs;
  std::vector<double> values(series.size(), 0);
  std::vector<bool> gauges;
  for (const Labels& labels : series) {
    refs.push_back(storage->GetOrCreateSeries(storage::kDefaultTenant, labels, {}).value());
    gauges.push_back(labels.MetricName() == "llm_queue_depth");
  }
  std::mt19937 random(1);
  storage::MetricBatch batch;
  const int64_t start_ms = kEndMs - options.hours * kMillisPerHour;
  for (int64_t now_ms = start_ms; now_ms <= kEndMs; now_ms += kIntervalMs) {
    clock->SetMs(now_ms);
    for (size_t i = 0; i < series.size(); ++i) {
      values[i] = Next(gauges[i], random, values[i]);
      // The series of an instance are scraped together, those of others some milliseconds apart.
      batch.Add(refs[i], now_ms + static_cast<int64_t>(i / 200 % 1000), values[i]);
    }
    VIGIL_CHECK_OK(storage->WriteMetrics(storage::kDefaultTenant, batch, {}));
    batch.Clear();
    VIGIL_CHECK_OK(storage->Maintain());
  }
  VIGIL_CHECK_OK(storage->Flush());
  VIGIL_CHECK_OK(storage->Compact());
}

size_t PointsOf(const exec::QueryResult& result) {
  const auto* matrix = std::get_if<exec::MatrixResult>(&result.value);
  if (matrix == nullptr) return 1;
  size_t points = 0;
  for (const exec::SeriesResult& series : *matrix) points += series.samples.values.size();
  return points;
}

void Run(const Query& query, const Options& options, const exec::Engine& engine,
         storage::MetricSource* source) {
  std::vector<double> walls_ms;
  double cpu_ms = 0;
  size_t points = 0;
  for (int i = 0; i < options.repeat; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t cpu_begin = std::clock();
    const auto result = engine.Range(*source, query.text, kEndMs - options.hours * kMillisPerHour,
                                     kEndMs, query.step_ms);
    VIGIL_CHECK_OK(result.status());
    points = PointsOf(*result);
    cpu_ms += 1e3 * static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
    const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - begin;
    walls_ms.push_back(wall.count());
  }
  std::sort(walls_ms.begin(), walls_ms.end());
  fmt::print("{:<30} {:>9.1f} ms {:>9.1f} CPU ms {:>8} points\n", query.name,
             walls_ms[walls_ms.size() / 2], cpu_ms / options.repeat, points);
}

void Main(const Options& options) {
  const bool fill = !std::filesystem::exists(options.directory);
  ManualClock clock;
  clock.SetMs(kEndMs);
  storage::StorageOptions storage_options;
  storage_options.data_dir = options.directory;
  storage_options.metric_retention_ms = 0;
  storage_options.durability = storage::Durability::kNoSync;
  const auto storage = storage::Storage::Open(storage_options, &clock).value();
  if (fill) Fill(options, storage.get(), &clock);
  const auto source = storage->MetricSourceFor(storage::kDefaultTenant);
  ThreadPool helpers(options.threads, 100);
  exec::EngineOptions engine_options;
  engine_options.threads = options.threads;
  const exec::Engine engine(engine_options, &helpers);
  for (const Query& query : Queries()) {
    if (query.name.find(options.only) != std::string::npos) {
      Run(query, options, engine, source.get());
    }
  }
}

}  // namespace
}  // namespace vigil::benchmark

int main(int argc, char** argv) {
  vigil::benchmark::Options options;
  CLI::App app("What the queries of a dashboard cost.");
  app.add_option("--dir", options.directory, "data directory, filled if it is not there")
      ->required();
  app.add_option("--series", options.series);
  app.add_option("--hours", options.hours);
  app.add_option("--repeat", options.repeat, "runs of each query; the median counts");
  app.add_option("--threads", options.threads, "of one query");
  app.add_option("--only", options.only, "queries whose name holds this");
  CLI11_PARSE(app, argc, argv);
  vigil::benchmark::Main(options);
  return 0;
}
