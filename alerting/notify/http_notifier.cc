// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/http_notifier.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <fmt/format.h>

#include "alerting/notify/http_transfer.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace vigil::alerting {
namespace {

// The longest sleep of the thread when nothing happens; libcurl's timers and Send cut it short.
constexpr int kIdlePollMs = static_cast<int>(kMillisPerMinute);

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;

class HttpNotifier final : public Notifier {
 public:
  HttpNotifier(HttpNotifierOptions options, MultiHandle multi)
      : options_(std::move(options)), multi_(std::move(multi)) {}

  ~HttpNotifier() override {
    stopping_.store(true);
    curl_multi_wakeup(multi_.get());
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start() {
    try {
      thread_ = std::thread([this] { Run(); });
    } catch (const std::system_error& e) {
      return absl::UnavailableError(fmt::format("starting the notifier's thread: {}", e.what()));
    }
    return absl::OkStatus();
  }

  void Send(const std::string& receiver, Delivery delivery,
            std::function<void(DeliveryOutcome)> done) override {
    {
      MutexLock lock(&mutex_);
      inbox_.push_back({receiver, std::move(delivery), std::move(done)});
    }
    curl_multi_wakeup(multi_.get());
  }

 private:
  struct Request {
    std::string receiver;
    Delivery delivery;
    std::function<void(DeliveryOutcome)> done;
  };
  // A receiver's deliveries; the thread's own.
  struct Lane {
    std::deque<Request> waiting;
    size_t in_flight = 0;
  };

  void Run() {
    while (!stopping_.load()) {
      TakeIn();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      FinishEnded();
      if (!HasInbox()) curl_multi_poll(multi_.get(), nullptr, 0, kIdlePollMs, nullptr);
    }
    EndAll();
  }

  bool HasInbox() {
    MutexLock lock(&mutex_);
    return !inbox_.empty();
  }

  std::vector<Request> TakeInbox() {
    MutexLock lock(&mutex_);
    return std::exchange(inbox_, {});
  }

  void TakeIn() {
    for (Request& request : TakeInbox()) {
      Lane& lane = lanes_[request.receiver];
      if (lane.in_flight < options_.max_in_flight_per_receiver) {
        Begin(&lane, std::move(request));
      } else if (lane.waiting.size() < options_.max_waiting_per_receiver) {
        lane.waiting.push_back(std::move(request));
      } else {
        request.done({.retryable = true, .error = "too many notifications wait for this receiver"});
      }
    }
  }

  void Begin(Lane* lane, Request request) {
    auto transfer = HttpTransfer::Create(options_.user_agent, request.receiver,
                                         std::move(request.delivery), std::move(request.done));
    if (transfer->handle() == nullptr ||
        curl_multi_add_handle(multi_.get(), transfer->handle()) != CURLM_OK) {
      transfer->Fail("the HTTP client has no room for another request");
      return;
    }
    ++lane->in_flight;
    CURL* const handle = transfer->handle();
    transfers_.emplace(handle, std::move(transfer));
  }

  // Says how transfers ended and begins those that waited for them.
  void FinishEnded() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      const std::unique_ptr<HttpTransfer> transfer = Release(message->easy_handle);
      transfer->Finish(code);
      const auto at = lanes_.find(transfer->receiver());
      Lane& lane = at->second;
      --lane.in_flight;
      while (!lane.waiting.empty() && lane.in_flight < options_.max_in_flight_per_receiver) {
        Request next = std::move(lane.waiting.front());
        lane.waiting.pop_front();
        Begin(&lane, std::move(next));
      }
      if (lane.in_flight == 0) lanes_.erase(at);
    }
  }

  std::unique_ptr<HttpTransfer> Release(CURL* handle) {
    curl_multi_remove_handle(multi_.get(), handle);
    const auto at = transfers_.find(handle);
    std::unique_ptr<HttpTransfer> transfer = std::move(at->second);
    transfers_.erase(at);
    return transfer;
  }

  void EndAll() {
    constexpr char kReason[] = "vigil is shutting down";
    while (!transfers_.empty()) Release(transfers_.begin()->first)->Fail(kReason);
    for (auto& [receiver, lane] : lanes_) {
      for (Request& request : lane.waiting) request.done({.retryable = true, .error = kReason});
    }
    for (Request& request : TakeInbox()) request.done({.retryable = true, .error = kReason});
  }

  const HttpNotifierOptions options_;
  const MultiHandle multi_;  // Only curl_multi_wakeup is called from other threads.
  std::atomic<bool> stopping_{false};

  // The thread's own.
  std::map<std::string, Lane> lanes_;
  std::map<CURL*, std::unique_ptr<HttpTransfer>> transfers_;

  Mutex mutex_;
  std::vector<Request> inbox_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Notifier>> StartHttpNotifier(HttpNotifierOptions options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) {
    return absl::UnavailableError(
        fmt::format("starting the HTTP client: {}", curl_easy_strerror(initialised)));
  }
  MultiHandle multi(curl_multi_init());
  if (multi == nullptr) return absl::UnavailableError("starting the HTTP client: no memory");
  auto notifier = std::make_unique<HttpNotifier>(std::move(options), std::move(multi));
  if (absl::Status status = notifier->Start(); !status.ok()) return status;
  return std::unique_ptr<Notifier>(std::move(notifier));
}

}  // namespace vigil::alerting
