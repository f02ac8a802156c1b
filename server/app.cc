// SPDX-License-Identifier: Apache-2.0
#include "server/app.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>

#include "base/byte_size.h"
#include "base/clock.h"
#include "base/guarded_clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "collector/otlp/otlp_service.h"
#include "collector/remote_write/remote_write_receiver.h"
#include "collector/scrape/scrape_manager.h"
#include "collector/scrape/scrape_sink.h"
#include "collector/stream/ingest_service.h"
#include "query/cache/range_cache.h"
#include "query/exec/engine.h"
#include "server/alerting_part.h"
#include "server/api/alertmanager_api.h"
#include "server/api/api_parts.h"
#include "server/api/otlp_http.h"
#include "server/api/prometheus_api.h"
#include "server/api/remote_write.h"
#include "server/config_flags.h"
#include "server/grpc/alert_service.h"
#include "server/grpc/alertmanager_service.h"
#include "server/grpc/backtest_service.h"
#include "server/grpc/delivery_service.h"
#include "server/grpc/explain_service.h"
#include "server/grpc/query_service.h"
#include "server/grpc/transfer_service.h"
#include "server/http/http_server.h"
#include "server/memory_plan.h"
#include "server/rule_watch.h"
#include "server/ticker.h"

namespace vigil::server {
namespace {

// Requests that wait for a worker, beyond which senders are told to come back.
constexpr size_t kMaxQueuedRequests = 1024;
// Workers wait for the disk most of the time, and those that wait together share one sync.
constexpr size_t kWorkersPerCore = 4;
// Beside those that run queries over HTTP, so that what costs little is answered meanwhile.
constexpr size_t kSpareQueryWorkers = 4;
constexpr int64_t kMaintenanceIntervalMs = 1000;
constexpr int64_t kTellAgainNs = 60 * kMillisPerSecond * kNanosPerMilli;
// Memory is looked at apart from maintenance, which may take seconds, and often: a second of ingest
// can be hundreds of megabytes.
constexpr int64_t kMemoryWatchIntervalMs = 50;
// Free memory goes back to the system at most this often: it takes milliseconds.
constexpr int64_t kReleaseIntervalMs = 500;
// Below it the allocator is told to be thrifty, which costs some speed.
constexpr uint64_t kSmallMemoryBytes = uint64_t{1} << 30;
constexpr auto kShutdownGrace = std::chrono::seconds(5);

absl::Status CheckApart(const Config& config) {
  const std::string grpc = config.grpc_listen.ToString();
  if (config.grpc_listen.port == 0 || grpc != config.http_listen.ToString()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(fmt::format(
      "--grpc-listen and --http-listen both name {}: give each a port of its own", grpc));
}

// A plain-text answer.
HttpResponse Text(int status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}};
}

class AppImpl final : public App {
 public:
  explicit AppImpl(ConfigLoader load_config)
      : load_config_(std::move(load_config)),
        query_helpers_(std::max(2u, std::thread::hardware_concurrency()) - 1, kMaxQueuedRequests),
        workers_(std::max(2u, std::thread::hardware_concurrency()) * kWorkersPerCore,
                 kMaxQueuedRequests) {}

  ~AppImpl() override { Stop(); }

  absl::Status Run() {
    VIGIL_ASSIGN_OR_RETURN(config_, load_config_());
    config_yaml_ = config_.yaml;
    VIGIL_RETURN_IF_ERROR(ApplyMemoryPlan(&config_));
    ShareArenas();
    if (config_.memory_limit_bytes < kSmallMemoryBytes) PreferSmallFootprint();
    WatchRules(config_);
    // A mistake in a file is told at once, not after minutes of recovery.
    VIGIL_ASSIGN_OR_RETURN(AlertingFiles alerting_files, LoadAlertingFiles(config_));
    VIGIL_RETURN_IF_ERROR(CheckApart(config_));
    VIGIL_RETURN_IF_ERROR(CheckFree(config_.grpc_listen, "--grpc-listen"));
    // HTTP serves first, so that probes see a process that lives but is not ready yet.
    VIGIL_RETURN_IF_ERROR(StartHttp());
    VIGIL_ASSIGN_OR_RETURN(storage_, storage::Storage::Open(config_.storage, &clock_));
    admission_.emplace(config_.admission);
    remote_write_ = std::make_unique<collector::RemoteWriteReceiver>(
        storage_.get(), &*admission_, config_.admission.max_request_bytes);
    exec::EngineOptions engine_options;
    engine_options.max_samples = config_.max_query_samples;
    engine_options.kept_selection_bytes = static_cast<int64_t>(config_.kept_selection_bytes);
    engine_options.threads = std::max(1u, std::thread::hardware_concurrency());
    engine_options.language.experimental_functions = config_.experimental_functions;
    engine_options.delayed_name_removal = config_.delayed_name_removal;
    engine_options.type_and_unit_labels = config_.storage.type_and_unit_labels;
    engine_.emplace(engine_options, &query_helpers_);
    ranges_.emplace(&*engine_, &clock_, *config_.query_cache_bytes);
    storage_->ObserveMetricWrites(&*ranges_);
    VIGIL_ASSIGN_OR_RETURN(alerting_, AlertingPart::Start(config_, std::move(alerting_files),
                                                          fmt::format("vigil/{}", kVersion),
                                                          {storage_.get(), &*engine_, &clock_}));
    alertmanager_parts_ = {alerting_->manager(), &clock_, [this] { alerting_->WakeManager(); },
                           std::string(kVersion), started_at_ms_};
    VIGIL_RETURN_IF_ERROR(StartGrpc());
    VIGIL_RETURN_IF_ERROR(StartScrapes());
    maintenance_ =
        std::make_unique<Ticker>(&clock_, kMaintenanceIntervalMs, [this](int64_t now_ms) {
          Maintain();
          return now_ms + kMaintenanceIntervalMs;
        });
    memory_watch_ =
        std::make_unique<Ticker>(&clock_, kMemoryWatchIntervalMs, [this](int64_t now_ms) {
          WatchMemory(now_ms);
          return now_ms + kMemoryWatchIntervalMs;
        });
    rule_watch_->Start(&clock_);
    ready_.store(true);
    Log(LogLevel::kInfo, "ready",
        {{"version", kVersion},
         {"grpc_address", grpc_address()},
         {"http_address", http_address()},
         {"data_dir", config_.storage.data_dir},
         {"memory_limit", FormatByteSize(config_.memory_limit_bytes)}});
    return absl::OkStatus();
  }

  absl::Status Reload() override {
    const absl::Status status = TryReload();
    last_reload_ok_.store(status.ok());
    if (status.ok()) {
      Log(LogLevel::kInfo, "reloaded rules and routes");
    } else {
      Log(LogLevel::kError, "reload failed, the old rules and routes go on",
          {{"error", MessageOf(status)}});
    }
    return status;
  }

  uint16_t grpc_port() const override { return grpc_port_; }
  uint16_t http_port() const override { return http_->port(); }

 private:
  std::string grpc_address() const {
    return ListenAddress{config_.grpc_listen.host, grpc_port_}.ToString();
  }
  std::string http_address() const {
    return ListenAddress{config_.http_listen.host, http_->port()}.ToString();
  }

  absl::Status StartHttp() {
    router_.Add("GET", "/-/healthy", [](const HttpRequest&) { return Text(200, "healthy\n"); });
    router_.Add("GET", "/-/ready", [this](const HttpRequest&) {
      return ready_.load() ? Text(200, "ready\n") : Text(503, "starting\n");
    });
    router_.Add("GET", "/metrics", [this](const HttpRequest&) {
      if (ready_.load()) UpdateGauges();
      return HttpResponse{200, "text/plain; version=0.0.4; charset=utf-8", ExposeMetrics(), {}};
    });
    const HttpHandler reload = [this](const HttpRequest&) {
      if (!ready_.load()) return Text(503, "starting\n");
      const absl::Status status = Reload();
      return status.ok() ? Text(200, "reloaded\n")
                         : Text(400, fmt::format("{}\n", MessageOf(status)));
    };
    router_.Add("POST", "/-/reload", reload, HandlerKind::kSlow);
    router_.Add("PUT", "/-/reload", reload, HandlerKind::kSlow);
    AddRemoteWrite([this] { return ready_.load() ? remote_write_.get() : nullptr; },
                   config_.admission.retry_after_ms, &router_);
    AddOtlpHttp([this] { return ready_.load() ? otlp_.get() : nullptr; },
                {.max_request_bytes = static_cast<size_t>(config_.admission.max_request_bytes),
                 .retry_after_ms = config_.admission.retry_after_ms},
                &router_);
    AddAlertmanagerApi([this] { return ready_.load() ? &alertmanager_parts_ : nullptr; }, &router_);
    AddPrometheusApi([this] { return ready_.load() ? &api_parts_ : nullptr; }, &router_);
    VIGIL_RETURN_IF_ERROR(CheckFree(config_.http_listen, "--http-listen"));
    query_workers_.emplace(config_.queries.max_running + kSpareQueryWorkers,
                           config_.queries.max_waiting);
    HttpServerOptions options;
    options.host = config_.http_listen.host;
    options.port = config_.http_listen.port;
    options.max_body_bytes = config_.admission.max_request_bytes;
    options.max_bytes_in_flight = config_.admission.max_bytes_in_flight;
    VIGIL_ASSIGN_OR_RETURN(http_,
                           HttpServer::Start(options, &router_, {&workers_, &*query_workers_}));
    return absl::OkStatus();
  }

  void UpdateGauges() {
    static Gauge& reload_ok =
        GetGauge("alertmanager_config_last_reload_successful",
                 "Whether the alert manager's configuration was last read without a mistake.");
    reload_ok.Set(last_reload_ok_.load() ? 1 : 0);
    alerting_->manager()->UpdateGauges(clock_.NowMs());
  }

  absl::Status StartGrpc() {
    otlp_ = std::make_unique<collector::OtlpServices>(storage_.get(), config_.otlp, &clock_,
                                                      &*admission_, &workers_);
    services_.push_back(
        collector::MakeIngestService(storage_.get(), &clock_, &*admission_, &workers_));
    query_gate_.emplace(config_.queries);
    MakeApiParts();
    log_calls_ = std::make_unique<LogCalls>(storage_.get(), &clock_, &*query_gate_);
    services_.push_back(MakeQueryService(storage_.get(), &*engine_, &*ranges_, &clock_,
                                         &*query_gate_, log_calls_.get()));
    services_.push_back(MakeTransferService(storage_.get(), &*admission_));
    services_.push_back(MakeAlertmanagerService(alerting_->manager(), &clock_));
    services_.push_back(MakeAlertService(alerting_->rules(), alerting_->history()));
    services_.push_back(MakeBacktestService(storage_.get(), &*engine_, &*query_gate_, config_.rules,
                                            alerting_->rules(), alerting_->manager()));
    services_.push_back(
        MakeDeliveryService(alerting_->manager(), [this] { alerting_->WakeManager(); }));
    services_.push_back(MakeExplainService(
        config_.rules, {{alerting_->rules(), alerting_->history(), alerting_->manager(),
                         &storage_->state(), &*engine_, alerting_->source()},
                        storage_.get(),
                        &clock_,
                        &*query_gate_}));
    grpc_port_ = config_.grpc_listen.port;
    services_.push_back(MakeAdminService(
        [this] {
          return ProcessInfo{std::string(kVersion), started_at_ms_, config_.storage.data_dir,
                             grpc_address(),        http_address(), Figures()};
        },
        storage_.get(), alerting_->rules(), alerting_->manager(), [this] { return Reload(); }));
    grpc::ServerBuilder builder;
    // Without this, a second vigil could listen on the same port and take half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // Twice what is taken: gRPC refuses without a word of where the limit is set, so that what is
    // just too large is better refused by us.
    const size_t max_request_bytes = config_.admission.max_request_bytes;
    builder.SetMaxReceiveMessageSize(
        static_cast<int>(std::min<size_t>(2 * max_request_bytes, INT32_MAX)));
    // Requests that are still arriving count here, those that have arrived are admitted or refused.
    builder.SetResourceQuota(grpc::ResourceQuota("vigil").Resize(
        config_.admission.max_bytes_in_flight + config_.arriving_bytes));
    int port = 0;
    builder.AddListeningPort(config_.grpc_listen.ToString(), grpc::InsecureServerCredentials(),
                             &port);
    for (grpc::Service* service : otlp_->services()) builder.RegisterService(service);
    for (const auto& service : services_) builder.RegisterService(service.get());
    grpc_ = builder.BuildAndStart();
    if (grpc_ == nullptr || port == 0) {
      return absl::FailedPreconditionError(
          fmt::format("cannot listen on {}: the port has been taken; choose another with "
                      "--grpc-listen (port 0 picks a free one)",
                      config_.grpc_listen.ToString()));
    }
    grpc_port_ = static_cast<uint16_t>(port);
    return absl::OkStatus();
  }

  absl::Status StartScrapes() {
    VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<collector::ScrapeManager> scrapes,
                           collector::ScrapeManager::Start(
                               collector::MakeScrapeSink(storage_.get(), storage::kDefaultTenant),
                               &clock_, fmt::format("vigil/{}", kVersion)));
    scrapes->SetConfigs(config_.scrapes);
    MutexLock lock(&scrapes_mutex_);
    scrapes_ = std::move(scrapes);
    return absl::OkStatus();
  }

  // Those that are under way are waited for without holding up who asks for their status.
  void StopScrapes() {
    std::unique_ptr<collector::ScrapeManager> scrapes;  // Ends behind the lock.
    {
      MutexLock lock(&scrapes_mutex_);
      scrapes_.swap(scrapes);
    }
  }

  void MakeApiParts() {
    api_parts_.storage = storage_.get();
    api_parts_.engine = &*engine_;
    api_parts_.ranges = &*ranges_;
    api_parts_.clock = &clock_;
    api_parts_.gate = &*query_gate_;
    api_parts_.rules = alerting_->rules();
    api_parts_.history = alerting_->history();
    api_parts_.scrapes = [this] {
      MutexLock lock(&scrapes_mutex_);
      return scrapes_ == nullptr ? collector::ScrapeStatus() : scrapes_->Status();
    };
    api_parts_.process = [this] { return DescribeProcess(); };
    api_parts_.alertmanagers = [this] { return alerting_->forwarder()->targets(); };
    api_parts_.options.slow_query_ms = config_.slow_query_ms;
    api_parts_.options.external_labels = config_.rules.external_labels;
    api_parts_.options.admin = config_.admin_api;
    // Beside the data: a copy within them would be copied next time.
    api_parts_.options.snapshot_dir = config_.storage.data_dir + "-snapshots";
  }

  ApiProcess DescribeProcess() {
    ApiProcess process;
    process.version = kVersion;
    process.started_at_ms = started_at_ms_;
    process.config_loaded_at_ms = config_loaded_at_ms_.load();
    process.last_reload_ok = last_reload_ok_.load();
    process.memory_limit_bytes = config_.memory_limit_bytes;
    process.retention_ms = config_.storage.metric_retention_ms;
    process.corrupt_blocks = GetCounter("vigil_corrupt_blocks_total",
                                        "Stored blocks and rows that were damaged and skipped.")
                                 .Value();
    process.flags = FlagsOf(config_, engine_->options());
    MutexLock lock(&scrapes_mutex_);
    process.config_yaml = config_yaml_;
    return process;
  }

  // To be called before the rules are read.
  void WatchRules(const Config& config) {
    {
      const MutexLock lock(&watched_mutex_);
      watched_ = config;
    }
    rule_watch_->Watch(config.watch_rules ? config.rule_files : std::vector<std::string>());
  }

  // Called when rule files have changed: reads them and nothing else, as other files may be in the
  // middle of being edited.
  void ReloadRules() {
    MutexLock lock(&reload_mutex_);
    const absl::Status status = TryReloadRules();
    last_reload_ok_.store(status.ok());
    if (status.ok()) {
      Log(LogLevel::kInfo, "rule files have changed, the new rules are in force");
    } else {
      Log(LogLevel::kError, "rule files have changed and are refused, the old rules go on",
          {{"error", MessageOf(status)}});
    }
  }

  absl::Status TryReloadRules() ABSL_EXCLUSIVE_LOCKS_REQUIRED(reload_mutex_) {
    Config config;
    {
      const MutexLock lock(&watched_mutex_);
      config = watched_;
    }
    VIGIL_ASSIGN_OR_RETURN(std::vector<alerting::RuleGroup> groups, LoadRules(config));
    return alerting_->ChangeRules(std::move(groups));
  }

  absl::Status TryReload() {
    MutexLock lock(&reload_mutex_);
    VIGIL_ASSIGN_OR_RETURN(const Config config, load_config_());
    WatchRules(config);
    VIGIL_ASSIGN_OR_RETURN(AlertingFiles files, LoadAlertingFiles(config));
    VIGIL_RETURN_IF_ERROR(alerting_->Change(config, std::move(files)));
    storage_->SetLimits(config.storage.limits);
    config_loaded_at_ms_.store(clock_.NowMs());
    {
      MutexLock scrapes_lock(&scrapes_mutex_);
      if (scrapes_ != nullptr) scrapes_->SetConfigs(config.scrapes);
      config_yaml_ = config.yaml;
    }
    return absl::OkStatus();
  }

  std::vector<storage::StatusFigure> Figures() const {
    const auto of_at_most = [](size_t count, size_t limit) {
      return fmt::format("{} of {}", count, limit);
    };
    return {{"memory", "limit_bytes", fmt::to_string(config_.memory_limit_bytes)},
            {"memory", "resident_bytes", fmt::to_string(ResidentBytes())},
            {"memory", "heads_bytes",
             of_at_most(storage_->HeadBytes(), config_.admission.max_head_bytes)},
            {"memory", "in_flight_bytes",
             of_at_most(admission_->bytes_in_flight(), config_.admission.max_bytes_in_flight)},
            {"memory", "senders_waiting", fmt::to_string(admission_->waiting())},
            {"queries", "running", of_at_most(query_gate_->running(), config_.queries.max_running)},
            {"queries", "waiting", of_at_most(query_gate_->waiting(), config_.queries.max_waiting)},
            {"queries", "followers",
             of_at_most(log_calls_->followers(), config_.queries.max_followers)}};
  }

  void Maintain() {
    absl::Status status = storage_->Maintain();
    if (flush_now_.exchange(false) && status.ok()) status = storage_->Flush();
    status.Update(alerting_->DropOld(clock_.NowMs()));
    // A disk that is full fails it each second: told once, and again when it goes on.
    const std::string error(MessageOf(status));
    const int64_t now_ns = MonotonicNs();
    const bool news = error != maintenance_error_ || now_ns >= tell_again_ns_;
    maintenance_error_ = error;
    if (status.ok() || !news) return;
    tell_again_ns_ = now_ns + kTellAgainNs;
    Log(LogLevel::kError, "maintenance of the store failed", {{"error", error}});
  }

  // Tells admission how full memory is, has heads written when that helps, and gives back what the
  // allocator keeps for itself.
  void WatchMemory(int64_t now_ms) {
    static Gauge& resident =
        GetGauge("vigil_memory_resident_bytes", "Memory that the process has.");
    const size_t head_bytes = storage_->HeadBytes();
    const uint64_t resident_bytes = ResidentBytes();
    resident.Set(static_cast<int64_t>(resident_bytes));
    bool is_short = JudgeMemory(resident_bytes, config_.memory_limit_bytes) == MemoryState::kShort;
    if (is_short && now_ms >= next_release_ms_) {
      next_release_ms_ = now_ms + kReleaseIntervalMs;
      ReleaseFreeMemory();
      is_short = JudgeMemory(ResidentBytes(), config_.memory_limit_bytes) == MemoryState::kShort;
    }
    admission_->Update(head_bytes, is_short);
    const bool flush = head_bytes >= config_.storage.head_flush_bytes ||
                       (is_short && head_bytes >= config_.storage.head_flush_bytes / 4);
    if (is_short && head_bytes >= config_.storage.head_flush_bytes / 4) flush_now_.store(true);
    if (flush) maintenance_->Wake();
  }

  // In the order that leaves nothing half done: no new work, then the engines, then the store.
  void Stop() {
    const bool was_ready = ready_.exchange(false);
    StopScrapes();
    if (admission_.has_value()) admission_->Close();
    if (query_gate_.has_value()) query_gate_->Close();
    if (log_calls_ != nullptr) log_calls_->Close();
    if (grpc_ != nullptr) grpc_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    http_.reset();
    rule_watch_.reset();
    memory_watch_.reset();
    maintenance_.reset();
    alerting_.reset();
    if (storage_ == nullptr) return;
    const absl::Status status = storage_->Flush();
    if (status.ok()) {
      if (was_ready) Log(LogLevel::kInfo, "stopped");
    } else {
      // The journal still has everything; the next start replays it.
      Log(LogLevel::kError, "flushing at the end failed", {{"error", MessageOf(status)}});
    }
  }

  const ConfigLoader load_config_;
  const GuardedClock clock_;
  const int64_t started_at_ms_ = clock_.NowMs();
  Config config_;  // As at start; reloads change only what they hand on.
  Mutex reload_mutex_;
  Mutex watched_mutex_;
  Config watched_ ABSL_GUARDED_BY(watched_mutex_);  // By which rules were read last.
  std::atomic<bool> ready_{false};
  std::atomic<bool> last_reload_ok_{true};
  std::atomic<int64_t> config_loaded_at_ms_{started_at_ms_};
  std::atomic<bool> flush_now_{false};  // Memory is short: whatever the heads hold is written.
  int64_t next_release_ms_ = 0;         // Of the memory watch.
  std::string maintenance_error_;       // Of maintenance: the last failure, "" for none.
  int64_t tell_again_ns_ = 0;
  uint16_t grpc_port_ = 0;

  // Below, each may use those above it; destroyed from the end.
  std::unique_ptr<storage::Storage> storage_;
  std::optional<collector::Admission> admission_;
  ThreadPool query_helpers_;  // The threads of queries beyond their first.
  std::optional<exec::Engine> engine_;
  std::optional<cache::RangeCache> ranges_;
  ThreadPool workers_;
  std::unique_ptr<AlertingPart> alerting_;
  std::unique_ptr<RuleWatch> rule_watch_ = std::make_unique<RuleWatch>([this] { ReloadRules(); });
  Mutex scrapes_mutex_;
  std::unique_ptr<collector::ScrapeManager> scrapes_ ABSL_GUARDED_BY(scrapes_mutex_);
  std::string config_yaml_ ABSL_GUARDED_BY(scrapes_mutex_);
  std::unique_ptr<Ticker> maintenance_;
  std::unique_ptr<Ticker> memory_watch_;
  std::optional<QueryGate> query_gate_;
  ApiParts api_parts_;
  AlertmanagerParts alertmanager_parts_;
  std::optional<ThreadPool> query_workers_;
  HttpRouter router_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<collector::OtlpServices> otlp_;
  std::unique_ptr<collector::RemoteWriteReceiver> remote_write_;
  std::unique_ptr<LogCalls> log_calls_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> grpc_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<App>> App::Start(ConfigLoader load_config) {
  auto app = std::make_unique<AppImpl>(std::move(load_config));
  VIGIL_RETURN_IF_ERROR(app->Run());
  return app;
}

}  // namespace vigil::server
