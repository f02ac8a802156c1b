// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/target_runner.h"

#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

// Nothing sane exposes more; it would be held in memory whole.
constexpr size_t kMaxBodyBytes = 256 << 20;

HttpGet RequestFor(const ScrapeConfig& config, const std::string& url, int64_t timeout_ms) {
  HttpGet get;
  get.url = url;
  get.headers = {fmt::format("Accept: {}", AcceptHeader(config.Protocols(), config.name_escaping)),
                 fmt::format("X-Prometheus-Scrape-Timeout-Seconds: {}",
                             FormatPlain(static_cast<double>(timeout_ms) / kMillisPerSecond))};
  get.compression = config.enable_compression;
  get.timeout_ms = timeout_ms;
  get.max_body_bytes = config.limits.body_bytes == 0 ? kMaxBodyBytes : config.limits.body_bytes;
  return get;
}

}  // namespace

TargetRunner::TargetRunner(const ScrapeTools& tools, std::shared_ptr<const ScrapeConfig> config,
                           Target target)
    : tools_(tools),
      labels_(target.labels),
      url_(target.url),
      state_(config, target.labels, target.timeout_ms) {
  MutexLock lock(&mutex_);
  status_.job_name = config->job_name;
  status_.address = std::move(target.address);
  status_.url = url_;
  status_.discovered_labels = std::move(target.discovered_labels);
  status_.labels = labels_;
  status_.interval_ms = target.interval_ms;
  status_.timeout_ms = target.timeout_ms;
  config_ = std::move(config);
}

void TargetRunner::Update(std::shared_ptr<const ScrapeConfig> config, Target target) {
  bool changed = false;
  {
    MutexLock lock(&mutex_);
    changed = config_ != config || status_.timeout_ms != target.timeout_ms;
    config_ = config;
    status_.job_name = config->job_name;
    status_.discovered_labels = std::move(target.discovered_labels);
    status_.address = std::move(target.address);
    status_.interval_ms = target.interval_ms;
    status_.timeout_ms = target.timeout_ms;
  }
  if (!changed) return;
  MutexLock lock(&state_mutex_);
  state_.SetConfig(std::move(config), target.timeout_ms);
}

void TargetRunner::Refuse(const std::string& reason) {
  MutexLock lock(&mutex_);
  refusal_ = reason;
}

void TargetRunner::Begin(int64_t start_ms) {
  if (busy_.exchange(true)) return;
  const int64_t start_ns = MonotonicNs();
  std::shared_ptr<const ScrapeConfig> config;
  int64_t timeout_ms = 0;
  std::string refusal;
  {
    MutexLock lock(&mutex_);
    config = config_;
    timeout_ms = status_.timeout_ms;
    refusal = refusal_;
  }
  // What is answered is stored on a worker: that takes time, and waits for the disk.
  HttpClient::Done done = [self = shared_from_this(), start_ms,
                           start_ns](absl::StatusOr<HttpAnswer> answer) {
    const double seconds = static_cast<double>(MonotonicNs() - start_ns) / 1e9;
    const auto held = std::make_shared<absl::StatusOr<HttpAnswer>>(std::move(answer));
    const bool ends = absl::IsCancelled(held->status());
    const auto task = [self, held, start_ms, seconds] {
      self->Finish(std::move(*held), start_ms, seconds);
    };
    if (ends || !self->tools_.workers->TrySubmit(task)) self->busy_.store(false);
  };
  if (!refusal.empty()) return done(absl::FailedPreconditionError(refusal));
  tools_.client->Get(RequestFor(*config, url_, timeout_ms), config->http, std::move(done));
}

void TargetRunner::Finish(absl::StatusOr<HttpAnswer> answer, int64_t start_ms, double seconds) {
  MutexLock lock(&state_mutex_);
  if (!ended_) {
    batch_.Clear();
    const ScrapeResult result = state_.Take(answer, start_ms, seconds, tools_.sink, &batch_);
    if (result.status.ok() != was_up_) {
      Log(result.status.ok() ? LogLevel::kInfo : LogLevel::kWarning,
          result.status.ok() ? "scrape target is up again" : "scrape failed",
          {{"url", url_}, {"reason", MessageOf(result.status)}});
    }
    was_up_ = result.status.ok();
    Note(result, start_ms, seconds);
    Write(batch_, result);
  }
  busy_.store(false);
}

void TargetRunner::Note(const ScrapeResult& result, int64_t start_ms, double seconds) {
  MutexLock lock(&mutex_);
  status_.health = result.status.ok() ? TargetHealth::kUp : TargetHealth::kDown;
  status_.last_error = MessageOf(result.status);
  status_.last_scrape_ms = start_ms;
  status_.last_scrape_seconds = seconds;
  if (result.families != nullptr) status_.families = result.families;
}

void TargetRunner::Write(const storage::MetricBatch& batch, const ScrapeResult& result) {
  const absl::StatusOr<storage::WriteResult> written = tools_.sink->Write(batch);
  if (!written.ok()) {
    Log(LogLevel::kError, "storing a scrape failed",
        {{"url", url_}, {"error", MessageOf(written.status())}});
  } else if (written->rejected + result.refused > 0) {
    Log(LogLevel::kWarning, "samples of a scrape were refused",
        {{"url", url_},
         {"refused", written->rejected + result.refused},
         {"reason", result.refusal.empty() ? written->rejection_reason : result.refusal}});
  }
}

void TargetRunner::End(int64_t time_ms, bool write) {
  MutexLock lock(&state_mutex_);
  ended_ = true;
  if (!write) return;
  batch_.Clear();
  state_.End(time_ms, &batch_);
  if (!batch_.empty()) Write(batch_, {});
}

TargetStatus TargetRunner::Status() const {
  MutexLock lock(&mutex_);
  return status_;
}

}  // namespace vigil::collector
