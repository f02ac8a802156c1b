// SPDX-License-Identifier: Apache-2.0
//
// What a scrape of 10,000 series costs: reading the text, labels of the target, relabelling, and
// the samples as a batch for the store. The rate is samples for each second of a core.
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/clock.h"
#include "base/status.h"
#include "collector/scrape/scrape_config.h"
#include "collector/scrape/scrape_sink.h"
#include "collector/scrape/target_state.h"
#include "storage/storage.h"

namespace vigil::collector {
namespace {

constexpr int kSeries = 10'000;

// An application's metrics: counters, gauges and histograms with the usual labels.
std::string Exposed(int64_t round, bool open_metrics) {
  std::string text;
  const auto value = [round](int i) {
    // Counters that grow, and floats with many digits.
    return i % 3 == 0 ? fmt::format("{}", 1000 * i + 7 * round)
                      : fmt::format("{}", (i + 0.1) * static_cast<double>(round + 1) / 7);
  };
  const int per_family = 100;
  for (int family = 0; family < kSeries / per_family; ++family) {
    text += fmt::format("# HELP app_metric_{}_seconds How long part {} takes.\n", family, family);
    text += fmt::format("# TYPE app_metric_{}_seconds {}\n", family,
                        family % 2 == 0 ? "histogram" : "gauge");
    for (int i = 0; i < per_family; ++i) {
      const char* const suffix = family % 2 == 0 ? "_bucket" : "";
      const std::string bound = family % 2 == 0 ? fmt::format(",le=\"{}\"", 0.005 * (i + 1)) : "";
      text += fmt::format(
          "app_metric_{}_seconds{}{{method=\"GET\",path=\"/v1/chat/completions\",code=\"{}\","
          "model=\"gpt-{}\"{}}} {}\n",
          family, suffix, 200 + i % 7, i, bound, value(family * per_family + i));
    }
  }
  return open_metrics ? text + "# EOF\n" : text;
}

std::shared_ptr<const ScrapeConfig> Config() {
  YamlErrors errors("benchmark");
  std::vector<ScrapeConfig> configs =
      ReadScrapeConfigs(YAML::Load("[{job_name: app, metric_relabel_configs: ["
                                   "{source_labels: [__name__], regex: go_.*, action: drop}, "
                                   "{source_labels: [code], regex: (.).., target_label: class, "
                                   "replacement: '${1}xx'}]}]"),
                        {}, &errors);
  VIGIL_CHECK_OK(errors.ToStatus());
  return std::make_shared<const ScrapeConfig>(std::move(configs[0]));
}

// Gives out numbers and stores nothing.
class NullSink final : public ScrapeSink {
 public:
  absl::StatusOr<storage::SeriesRef> GetOrCreateSeries(const storage::Labels&,
                                                       const storage::MetricMetadata&) override {
    return storage::SeriesRef{++last_};
  }
  absl::StatusOr<storage::WriteResult> Write(const storage::MetricBatch&) override {
    return storage::WriteResult();
  }

 private:
  uint64_t last_ = 0;
};

const storage::Labels kTarget{{"instance", "10.0.0.1:9100"}, {"job", "app"}};

std::vector<HttpAnswer> Answers(bool open_metrics) {
  std::vector<HttpAnswer> answers;
  for (int round = 0; round < 4; ++round) {
    answers.push_back({Exposed(round, open_metrics),
                       open_metrics ? "application/openmetrics-text" : "text/plain"});
  }
  return answers;
}

void TakeOne(TargetState* state, const HttpAnswer& answer, int64_t time_ms, ScrapeSink* sink,
             storage::MetricBatch* batch) {
  batch->Clear();
  const ScrapeResult result = state->Take(answer, time_ms, 0.1, sink, batch);
  VIGIL_CHECK_OK(result.status);
  VIGIL_CHECK(batch->size() >= kSeries);
}

void Finish(benchmark::State* state, size_t bytes) {
  state->SetItemsProcessed(state->iterations() * kSeries);
  state->SetBytesProcessed(state->iterations() * static_cast<int64_t>(bytes));
}

// A target that was never scraped: every series is new.
void BM_FirstScrape(benchmark::State& state) {
  const std::vector<HttpAnswer> answers = Answers(false);
  const auto config = Config();
  storage::MetricBatch batch;
  for (auto _ : state) {
    NullSink sink;
    TargetState target(config, kTarget, 10'000);
    TakeOne(&target, answers[0], 1000, &sink, &batch);
  }
  Finish(&state, answers[0].body.size());
}

// Every scrape thereafter.
void BM_NextScrape(benchmark::State& state) {
  const std::vector<HttpAnswer> answers = Answers(state.range(0) != 0);
  NullSink sink;
  TargetState target(Config(), kTarget, 10'000);
  storage::MetricBatch batch;
  TakeOne(&target, answers[0], 0, &sink, &batch);
  int64_t round = 0;
  for (auto _ : state) {
    ++round;
    TakeOne(&target, answers[static_cast<size_t>(round % 4)], round * 15'000, &sink, &batch);
  }
  Finish(&state, answers[0].body.size());
}

// The same into a store on disk, without waiting for it.
void BM_NextScrapeStored(benchmark::State& state) {
  const std::vector<HttpAnswer> answers = Answers(false);
  const std::string directory =
      std::filesystem::temp_directory_path() / fmt::format("scrape_benchmark.{}", ::getpid());
  const SystemClock clock;
  storage::StorageOptions options;
  options.data_dir = directory;
  options.durability = storage::Durability::kNoSync;
  auto storage = storage::Storage::Open(options, &clock);
  VIGIL_CHECK_OK(storage);
  const auto sink = MakeScrapeSink(storage->get(), storage::kDefaultTenant);
  TargetState target(Config(), kTarget, 10'000);
  storage::MetricBatch batch;
  int64_t time_ms = clock.NowMs() - kMillisPerDay;
  for (auto _ : state) {
    time_ms += 1000;
    TakeOne(&target, answers[static_cast<size_t>(time_ms / 1000 % 4)], time_ms, sink.get(), &batch);
    VIGIL_CHECK_OK(sink->Write(batch));
  }
  Finish(&state, answers[0].body.size());
  storage->reset();
  std::filesystem::remove_all(directory);
}

BENCHMARK(BM_FirstScrape)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_NextScrape)->ArgName("open_metrics")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_NextScrapeStored)->Unit(benchmark::kMillisecond)->Iterations(300);

}  // namespace
}  // namespace vigil::collector

BENCHMARK_MAIN();
