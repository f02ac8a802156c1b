// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_manager.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "collector/scrape/http_fetch.h"
#include "collector/scrape/scrape_target.h"
#include "collector/scrape/text_format.h"

namespace vigil::collector {
namespace {

// Scrapes under way at a time: they mostly wait for the network.
constexpr size_t kThreads = 8;
// Nothing sane exposes more; it would be held in memory whole.
constexpr size_t kMaxBodyBytes = 256 << 20;
constexpr const char* kAccept =
    "Accept: application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,"
    "*/*;q=0.1";

storage::Labels DiscoveredLabels(const ScrapeConfig& config, const ScrapeTarget& target) {
  storage::LabelsBuilder labels;
  labels.Set("job", config.job_name);
  labels.Set("__address__", target.address);
  labels.Set("__metrics_path__", config.metrics_path);
  labels.Set("__scheme__", config.scheme);
  labels.Set("__scrape_interval__", FormatDurationMs(config.interval_ms));
  labels.Set("__scrape_timeout__", FormatDurationMs(config.timeout_ms));
  for (const storage::Label& label : target.labels) labels.Set(label.name, label.value);
  return labels.Build();
}

struct Target {
  Target(const ScrapeConfig& config, const ScrapeTarget& target)
      : interval_ms(config.interval_ms), timeout_ms(config.timeout_ms), state(config, target) {
    status.job_name = config.job_name;
    status.address = target.address;
    status.url = state.url();
    status.discovered_labels = DiscoveredLabels(config, target);
    status.labels = state.labels();
    status.interval_ms = interval_ms;
    status.timeout_ms = timeout_ms;
  }

  // Keeps how a scrape went for those who ask.
  void Note(const absl::StatusOr<Exposition>& scraped, int64_t start_ms, double seconds) {
    MutexLock lock(&mutex);
    status.health = scraped.ok() ? TargetHealth::kUp : TargetHealth::kDown;
    status.last_error = MessageOf(scraped.status());
    status.last_scrape_ms = start_ms;
    status.last_scrape_seconds = seconds;
    if (!scraped.ok()) return;
    status.families = std::make_shared<const std::vector<MetricFamily>>(scraped->families);
  }
  TargetStatus Status() const {
    MutexLock lock(&mutex);
    return status;
  }

  const int64_t interval_ms;
  const int64_t timeout_ms;
  TargetState state;   // Used by one scrape at a time.
  int64_t due_ms = 0;  // The scheduler's.
  std::atomic<bool> busy{false};
  bool was_up = true;  // Of the last scrape; to log changes only.
  mutable Mutex mutex;
  TargetStatus status ABSL_GUARDED_BY(mutex);
};

absl::StatusOr<Exposition> Fetch(const Target& target) {
  VIGIL_ASSIGN_OR_RETURN(const Fetched fetched, HttpFetch(target.state.url(), {kAccept},
                                                          target.timeout_ms, kMaxBodyBytes));
  return ParseExposition(fetched.body,
                         fetched.content_type.find("openmetrics") != std::string::npos);
}

class ManagerImpl final : public ScrapeManager {
 public:
  ManagerImpl(const std::vector<ScrapeConfig>& configs, storage::MetricSink* sink,
              const Clock* clock)
      : sink_(*sink), clock_(*clock) {
    const int64_t now_ms = clock_.NowMs();
    size_t targets = 0;
    for (const ScrapeConfig& config : configs) {
      targets += config.targets.size();
      job_names_.push_back(config.job_name);
    }
    std::sort(job_names_.begin(), job_names_.end());
    for (const ScrapeConfig& config : configs) {
      for (const ScrapeTarget& target : config.targets) {
        auto added = std::make_unique<Target>(config, target);
        const auto phase_ms =
            static_cast<int64_t>(added->state.labels().Hash() % added->interval_ms);
        added->due_ms = NextSlot(now_ms, phase_ms, added->interval_ms);
        targets_.push_back(std::move(added));
      }
    }
    pool_ = std::make_unique<ThreadPool>(std::min(kThreads, targets + 1), targets + 1);
    if (!targets_.empty()) scheduler_ = std::thread([this] { Schedule(); });
  }

  ~ManagerImpl() override {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (scheduler_.joinable()) scheduler_.join();
    pool_.reset();
  }

  ScrapeStatus Status() const override {
    ScrapeStatus status;
    status.job_names = job_names_;
    for (const auto& target : targets_) status.targets.push_back(target->Status());
    std::stable_sort(
        status.targets.begin(), status.targets.end(),
        [](const TargetStatus& a, const TargetStatus& b) { return a.job_name < b.job_name; });
    return status;
  }

 private:
  // The first slot from `now_ms` on.
  static int64_t NextSlot(int64_t now_ms, int64_t phase_ms, int64_t interval_ms) {
    const int64_t slot_ms = now_ms - now_ms % interval_ms + phase_ms;
    return slot_ms >= now_ms ? slot_ms : slot_ms + interval_ms;
  }

  void Schedule() {
    while (true) {
      int64_t next_ms = INT64_MAX;
      const int64_t now_ms = clock_.NowMs();
      for (const auto& target : targets_) {
        if (target->due_ms <= now_ms) Begin(target.get(), now_ms);
        next_ms = std::min(next_ms, target->due_ms);
      }
      const auto wait = std::chrono::milliseconds(
          std::clamp<int64_t>(next_ms - clock_.NowMs(), 1, kMillisPerSecond));
      MutexLock lock(&mutex_);
      if (!stopping_) changed_.wait_for(mutex_, wait);
      if (stopping_) return;
    }
  }

  void Begin(Target* target, int64_t now_ms) {
    // Slots that were missed are not made good.
    target->due_ms +=
        (now_ms - target->due_ms) / target->interval_ms * target->interval_ms + target->interval_ms;
    if (target->busy.exchange(true)) return;
    if (!pool_->TrySubmit([this, target] { Scrape(target); })) target->busy.store(false);
  }

  void Scrape(Target* target) {
    const int64_t start_ms = clock_.NowMs();
    const int64_t start_ns = MonotonicNs();
    const absl::StatusOr<Exposition> scraped = Fetch(*target);
    const double seconds = static_cast<double>(MonotonicNs() - start_ns) / 1e9;
    if (scraped.ok() != target->was_up) {
      Log(scraped.ok() ? LogLevel::kInfo : LogLevel::kWarning,
          scraped.ok() ? "scrape target is up again" : "scrape failed",
          {{"url", target->state.url()}, {"reason", MessageOf(scraped.status())}});
    }
    target->was_up = scraped.ok();
    target->Note(scraped, start_ms, seconds);
    const absl::StatusOr<storage::WriteResult> written =
        sink_.Append(target->state.ToSamples(scraped, start_ms, seconds), {});
    if (!written.ok()) {
      Log(LogLevel::kError, "storing a scrape failed",
          {{"url", target->state.url()}, {"error", MessageOf(written.status())}});
    } else if (written->rejected > 0) {
      Log(LogLevel::kWarning, "samples of a scrape were refused",
          {{"url", target->state.url()},
           {"refused", written->rejected},
           {"reason", written->rejection_reason}});
    }
    target->busy.store(false);
  }

  storage::MetricSink& sink_;
  const Clock& clock_;
  std::vector<std::string> job_names_;            // Constant after construction, as
  std::vector<std::unique_ptr<Target>> targets_;  // these are.
  std::unique_ptr<ThreadPool> pool_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread scheduler_;
};

}  // namespace

std::unique_ptr<ScrapeManager> ScrapeManager::Start(const std::vector<ScrapeConfig>& configs,
                                                    storage::MetricSink* sink, const Clock* clock) {
  return std::make_unique<ManagerImpl>(configs, sink, clock);
}

}  // namespace vigil::collector
