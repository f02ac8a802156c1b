// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_manager.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "collector/http/http_client.h"
#include "collector/scrape/scrape_job.h"

namespace vigil::collector {
namespace {

// Answers that are being stored at a time: that mostly waits for the disk.
constexpr size_t kWorkers = 8;
// Each target has one scrape under way at most, so this bounds nothing but mistakes.
constexpr size_t kMaxWaiting = 1 << 20;
// Files of targets are looked at so often.
constexpr int64_t kDiscoverIntervalMs = kMillisPerSecond;
// A scrape that is late by no more has the time at which it was due: regular times cost less.
constexpr int64_t kMaxSkewMs = 2;

class ManagerImpl final : public ScrapeManager {
 public:
  ManagerImpl(std::unique_ptr<ScrapeSink> sink, std::unique_ptr<HttpClient> client,
              const Clock* clock)
      : sink_(std::move(sink)),
        clock_(*clock),
        workers_(std::make_unique<ThreadPool>(kWorkers, kMaxWaiting)),
        client_(std::move(client)),
        scheduler_([this] { Schedule(); }) {}

  ~ManagerImpl() override {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    scheduler_.join();
    client_.reset();
    workers_.reset();
  }

  void SetConfigs(std::vector<ScrapeConfig> configs) override {
    {
      MutexLock lock(&mutex_);
      std::map<std::string, std::unique_ptr<ScrapeJob>> before;
      before.swap(jobs_);
      const ScrapeTools tools = {client_.get(), workers_.get(), sink_.get(), &clock_};
      for (ScrapeConfig& config : configs) {
        const std::string name = config.job_name;
        std::unique_ptr<ScrapeJob>& job = jobs_[name];
        const auto known = before.find(name);
        if (known == before.end()) {
          job = std::make_unique<ScrapeJob>(tools, std::move(config));
        } else {
          job = std::move(known->second);
          before.erase(known);
          job->SetConfig(std::move(config));
        }
      }
      for (auto& [name, job] : before) {
        std::move(job->targets().begin(), job->targets().end(), std::back_inserter(leaving_));
      }
      next_discovery_ms_ = 0;
      DiscoverLocked(clock_.NowMs());
    }
    changed_.notify_all();
  }

  ScrapeStatus Status() const override {
    ScrapeStatus status;
    MutexLock lock(&mutex_);
    for (const auto& [name, job] : jobs_) job->AddStatus(&status);
    return status;
  }

 private:
  void Schedule() {
    MutexLock lock(&mutex_);
    while (!stopping_) {
      const int64_t now_ms = clock_.NowMs();
      DiscoverLocked(now_ms);
      int64_t next_ms = std::min(now_ms + kDiscoverIntervalMs, EndGoneLocked(now_ms));
      for (const auto& [name, job] : jobs_) {
        for (ScheduledTarget& target : job->targets()) {
          // The clock may have been set back.
          if (target.due_ms - now_ms > target.interval_ms) {
            target.due_ms -= (target.due_ms - now_ms) / target.interval_ms * target.interval_ms;
          }
          if (target.due_ms <= now_ms) Begin(&target, now_ms);
          next_ms = std::min(next_ms, target.due_ms);
        }
      }
      const auto wait = std::chrono::milliseconds(
          std::clamp<int64_t>(next_ms - clock_.NowMs(), 1, kDiscoverIntervalMs));
      changed_.wait_for(mutex_, wait);
    }
  }

  void DiscoverLocked(int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // The clock may have been set back.
    if (now_ms < next_discovery_ms_ && now_ms >= next_discovery_ms_ - kDiscoverIntervalMs) return;
    next_discovery_ms_ = now_ms + kDiscoverIntervalMs;
    for (const auto& [name, job] : jobs_) job->Discover(now_ms, &leaving_);
  }

  static void Begin(ScheduledTarget* target, int64_t now_ms) {
    const int64_t late_ms = now_ms - target->due_ms;
    target->runner->Begin(late_ms <= kMaxSkewMs ? target->due_ms : now_ms);
    // Slots that were missed are not made good.
    target->due_ms += late_ms / target->interval_ms * target->interval_ms + target->interval_ms;
  }

  // Ends the series of targets that are gone, when they would have been scraped. Returns when the
  // next of these is.
  int64_t EndGoneLocked(int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    int64_t next_ms = INT64_MAX;
    std::vector<ScheduledTarget> waiting;
    for (ScheduledTarget& target : leaving_) {
      if (target.due_ms > now_ms) {
        next_ms = std::min(next_ms, target.due_ms);
        waiting.push_back(std::move(target));
      } else {
        EndLater(target, IsScrapedLocked(target.runner->labels()));
      }
    }
    leaving_ = std::move(waiting);
    return next_ms;
  }

  // Whether there is a target whose series are the same.
  bool IsScrapedLocked(const storage::Labels& labels) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const auto& [name, job] : jobs_) {
      for (const ScheduledTarget& target : job->targets()) {
        if (target.runner->labels() == labels) return true;
      }
    }
    return false;
  }

  void EndLater(const ScheduledTarget& target, bool taken_over) {
    (void)workers_->TrySubmit([runner = target.runner, time_ms = target.due_ms, taken_over] {
      runner->End(time_ms, !taken_over);
    });
  }

  const std::unique_ptr<ScrapeSink> sink_;
  const Clock& clock_;
  std::unique_ptr<ThreadPool> workers_;
  std::unique_ptr<HttpClient> client_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, std::unique_ptr<ScrapeJob>> jobs_ ABSL_GUARDED_BY(mutex_);
  // Targets that are gone, but whose series have not ended yet.
  std::vector<ScheduledTarget> leaving_ ABSL_GUARDED_BY(mutex_);
  int64_t next_discovery_ms_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread scheduler_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ScrapeManager>> ScrapeManager::Start(
    std::unique_ptr<ScrapeSink> sink, const Clock* clock, std::string user_agent) {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> client,
                         HttpClient::Start(std::move(user_agent)));
  return std::unique_ptr<ScrapeManager>(
      std::make_unique<ManagerImpl>(std::move(sink), std::move(client), clock));
}

}  // namespace vigil::collector
