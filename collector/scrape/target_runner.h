// SPDX-License-Identifier: Apache-2.0
//
// One target that is being scraped: asks for its metrics, has them stored, remembers how it went.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread_pool.h"
#include "collector/http/http_client.h"
#include "collector/scrape/scrape_config.h"
#include "collector/scrape/scrape_sink.h"
#include "collector/scrape/scrape_status.h"
#include "collector/scrape/target.h"
#include "collector/scrape/target_state.h"

namespace vigil::collector {

// What targets share. All of it outlives them.
struct ScrapeTools {
  HttpClient* client = nullptr;
  ThreadPool* workers = nullptr;
  ScrapeSink* sink = nullptr;
  const Clock* clock = nullptr;
};

// Thread-safe. Held by shared_ptr, by scrapes that are under way as well.
class TargetRunner : public std::enable_shared_from_this<TargetRunner> {
 public:
  TargetRunner(const ScrapeTools& tools, std::shared_ptr<const ScrapeConfig> config, Target target);

  // Goes on as `target`, whose labels and URL are the same, under another configuration.
  void Update(std::shared_ptr<const ScrapeConfig> config, Target target);
  // Scrapes fail with that reason, without asking; "" to ask again.
  void Refuse(const std::string& reason);

  // Scrapes now, for the time `start_ms`, unless the last scrape is still under way. Returns at
  // once.
  void Begin(int64_t start_ms);
  // Ends all series, if `write`; what is under way is not stored any more.
  void End(int64_t time_ms, bool write);

  // Which target it is: constant.
  const storage::Labels& labels() const { return labels_; }
  const std::string& url() const { return url_; }
  TargetStatus Status() const;

 private:
  void Finish(absl::StatusOr<HttpAnswer> answer, int64_t start_ms, double seconds);
  void Write(const storage::MetricBatch& batch, const ScrapeResult& result);
  void Note(const ScrapeResult& result, int64_t start_ms, double seconds);

  const ScrapeTools tools_;
  const storage::Labels labels_;
  const std::string url_;
  std::atomic<bool> busy_{false};

  // Of the two, this is taken first.
  Mutex state_mutex_;
  TargetState state_ ABSL_GUARDED_BY(state_mutex_);
  storage::MetricBatch batch_ ABSL_GUARDED_BY(state_mutex_);
  bool ended_ ABSL_GUARDED_BY(state_mutex_) = false;
  bool was_up_ ABSL_GUARDED_BY(state_mutex_) = true;  // To log changes only.

  mutable Mutex mutex_;
  std::shared_ptr<const ScrapeConfig> config_ ABSL_GUARDED_BY(mutex_);
  TargetStatus status_ ABSL_GUARDED_BY(mutex_);
  std::string refusal_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::collector
