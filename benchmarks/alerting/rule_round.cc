// SPDX-License-Identifier: Apache-2.0
//
// What one round of very many alert rules costs inside one process, in the forms that rules have.
//
//   rule_round [--rules 10000 --series 100000 --groups 100] [--only "own series"] [--flushed]
//
// The series are `load_total{instance="..",slot=".."}`, ten to an instance, one sample every 15
// seconds for ten minutes, which are in memory unless they are flushed to blocks. No rule fires,
// but for those of the form "some fire".
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "alerting/rules/rule_engine.h"
#include "base/clock.h"
#include "base/status.h"
#include "query/exec/engine.h"
#include "storage/metrics/metric_shard.h"
#include "storage/storage.h"

namespace vigil::benchmark {
namespace {

constexpr int64_t kIntervalMs = 15 * kMillisPerSecond;
constexpr int64_t kStartMs = 1'780'272'000'000;
constexpr int64_t kFillMs = 10 * kMillisPerMinute;
constexpr size_t kPerInstance = 10;

struct Options {
  size_t rules = 10'000;
  size_t series = 100'000;
  size_t groups = 100;
  int rounds = 3;
  std::string only;
  bool flushed = false;
};

struct Form {
  std::string name;
  // The expression of a rule, by its number and that of the instance that it watches.
  std::string (*expr)(size_t rule, size_t instance);
  bool together = false;  // In one group, whose rules look at the same.
};

std::vector<Form> Forms() {
  return {
      {"own series",
       [](size_t, size_t instance) {
         return fmt::format("load_total{{instance=\"i-{}\"}} > 1e15", instance);
       }},
      {"rate of own series",
       [](size_t, size_t instance) {
         return fmt::format("rate(load_total{{instance=\"i-{}\"}}[5m]) > 1e15", instance);
       }},
      {"ratio of own series",
       [](size_t, size_t instance) {
         return fmt::format(
             "sum(rate(load_total{{instance=\"i-{0}\",slot=\"1\"}}[5m])) / "
             "sum(rate(load_total{{instance=\"i-{0}\"}}[5m])) > 0.5",
             instance);
       }},
      {"thresholds over one slot",
       [](size_t rule, size_t) {
         return fmt::format("load_total{{slot=\"1\"}} > 1e15 + {}", rule);
       },
       true},
      {"thresholds over all",
       [](size_t rule, size_t) { return fmt::format("rate(load_total[5m]) > 1e15 + {}", rule); },
       true},
      {"thresholds over sums",
       [](size_t rule, size_t) {
         return fmt::format("sum by (instance) (rate(load_total[5m])) > 1e15 + {}", rule);
       },
       true},
      {"some fire",
       [](size_t rule, size_t instance) {
         return fmt::format("load_total{{instance=\"i-{}\"}} > {}", instance,
                            rule % 20 == 0 ? "0" : "1e15");
       }},
  };
}

std::vector<alerting::RuleGroup> MakeGroups(const Form& form, const Options& options) {
  const size_t instances = std::max<size_t>(1, options.series / kPerInstance);
  std::vector<alerting::RuleGroup> groups(form.together ? 1 : options.groups);
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i].file = "rules.yaml";
    groups[i].name = fmt::format("group-{}", i);
    groups[i].interval_ms = kIntervalMs;
  }
  for (size_t i = 0; i < options.rules; ++i) {
    alerting::Rule rule;
    rule.alert = fmt::format("Alert{}", i);
    rule.expr = form.expr(i, i % instances);
    rule.labels = {{"severity", "page"}};
    rule.annotations = {{"summary", "{{ $labels.instance }} is at {{ $value }}"}};
    groups[i * groups.size() / options.rules].rules.push_back(std::move(rule));
  }
  return groups;
}

class Feed {
 public:
  Feed(storage::Storage* storage, ManualClock* clock, size_t series)
      : storage_(storage), clock_(clock) {
    for (size_t i = 0; i < series; ++i) {
      const std::string instance = fmt::format("i-{}", i / kPerInstance);
      const std::string slot = fmt::format("{}", i % kPerInstance);
      const storage::Labels labels(
          {{"__name__", "load_total"}, {"instance", instance}, {"job", "bench"}, {"slot", slot}});
      refs_.push_back(storage->GetOrCreateSeries(storage::kDefaultTenant, labels, {}).value());
    }
  }

  void Send(int64_t time_ms) {
    clock_->SetMs(time_ms);
    for (size_t i = 0; i < refs_.size(); ++i) {
      batch_.Add(refs_[i], time_ms, static_cast<double>(time_ms / 1000 % 100'000 + i % 7));
    }
    VIGIL_CHECK_OK(storage_->WriteMetrics(storage::kDefaultTenant, batch_, {}));
    batch_.Clear();
  }

 private:
  storage::Storage* const storage_;
  ManualClock* const clock_;
  std::vector<storage::SeriesRef> refs_;
  storage::MetricBatch batch_;
};

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void Main(const Options& options) {
  const std::filesystem::path directory = std::filesystem::temp_directory_path() / "rule_round";
  std::filesystem::remove_all(directory);
  ManualClock clock(kStartMs);
  storage::StorageOptions storage_options;
  storage_options.data_dir = directory.string();
  storage_options.metric_retention_ms = 0;
  storage_options.durability = storage::Durability::kNoSync;
  auto storage = storage::Storage::Open(storage_options, &clock).value();
  Feed feed(storage.get(), &clock, options.series);
  int64_t now_ms = kStartMs;
  for (; now_ms <= kStartMs + kFillMs; now_ms += kIntervalMs) feed.Send(now_ms);

  if (options.flushed) VIGIL_CHECK_OK(storage->Flush());

  const exec::Engine engine({});
  const auto source = storage->MetricSourceFor(storage::kDefaultTenant);
  const auto sink = storage->MetricSinkFor(storage::kDefaultTenant);
  for (const Form& form : Forms()) {
    if (!options.only.empty() && form.name != options.only) continue;
    const alerting::RuleEngine::Dependencies dependencies = {&engine, source.get(), sink.get(),
                                                             &storage->state(), nullptr};
    auto rules = alerting::RuleEngine::Create({}, dependencies).value();
    VIGIL_CHECK_OK(rules->SetGroups(MakeGroups(form, options), now_ms));
    double best_s = 1e9;
    for (int round = 0; round < options.rounds; ++round, now_ms += kIntervalMs) {
      feed.Send(now_ms);
      const double begin_s = CpuSeconds();
      // Every group has one slot in an interval, and it comes before the next samples.
      rules->RunDue(now_ms + kIntervalMs - 1);
      best_s = std::min(best_s, CpuSeconds() - begin_s);
    }
    size_t failed = 0;
    size_t alerts = 0;
    for (const alerting::GroupStatus& group : rules->Status()) {
      for (const alerting::RuleStatus& rule : group.rules) {
        failed += rule.health == alerting::RuleHealth::kOk ? 0 : 1;
        alerts += rule.alerts.size();
      }
    }
    fmt::print("{:<26} {:>8.3f} CPU s a round {:>8.1f} us a rule {:>7} alerts {:>5} failed\n",
               form.name, best_s, best_s / static_cast<double>(options.rules) * 1e6, alerts,
               failed);
    std::fflush(stdout);
    VIGIL_CHECK_OK(rules->SetGroups({}, now_ms));
  }
  storage.reset();
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace vigil::benchmark

int main(int argc, char** argv) {
  vigil::benchmark::Options options;
  CLI::App app("What a round of many alert rules costs.");
  app.add_option("--rules", options.rules);
  app.add_option("--series", options.series);
  app.add_option("--groups", options.groups);
  app.add_option("--rounds", options.rounds, "the best counts");
  app.add_option("--only", options.only, "the form of that name");
  app.add_flag("--flushed", options.flushed, "what came before the first round is in blocks");
  CLI11_PARSE(app, argc, argv);
  vigil::benchmark::Main(options);
  return 0;
}
