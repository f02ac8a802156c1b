// SPDX-License-Identifier: Apache-2.0
//
// A backtest of 50 rules over 30 days of 1,000 series with a sample every 15 s, on the store,
// inside one process: 43,200 evaluations of each rule.
//
//   backtest_benchmark --dir DIRECTORY [--days 30] [--live]
//
// The first run fills the directory, which takes a while; later ones read what is there. With
// --live the rule engine goes over the same time slot by slot, as it would have live, and both must
// come to the same verdicts.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "alerting/replay/backtest.h"
#include "alerting/replay/overlay_metrics.h"
#include "alerting/rules/rule_engine.h"
#include "alerting/rules/rule_file.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "query/exec/engine.h"
#include "storage/kv/memory_store.h"
#include "storage/metrics/metric_batch.h"
#include "storage/metrics/querier.h"
#include "storage/storage.h"

namespace vigil::benchmark {
namespace {

using storage::Labels;

constexpr int64_t kIntervalMs = 15 * kMillisPerSecond;
// All data ends here.
constexpr int64_t kEndMs = 1'780'272'000'000;
constexpr int kModels = 10;
constexpr int kInstances = 10;

struct Options {
  std::string directory;
  int days = 30;
  size_t threads = 2;
  bool live = false;
};

enum class Kind { kRequests, kErrors, kTokens, kQueue, kBucket, kSum, kCount };

struct Series {
  Labels labels;
  Kind kind = Kind::kRequests;
  int model = 0;
  double share = 1;  // Of a histogram's observations that are in the bucket.
};

// 1,000 series of an LLM gateway.
std::vector<Series> MakeSeries() {
  std::vector<Series> series;
  for (int instance = 0; instance < kInstances; ++instance) {
    const std::string i = fmt::format("i-{}", instance);
    for (int model = 0; model < kModels; ++model) {
      const std::string m = fmt::format("model-{}", model);
      const auto add = [&](Kind kind, std::string_view name, std::string_view label,
                           std::string_view value, double share) {
        storage::LabelsBuilder labels(Labels({{"job", "llm"}, {"instance", i}, {"model", m}}));
        labels.Set("__name__", name).Set(label, value);
        series.push_back({labels.Build(), kind, model, share});
      };
      add(Kind::kRequests, "llm_requests_total", "status", "ok", 1);
      add(Kind::kErrors, "llm_requests_total", "status", "error", 1);
      add(Kind::kErrors, "llm_requests_total", "status", "timeout", 0.5);
      add(Kind::kTokens, "llm_tokens_total", "direction", "in", 400);
      add(Kind::kTokens, "llm_tokens_total", "direction", "out", 150);
      add(Kind::kQueue, "llm_queue_depth", "queue", "main", 1);
      add(Kind::kBucket, "llm_latency_seconds_bucket", "le", "1", 0.6);
      add(Kind::kBucket, "llm_latency_seconds_bucket", "le", "5", 0.95);
      add(Kind::kBucket, "llm_latency_seconds_bucket", "le", "+Inf", 1);
      add(Kind::kCount, "llm_latency_seconds_count", "", "", 1);
    }
  }
  return series;
}

// The traffic of a model at an instant: a day's wave, and now and then an hour of trouble.
struct Weather {
  double requests = 0;  // In 15 s.
  double errors = 0;
  double slowness = 0;

  Weather(int model, int64_t time_ms) {
    const double day = static_cast<double>(time_ms % kMillisPerDay) / kMillisPerDay;
    requests = 20 + 15 * std::sin(6.2832 * day) + model;
    const int64_t hour = time_ms / kMillisPerHour;
    const bool trouble = (hour * 31 + model * 17) % 97 == 0;
    errors = trouble ? 0.3 : 0.002 * (model + 1);
    slowness = (hour * 13 + model * 29) % 89 == 0 ? 0.4 : 0;
  }
};

double Next(const Series& series, const Weather& weather, std::mt19937& random, double value) {
  const double noise = 0.8 + 0.4 * static_cast<double>(random() % 1000) / 1000;
  const double requests = weather.requests * noise;
  switch (series.kind) {
    case Kind::kRequests:
      return value + std::floor(requests);
    case Kind::kErrors:
      return value + std::floor(requests * weather.errors * series.share + noise / 2);
    case Kind::kTokens:
      return value + std::floor(requests * series.share);
    case Kind::kQueue:
      return std::floor(requests * (1 + 5 * weather.slowness));
    case Kind::kBucket: {
      const bool all = series.share == 1;
      return value + std::floor(weather.requests * series.share * (all ? 1 : 1 - weather.slowness));
    }
    default:
      return value + std::floor(weather.requests);
  }
}

void Fill(const Options& options, storage::Storage* storage, ManualClock* clock) {
  const std::vector<Series> series = MakeSeries();
  std::vector<storage::SeriesRef> refs;
  for (const Series& one : series) {
    refs.push_back(storage->GetOrCreateSeries(storage::kDefaultTenant, one.labels, {}).value());
  }
  std::vector<double> values(series.size(), 0);
  std::mt19937 random(1);
  storage::MetricBatch batch;
  const int64_t start_ms = kEndMs - options.days * kMillisPerDay;
  for (int64_t now_ms = start_ms; now_ms <= kEndMs; now_ms += kIntervalMs) {
    clock->SetMs(now_ms);
    std::vector<Weather> weather;
    for (int model = 0; model < kModels; ++model) weather.emplace_back(model, now_ms);
    for (size_t i = 0; i < series.size(); ++i) {
      values[i] = Next(series[i], weather[series[i].model], random, values[i]);
      // The series of an instance are scraped together, those of others some milliseconds apart.
      batch.Add(refs[i], now_ms + static_cast<int64_t>(i / 100 * 700), values[i]);
    }
    VIGIL_CHECK_OK(storage->WriteMetrics(storage::kDefaultTenant, batch, {}));
    batch.Clear();
    if (now_ms % kMillisPerMinute == 0) VIGIL_CHECK_OK(storage->Maintain());
  }
  VIGIL_CHECK_OK(storage->Flush());
  VIGIL_CHECK_OK(storage->Compact());
}

// Five recording rules; 15 alerts with three severities each.
std::string RulesYaml() {
  std::string yaml = R"(
groups:
- name: recorded
  interval: 1m
  rules:
  - {record: 'model:requests:rate5m', expr: 'sum by (model) (rate(llm_requests_total[5m]))'}
  - {record: 'model:errors:rate5m', expr: 'sum by (model) (rate(llm_requests_total{status!="ok"}[5m]))'}
  - {record: 'model:errors:ratio5m', expr: 'model:errors:rate5m / model:requests:rate5m'}
  - {record: 'model:latency:p95', expr: 'histogram_quantile(0.95, sum by (le, model) (rate(llm_latency_seconds_bucket[5m])))'}
  - {record: 'instance:tokens:rate5m', expr: 'sum by (instance) (rate(llm_tokens_total[5m]))'}
)";
  struct Alert {
    const char* name;
    const char* expr;
    double threshold;  // Of the first severity; the others are 1.5 and 2 times as high.
    const char* wait;
  };
  const std::vector<Alert> alerts = {
      {"ErrorRatio", "model:errors:ratio5m", 0.05, "5m"},
      {"ErrorRatioHour", "avg_over_time(model:errors:ratio5m[1h])", 0.05, "10m"},
      {"ErrorRatioNow",
       R"(sum by (model) (rate(llm_requests_total{status="error"}[2m])) / sum by (model) (rate(llm_requests_total[2m])))",
       0.08, "1m"},
      {"Burning",
       R"(sum by (model) (rate(llm_requests_total{status!="ok"}[1h])) / sum by (model) (rate(llm_requests_total[1h])) / 0.01)",
       6, "0s"},
      {"Timeouts", R"(sum by (model) (increase(llm_requests_total{status="timeout"}[10m])))", 400,
       "5m"},
      {"SlowP95", "model:latency:p95", 4.5, "5m"},
      {"SlowShare",
       R"(1 - sum by (model) (rate(llm_latency_seconds_bucket{le="5"}[5m])) / sum by (model) (rate(llm_latency_seconds_bucket{le="+Inf"}[5m])))",
       0.2, "2m"},
      {"QueueOfInstance", "llm_queue_depth", 60, "3m"},
      {"QueueOfModel", "sum by (model) (llm_queue_depth)", 500, "3m"},
      {"QueueLong", "max_over_time(llm_queue_depth[15m])", 80, "5m"},
      {"QueueDeviates",
       "abs(llm_queue_depth - on (instance, model) group_left avg_over_time(llm_queue_depth[1h]))",
       45, "5m"},
      {"Tokens", "instance:tokens:rate5m", 11000, "15m"},
      {"TokensOut", R"(sum by (model) (rate(llm_tokens_total{direction="out"}[10m])))", 4200,
       "15m"},
      {"BusyInstances", "count by (model) (rate(llm_requests_total[5m]) > 2.2)", 6, "10m"},
      {"BudgetAhead",
       R"(predict_linear(llm_tokens_total{direction="in"}[30m], 3600) - llm_tokens_total{direction="in"})",
       3'300'000, "10m"},
  };
  const double factors[] = {1, 1.5, 2};
  const char* const severities[] = {"info", "warning", "critical"};
  for (int level = 0; level < 3; ++level) {
    yaml += fmt::format("- name: {}\n  interval: 1m\n  rules:\n", severities[level]);
    for (const Alert& alert : alerts) {
      yaml += fmt::format(
          "  - alert: {}\n    expr: '{} > {}'\n    for: {}\n    labels: {{severity: {}}}\n"
          "    annotations: {{summary: '{{{{ $labels.model }}}} is at {{{{ $value | humanize "
          "}}}}'}}\n",
          alert.name, alert.expr, alert.threshold * factors[level], alert.wait, severities[level]);
    }
  }
  return yaml;
}

// Measures from its making on.
class Stopwatch {
 public:
  std::string Text() const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin_;
    return fmt::format("{:.1f} s, {:.1f} CPU s", wall.count(),
                       static_cast<double>(std::clock() - cpu_begin_) / CLOCKS_PER_SEC);
  }

 private:
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  const std::clock_t cpu_begin_ = std::clock();
};

// When each alert began to fire and ended, by rule and labels.
using Verdicts = std::multimap<std::string, std::pair<int64_t, int64_t>>;

Verdicts VerdictsOf(const alerting::BacktestResult& result) {
  Verdicts verdicts;
  for (const alerting::RuleVerdict& rule : result.rules) {
    for (const alerting::FiringSpell& spell : rule.spells) {
      verdicts.emplace(fmt::format("{} {}", rule.group, spell.labels.ToString()),
                       std::pair(spell.fired_at_ms, spell.resolved_at_ms));
    }
  }
  return verdicts;
}

// A store that does not change, whose columns stay decoded for half a day: whoever goes over them
// slot by slot would decode each block thousands of times.
class DecodedMetrics final : public storage::MetricSource {
 public:
  // Borrows `store`.
  explicit DecodedMetrics(storage::MetricSource* store) : store_(*store) {}

  std::unique_ptr<storage::MetricQuerier> NewQuerier() override {
    return std::make_unique<DecodedQuerier>(store_.NewQuerier(), this);
  }

 private:
  static constexpr int64_t kAheadMs = kMillisPerDay / 2;

  struct Decoded {
    Mutex mutex;
    TimeRange range ABSL_GUARDED_BY(mutex) = {0, -1};
    storage::SampleColumns columns ABSL_GUARDED_BY(mutex);
  };

  class DecodedQuerier final : public storage::MetricQuerier {
   public:
    DecodedQuerier(std::unique_ptr<storage::MetricQuerier> store, DecodedMetrics* metrics)
        : store_(std::move(store)), metrics_(*metrics) {}

    absl::StatusOr<std::vector<storage::SeriesHandle>> Select(
        const std::vector<storage::Matcher>& matchers, TimeRange range) override {
      return store_->Select(matchers, range);
    }
    absl::Status Read(storage::SeriesRef ref, TimeRange range,
                      storage::SampleColumns* columns) override {
      Decoded& decoded = metrics_.Of(ref);
      MutexLock lock(&decoded.mutex);
      if (range.start_ms < decoded.range.start_ms || range.end_ms > decoded.range.end_ms) {
        decoded.range = {range.start_ms, range.end_ms + kAheadMs};
        VIGIL_RETURN_IF_ERROR(store_->Read(ref, decoded.range, &decoded.columns));
      }
      const std::vector<int64_t>& times = decoded.columns.times_ms;
      const auto begin = std::lower_bound(times.begin(), times.end(), range.start_ms);
      const auto end = std::upper_bound(begin, times.end(), range.end_ms);
      const auto values = decoded.columns.values.begin();
      columns->Clear();
      columns->times_ms.assign(begin, end);
      columns->values.assign(values + (begin - times.begin()), values + (end - times.begin()));
      return absl::OkStatus();
    }
    absl::StatusOr<std::vector<std::string>> LabelNames(
        const std::vector<storage::Matcher>& matchers, TimeRange range) override {
      return store_->LabelNames(matchers, range);
    }
    absl::StatusOr<std::vector<std::string>> LabelValues(
        const std::string& name, const std::vector<storage::Matcher>& matchers,
        TimeRange range) override {
      return store_->LabelValues(name, matchers, range);
    }
    storage::SelectionStamp StampOf(const std::vector<storage::Matcher>& matchers,
                                    TimeRange range) override {
      return store_->StampOf(matchers, range);
    }
    bool Holds(const storage::SelectionStamp& stamp, TimeRange range) override {
      return store_->Holds(stamp, range);
    }

   private:
    const std::unique_ptr<storage::MetricQuerier> store_;
    DecodedMetrics& metrics_;
  };

  Decoded& Of(storage::SeriesRef ref) {
    MutexLock lock(&mutex_);
    std::unique_ptr<Decoded>& decoded = decoded_[ref];
    if (decoded == nullptr) decoded = std::make_unique<Decoded>();
    return *decoded;
  }

  storage::MetricSource& store_;
  Mutex mutex_;
  absl::flat_hash_map<storage::SeriesRef, std::unique_ptr<Decoded>> decoded_
      ABSL_GUARDED_BY(mutex_);
};

// What the rule engine does over the same time, slot by slot.
Verdicts RunLive(const alerting::BacktestRequest& request, int64_t start_ms,
                 const exec::Engine& engine, storage::MetricSource* source) {
  // Nothing of what the rules write is in the store.
  DecodedMetrics decoded(source);
  alerting::OverlayMetrics metrics(&decoded, {}, start_ms, SIZE_MAX);
  storage::MemoryStore state;
  const auto rules =
      alerting::RuleEngine::Create(
          {}, {.engine = &engine, .source = &metrics, .output = &metrics, .state = &state})
          .value();
  VIGIL_CHECK_OK(rules->SetGroups(request.groups, start_ms));
  Verdicts verdicts;
  std::map<std::string, int64_t> firing;
  int64_t due_ms = rules->RunDue(start_ms - 1);
  while (due_ms <= request.to_ms) {
    const int64_t now_ms = due_ms;
    due_ms = rules->RunDue(now_ms);
    std::map<std::string, int64_t> still;
    for (const alerting::GroupStatus& group : rules->Status()) {
      for (const alerting::RuleStatus& rule : group.rules) {
        for (const alerting::ActiveAlert& alert : rule.alerts) {
          if (alert.state != alerting::AlertState::kFiring) continue;
          still[fmt::format("{} {}", group.name, alert.labels.ToString())] = alert.fired_at_ms;
        }
      }
    }
    for (const auto& [alert, fired_ms] : firing) {
      if (still.contains(alert) || now_ms <= request.from_ms) continue;
      verdicts.emplace(alert, std::pair(std::max(fired_ms, request.from_ms), now_ms));
    }
    firing = std::move(still);
  }
  for (const auto& [alert, fired_ms] : firing) {
    verdicts.emplace(alert, std::pair(std::max(fired_ms, request.from_ms), 0));
  }
  return verdicts;
}

void Run(const Options& options, const exec::Engine& engine, storage::MetricSource* source) {
  alerting::BacktestRequest request;
  request.groups = alerting::ParseRuleFile("rules.yml", RulesYaml()).value();
  request.from_ms = kEndMs - options.days * kMillisPerDay;
  request.to_ms = kEndMs;
  const Stopwatch backtest;
  const auto result = alerting::RunBacktest(request, {&engine, source, {}}, nullptr).value();
  const std::string took = backtest.Text();
  int64_t evaluations = 0;
  for (const alerting::RuleVerdict& rule : result.rules) evaluations += rule.evaluations;
  const Verdicts verdicts = VerdictsOf(result);
  fmt::print("{} rules, {} evaluations in {}; alerts fired {} times\n", result.rules.size(),
             evaluations, took, verdicts.size());
  for (const alerting::RuleVerdict& rule : result.rules) {
    if (rule.failures > 0) fmt::print("{} failed: {}\n", rule.name, rule.last_error);
  }
  if (!options.live) return;
  const Stopwatch live;
  const bool same = RunLive(request, result.evaluated_from_ms, engine, source) == verdicts;
  fmt::print("live: {}; {} verdicts\n", live.Text(), same ? "the same" : "OTHER");
  VIGIL_CHECK(same);
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
  if (fill) {
    const Stopwatch filling;
    Fill(options, storage.get(), &clock);
    fmt::print("filled in {}\n", filling.Text());
  }
  const auto source = storage->MetricSourceFor(storage::kDefaultTenant);
  ThreadPool helpers(options.threads, 100);
  exec::EngineOptions engine_options;
  engine_options.threads = options.threads;
  const exec::Engine engine(engine_options, &helpers);
  Run(options, engine, source.get());
}

}  // namespace
}  // namespace vigil::benchmark

int main(int argc, char** argv) {
  vigil::benchmark::Options options;
  CLI::App app("What a backtest of rules costs.");
  app.add_option("--dir", options.directory, "data directory, filled if it is not there")
      ->required();
  app.add_option("--days", options.days);
  app.add_option("--threads", options.threads, "of one query");
  app.add_flag("--live", options.live, "also evaluate slot by slot, and compare");
  CLI11_PARSE(app, argc, argv);
  vigil::benchmark::Main(options);
  return 0;
}
