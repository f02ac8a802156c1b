// SPDX-License-Identifier: Apache-2.0
#include "collector/http/http_client.h"

#include <atomic>
#include <deque>
#include <map>
#include <system_error>
#include <thread>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "collector/http/http_transfer.h"

namespace vigil::collector {
namespace {

// The longest sleep of the thread when nothing happens; libcurl's timers and Get cut it short.
constexpr int kIdlePollMs = static_cast<int>(kMillisPerMinute);
// Transfers under way at a time: each holds a socket and what has arrived. Others wait, and their
// timeout with them.
constexpr size_t kMaxRunning = 512;
// Connections that are kept for the next time.
constexpr long kMaxKeptConnections = 2048;

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;

class HttpClientImpl final : public HttpClient {
 public:
  HttpClientImpl(std::string user_agent, MultiHandle multi)
      : user_agent_(std::move(user_agent)), multi_(std::move(multi)) {}

  ~HttpClientImpl() override {
    stopping_.store(true);
    curl_multi_wakeup(multi_.get());
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start() {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kMaxKeptConnections);
    try {
      thread_ = std::thread([this] { Run(); });
    } catch (const std::system_error& e) {
      return absl::UnavailableError(fmt::format("starting the HTTP client's thread: {}", e.what()));
    }
    return absl::OkStatus();
  }

  void Get(HttpGet get, const HttpConfig& config, Done done) override {
    auto transfer = std::make_unique<HttpTransfer>(std::move(get), std::move(done));
    if (absl::Status status = transfer->Prepare(user_agent_, config); !status.ok()) {
      return transfer->Fail(std::move(status));
    }
    {
      MutexLock lock(&mutex_);
      inbox_.push_back(std::move(transfer));
    }
    curl_multi_wakeup(multi_.get());
  }

 private:
  using Transfer = std::unique_ptr<HttpTransfer>;

  void Run() {
    while (!stopping_.load()) {
      TakeIn();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      FinishEnded();
      if (!CanBegin()) curl_multi_poll(multi_.get(), nullptr, 0, kIdlePollMs, nullptr);
    }
    EndAll();
  }

  bool CanBegin() {
    MutexLock lock(&mutex_);
    return !inbox_.empty() && running_.size() < kMaxRunning;
  }

  Transfer TakeOne() {
    MutexLock lock(&mutex_);
    if (inbox_.empty()) return nullptr;
    Transfer transfer = std::move(inbox_.front());
    inbox_.pop_front();
    return transfer;
  }

  void TakeIn() {
    while (running_.size() < kMaxRunning) {
      Transfer transfer = TakeOne();
      if (transfer == nullptr) return;
      CURL* const handle = transfer->handle();
      if (curl_multi_add_handle(multi_.get(), handle) != CURLM_OK) {
        transfer->Fail(absl::ResourceExhaustedError("libcurl has no room for another request"));
      } else {
        running_.emplace(handle, std::move(transfer));
      }
    }
  }

  void FinishEnded() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Release(message->easy_handle)->Finish(code);
    }
  }

  Transfer Release(CURL* handle) {
    curl_multi_remove_handle(multi_.get(), handle);
    const auto at = running_.find(handle);
    Transfer transfer = std::move(at->second);
    running_.erase(at);
    return transfer;
  }

  void EndAll() {
    const absl::Status cancelled = absl::CancelledError("the HTTP client ends");
    while (!running_.empty()) Release(running_.begin()->first)->Fail(cancelled);
    while (const Transfer transfer = TakeOne()) transfer->Fail(cancelled);
  }

  const std::string user_agent_;
  const MultiHandle multi_;  // Only curl_multi_wakeup is called from other threads.
  std::atomic<bool> stopping_{false};
  std::map<CURL*, Transfer> running_;  // The thread's own.

  Mutex mutex_;
  std::deque<Transfer> inbox_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Start(std::string user_agent) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) {
    return absl::UnavailableError(
        fmt::format("starting the HTTP client: {}", curl_easy_strerror(initialised)));
  }
  MultiHandle multi(curl_multi_init());
  if (multi == nullptr) return absl::UnavailableError("starting the HTTP client: no memory");
  auto client = std::make_unique<HttpClientImpl>(std::move(user_agent), std::move(multi));
  VIGIL_RETURN_IF_ERROR(client->Start());
  return std::unique_ptr<HttpClient>(std::move(client));
}

}  // namespace vigil::collector
