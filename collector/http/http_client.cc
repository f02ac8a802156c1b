// SPDX-License-Identifier: Apache-2.0
#include "collector/http/http_client.h"

#include <deque>
#include <map>
#include <utility>

#include "base/curl_loop.h"
#include "base/http/oauth2_tokens.h"
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
constexpr long kUnauthorized = 401;

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
      if (transfer->oauth2() == nullptr) {
        Begin(loop, std::move(transfer));
      } else {
        BeginWithToken(loop, std::move(transfer));
      }
    }
  }

  void Begin(CurlLoop& loop, Transfer transfer) {
    CURL* const handle = transfer->handle();
    if (loop.Add(handle)) {
      running_.emplace(handle, std::move(transfer));
    } else {
      transfer->Fail(absl::ResourceExhaustedError("libcurl has no room for another request"));
    }
  }

  void BeginWithToken(CurlLoop& loop, Transfer transfer) {
    const std::shared_ptr<const Oauth2Config> oauth2 = transfer->oauth2();
    // Functions are copied, transfers are not.
    const auto shared = std::make_shared<Transfer>(std::move(transfer));
    tokens_.Get(loop, oauth2, [this, shared](CurlLoop& at, absl::StatusOr<std::string> header) {
      if (!header.ok()) return (*shared)->Fail(header.status());
      (*shared)->Authorize(*header);
      Begin(at, std::move(*shared));
    });
  }

  void End(CurlLoop& loop, CURL* handle, CURLcode code) override {
    if (tokens_.End(loop, handle, code)) return;
    const Transfer transfer = Take(handle);
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (status == kUnauthorized && transfer->oauth2() != nullptr)
      tokens_.Forget(*transfer->oauth2());
    transfer->Finish(code);
  }

  Transfer Take(CURL* handle) {
    const auto at = running_.find(handle);
    Transfer transfer = std::move(at->second);
    running_.erase(at);
    return transfer;
  }

  void GiveUp(CurlLoop& loop) override {
    tokens_.GiveUp(loop);
    const absl::Status cancelled = absl::CancelledError("the HTTP client ends");
    while (!running_.empty()) {
      CURL* const handle = running_.begin()->first;
      loop.Remove(handle);
      Take(handle)->Fail(cancelled);
    }
    while (const Transfer transfer = TakeOne()) transfer->Fail(cancelled);
  }

  const std::string user_agent_;
  // The loop's thread's own.
  std::map<CURL*, Transfer> running_;
  Oauth2Tokens tokens_;

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
