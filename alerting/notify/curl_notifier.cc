// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/curl_notifier.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/notify/http_transfer.h"
#include "alerting/notify/mail_transfer.h"
#include "alerting/notify/transfer.h"
#include "base/clock.h"
#include "base/curl_loop.h"
#include "base/http/oauth2_tokens.h"
#include "base/mutex.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

constexpr long kUnauthorized = 401;

class CurlNotifier final : public Notifier, private CurlWork {
 public:
  explicit CurlNotifier(CurlNotifierOptions options) : options_(std::move(options)) {}
  ~CurlNotifier() override {
    if (loop_ != nullptr) loop_->Stop();
  }

  absl::Status Start() {
    VIGIL_ASSIGN_OR_RETURN(loop_, CurlLoop::Start("the notifier", this));
    return absl::OkStatus();
  }

  void Send(const std::string& lane, Delivery delivery,
            std::function<void(DeliveryOutcome)> done) override {
    Enter({lane, std::move(delivery), std::move(done)});
  }

 private:
  struct Request {
    std::string lane;
    Delivery delivery;
    std::function<void(DeliveryOutcome)> done;
    // By when all is to be told, in monotonic ns, of one that follows another; 0: it is the first.
    int64_t deadline_ns = 0;
  };

  // Has what follows `*request` sent once that is answered; the last of it calls `done`.
  void Follow(Request* request) {
    Delivery& delivery = request->delivery;
    const int64_t deadline_ns = request->deadline_ns != 0
                                    ? request->deadline_ns
                                    : MonotonicNs() + delivery.timeout_ms * kNanosPerMilli;
    const auto next = std::make_shared<std::shared_ptr<Delivery>>();
    delivery.judge = [judge = delivery.judge, then = delivery.then,
                      next](const HttpAnswer& answer) {
      DeliveryOutcome outcome = judge == nullptr ? AsStatusSays(answer) : judge(answer);
      if (!outcome.delivered) return outcome;
      absl::StatusOr<std::shared_ptr<Delivery>> following = then(answer);
      if (following.ok()) {
        *next = *std::move(following);
        return outcome;
      }
      return DeliveryOutcome{.http_status = answer.status,
                             .error = std::string(MessageOf(following.status()))};
    };
    request->done = [this, lane = request->lane, next, deadline_ns, http = delivery.http,
                     done = std::move(request->done)](DeliveryOutcome outcome) {
      if (!outcome.delivered || *next == nullptr) return done(std::move(outcome));
      (*next)->http = http;
      Enter({lane, std::move(**next), done, deadline_ns});
    };
  }

  void Enter(Request request) {
    {
      MutexLock lock(&mutex_);
      inbox_.push_back(std::move(request));
    }
    loop_->Wake();
  }

  // The deliveries of one lane; the thread's own.
  struct Lane {
    std::deque<Request> waiting;
    size_t in_flight = 0;
  };

  bool HasWork() override {
    if (!freed_.empty()) return true;
    MutexLock lock(&mutex_);
    return !inbox_.empty();
  }

  std::vector<Request> TakeInbox() {
    MutexLock lock(&mutex_);
    return std::exchange(inbox_, {});
  }

  void TakeIn(CurlLoop& loop) override {
    while (!freed_.empty()) {
      const std::string lane = std::move(freed_.back());
      freed_.pop_back();
      LeaveLane(loop, lane);
    }
    for (Request& request : TakeInbox()) {
      if (request.deadline_ns != 0) {
        request.delivery.timeout_ms = (request.deadline_ns - MonotonicNs()) / kNanosPerMilli;
        if (request.delivery.timeout_ms <= 0) {
          request.done({.retryable = true, .error = "no time is left for all requests"});
          continue;
        }
      }
      Lane& lane = lanes_[request.lane];
      // What follows another has its turn: half of it is told.
      if (request.deadline_ns != 0 || lane.in_flight < options_.max_in_flight_per_lane) {
        Begin(loop, &lane, std::move(request));
      } else if (lane.waiting.size() < options_.max_waiting_per_lane) {
        lane.waiting.push_back(std::move(request));
      } else {
        request.done({.retryable = true, .error = "too many notifications wait for this receiver"});
      }
    }
  }

  void Begin(CurlLoop& loop, Lane* lane, Request request) {
    ++lane->in_flight;
    if (request.delivery.then != nullptr) Follow(&request);
    auto transfer = MakeTransfer(std::move(request));
    const absl::Status prepared = transfer->Prepare(options_.user_agent);
    if (!prepared.ok()) return EndUnsent(loop, *transfer, prepared);
    if (transfer->oauth2() == nullptr) return Add(loop, std::move(transfer));
    const std::shared_ptr<const Oauth2Config> oauth2 = transfer->oauth2();
    // Functions are copied, transfers are not.
    const auto shared = std::make_shared<std::unique_ptr<Transfer>>(std::move(transfer));
    tokens_.Get(loop, oauth2, [this, shared](CurlLoop& at, absl::StatusOr<std::string> header) {
      if (!header.ok()) return EndUnsent(at, **shared, header.status());
      (*shared)->Authorize(*header);
      Add(at, std::move(*shared));
    });
  }

  static std::unique_ptr<Transfer> MakeTransfer(Request request) {
    if (request.delivery.mail != nullptr) {
      return std::make_unique<MailTransfer>(std::move(request.lane), std::move(request.delivery),
                                            std::move(request.done));
    }
    return std::make_unique<HttpTransfer>(std::move(request.lane), std::move(request.delivery),
                                          std::move(request.done));
  }

  void Add(CurlLoop& loop, std::unique_ptr<Transfer> transfer) {
    if (stopping_ || !loop.Add(transfer->handle())) {
      return EndUnsent(loop, *transfer, absl::UnavailableError("the notifier has no room for it"));
    }
    CURL* const handle = transfer->handle();
    transfers_.emplace(handle, std::move(transfer));
  }

  // One that did not come to be sent ends, before the lane's next is looked at: they may all fare
  // like this, and need no depth of calls.
  void EndUnsent(CurlLoop& loop, Transfer& transfer, const absl::Status& status) {
    const std::string lane = transfer.lane();
    transfer.Fail(status);
    freed_.push_back(lane);
    loop.Wake();
  }

  // Says how a transfer ended and begins what waited for it.
  void End(CurlLoop& loop, CURL* handle, CURLcode code) override {
    if (tokens_.End(loop, handle, code)) return;
    const std::unique_ptr<Transfer> transfer = Take(handle);
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (status == kUnauthorized && transfer->oauth2() != nullptr) {
      tokens_.Forget(*transfer->oauth2());
    }
    transfer->Finish(code);
    LeaveLane(loop, transfer->lane());
  }

  void LeaveLane(CurlLoop& loop, const std::string& name) {
    const auto at = lanes_.find(name);
    Lane& lane = at->second;
    --lane.in_flight;
    while (!lane.waiting.empty() && lane.in_flight < options_.max_in_flight_per_lane) {
      Request next = std::move(lane.waiting.front());
      lane.waiting.pop_front();
      Begin(loop, &lane, std::move(next));
    }
    if (lane.in_flight == 0) lanes_.erase(at);
  }

  std::unique_ptr<Transfer> Take(CURL* handle) {
    const auto at = transfers_.find(handle);
    std::unique_ptr<Transfer> transfer = std::move(at->second);
    transfers_.erase(at);
    return transfer;
  }

  void GiveUp(CurlLoop& loop) override {
    stopping_ = true;
    constexpr char kReason[] = "vigil is shutting down";
    const absl::Status ending = absl::UnavailableError(kReason);
    tokens_.GiveUp(loop);
    while (!transfers_.empty()) {
      CURL* const handle = transfers_.begin()->first;
      loop.Remove(handle);
      Take(handle)->Fail(ending);
    }
    for (auto& [name, lane] : lanes_) {
      for (Request& request : lane.waiting) request.done({.retryable = true, .error = kReason});
    }
    for (Request& request : TakeInbox()) request.done({.retryable = true, .error = kReason});
  }

  const CurlNotifierOptions options_;

  // The loop's thread's own.
  std::map<std::string, Lane> lanes_;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers_;
  Oauth2Tokens tokens_;
  std::vector<std::string> freed_;  // Lanes that a delivery has left unsent.
  bool stopping_ = false;

  Mutex mutex_;
  std::vector<Request> inbox_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<CurlLoop> loop_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Notifier>> StartCurlNotifier(CurlNotifierOptions options) {
  auto notifier = std::make_unique<CurlNotifier>(std::move(options));
  VIGIL_RETURN_IF_ERROR(notifier->Start());
  return std::unique_ptr<Notifier>(std::move(notifier));
}

}  // namespace vigil::alerting
