// SPDX-License-Identifier: Apache-2.0
#include "collector/http/http_client.h"

#include <deque>
#include <map>
#include <utility>

#include "base/curl_loop.h"
#include "base/mutex.h"
#include "base/status.h"
#include "collector/http/http_transfer.h"

namespace vigil::collector {
namespace {

// Transfers under way at a time: each holds a socket and what has arrived. Others wait, and their
// timeout with them.
constexpr size_t kMaxRunning = 512;
// Connections that are kept for the next time.
constexpr long kMaxKeptConnections = 2048;

class HttpClientImpl final : public HttpClient, private CurlWork {
 public:
  explicit HttpClientImpl(std::string user_agent) : user_agent_(std::move(user_agent)) {}
  ~HttpClientImpl() override {
    if (loop_ != nullptr) loop_->Stop();
  }

  absl::Status Start() {
    VIGIL_ASSIGN_OR_RETURN(loop_, CurlLoop::Start("the HTTP client", this, kMaxKeptConnections));
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
    loop_->Wake();
  }

 private:
  using Transfer = std::unique_ptr<HttpTransfer>;

  bool HasWork() override {
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

  void TakeIn(CurlLoop& loop) override {
    while (running_.size() < kMaxRunning) {
      Transfer transfer = TakeOne();
      if (transfer == nullptr) return;
      CURL* const handle = transfer->handle();
      if (loop.Add(handle)) {
        running_.emplace(handle, std::move(transfer));
      } else {
        transfer->Fail(absl::ResourceExhaustedError("libcurl has no room for another request"));
      }
    }
  }

  void End(CurlLoop& /*loop*/, CURL* handle, CURLcode code) override { Take(handle)->Finish(code); }

  Transfer Take(CURL* handle) {
    const auto at = running_.find(handle);
    Transfer transfer = std::move(at->second);
    running_.erase(at);
    return transfer;
  }

  void GiveUp(CurlLoop& loop) override {
    const absl::Status cancelled = absl::CancelledError("the HTTP client ends");
    while (!running_.empty()) {
      CURL* const handle = running_.begin()->first;
      loop.Remove(handle);
      Take(handle)->Fail(cancelled);
    }
    while (const Transfer transfer = TakeOne()) transfer->Fail(cancelled);
  }

  const std::string user_agent_;
  std::map<CURL*, Transfer> running_;  // The loop's thread's own.

  Mutex mutex_;
  std::deque<Transfer> inbox_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<CurlLoop> loop_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Start(std::string user_agent) {
  auto client = std::make_unique<HttpClientImpl>(std::move(user_agent));
  VIGIL_RETURN_IF_ERROR(client->Start());
  return std::unique_ptr<HttpClient>(std::move(client));
}

}  // namespace vigil::collector
