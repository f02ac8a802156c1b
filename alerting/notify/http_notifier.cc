// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/http_notifier.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/notify/http_transfer.h"
#include "base/curl_loop.h"
#include "base/mutex.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

class HttpNotifier final : public Notifier, private CurlWork {
 public:
  explicit HttpNotifier(HttpNotifierOptions options) : options_(std::move(options)) {}
  ~HttpNotifier() override {
    if (loop_ != nullptr) loop_->Stop();
  }

  absl::Status Start() {
    VIGIL_ASSIGN_OR_RETURN(loop_, CurlLoop::Start("the notifier", this));
    return absl::OkStatus();
  }

  void Send(const std::string& receiver, Delivery delivery,
            std::function<void(DeliveryOutcome)> done) override {
    {
      MutexLock lock(&mutex_);
      inbox_.push_back({receiver, std::move(delivery), std::move(done)});
    }
    loop_->Wake();
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

  bool HasWork() override {
    MutexLock lock(&mutex_);
    return !inbox_.empty();
  }

  std::vector<Request> TakeInbox() {
    MutexLock lock(&mutex_);
    return std::exchange(inbox_, {});
  }

  void TakeIn(CurlLoop& loop) override {
    for (Request& request : TakeInbox()) {
      Lane& lane = lanes_[request.receiver];
      if (lane.in_flight < options_.max_in_flight_per_receiver) {
        Begin(loop, &lane, std::move(request));
      } else if (lane.waiting.size() < options_.max_waiting_per_receiver) {
        lane.waiting.push_back(std::move(request));
      } else {
        request.done({.retryable = true, .error = "too many notifications wait for this receiver"});
      }
    }
  }

  void Begin(CurlLoop& loop, Lane* lane, Request request) {
    auto transfer = HttpTransfer::Create(options_.user_agent, request.receiver,
                                         std::move(request.delivery), std::move(request.done));
    if (transfer->handle() == nullptr || !loop.Add(transfer->handle())) {
      transfer->Fail("the HTTP client has no room for another request");
      return;
    }
    ++lane->in_flight;
    CURL* const handle = transfer->handle();
    transfers_.emplace(handle, std::move(transfer));
  }

  // Says how a transfer ended and begins what waited for it.
  void End(CurlLoop& loop, CURL* handle, CURLcode code) override {
    const std::unique_ptr<HttpTransfer> transfer = Take(handle);
    transfer->Finish(code);
    const auto at = lanes_.find(transfer->receiver());
    Lane& lane = at->second;
    --lane.in_flight;
    while (!lane.waiting.empty() && lane.in_flight < options_.max_in_flight_per_receiver) {
      Request next = std::move(lane.waiting.front());
      lane.waiting.pop_front();
      Begin(loop, &lane, std::move(next));
    }
    if (lane.in_flight == 0) lanes_.erase(at);
  }

  std::unique_ptr<HttpTransfer> Take(CURL* handle) {
    const auto at = transfers_.find(handle);
    std::unique_ptr<HttpTransfer> transfer = std::move(at->second);
    transfers_.erase(at);
    return transfer;
  }

  void GiveUp(CurlLoop& loop) override {
    constexpr char kReason[] = "vigil is shutting down";
    while (!transfers_.empty()) {
      CURL* const handle = transfers_.begin()->first;
      loop.Remove(handle);
      Take(handle)->Fail(kReason);
    }
    for (auto& [receiver, lane] : lanes_) {
      for (Request& request : lane.waiting) request.done({.retryable = true, .error = kReason});
    }
    for (Request& request : TakeInbox()) request.done({.retryable = true, .error = kReason});
  }

  const HttpNotifierOptions options_;

  // The loop's thread's own.
  std::map<std::string, Lane> lanes_;
  std::map<CURL*, std::unique_ptr<HttpTransfer>> transfers_;

  Mutex mutex_;
  std::vector<Request> inbox_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<CurlLoop> loop_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Notifier>> StartHttpNotifier(HttpNotifierOptions options) {
  auto notifier = std::make_unique<HttpNotifier>(std::move(options));
  VIGIL_RETURN_IF_ERROR(notifier->Start());
  return std::unique_ptr<Notifier>(std::move(notifier));
}

}  // namespace vigil::alerting
