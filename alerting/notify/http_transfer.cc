// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/http_transfer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// As much of an answer as helps to see what was wrong.
constexpr size_t kMaxSnippetBytes = 512;
// A host that is there answers sooner; one that is not should not take all of a long timeout.
constexpr int64_t kConnectTimeoutMs = 10 * kMillisPerSecond;
constexpr int64_t kMaxTimeoutMs = kMillisPerDay;  // Fits libcurl's arithmetic.
constexpr long kTooManyRequests = 429;

}  // namespace

std::unique_ptr<HttpTransfer> HttpTransfer::Create(const std::string& user_agent,
                                                   std::string receiver, Delivery delivery,
                                                   std::function<void(DeliveryOutcome)> done) {
  std::unique_ptr<HttpTransfer> transfer(
      new HttpTransfer(std::move(receiver), std::move(delivery), std::move(done)));
  if (transfer->handle_ != nullptr) transfer->SetOptions(user_agent);
  return transfer;
}

HttpTransfer::HttpTransfer(std::string receiver, Delivery delivery,
                           std::function<void(DeliveryOutcome)> done)
    : receiver_(std::move(receiver)),
      delivery_(std::move(delivery)),
      done_(std::move(done)),
      handle_(curl_easy_init()) {}

void HttpTransfer::SetOptions(const std::string& user_agent) {
  CURL* const curl = handle_.get();
  bool complete = Append("Expect:", &headers_);  // Without waiting for "100 Continue".
  for (const std::string& header : delivery_.headers) complete &= Append(header, &headers_);
  if (!complete) {
    handle_.reset();
    return;
  }
  const int64_t timeout_ms = std::clamp<int64_t>(delivery_.timeout_ms, 1, kMaxTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_URL, delivery_.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, delivery_.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(delivery_.body.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(timeout_ms, kConnectTimeoutMs)));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // Whatever the environment says.
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // A name that does not resolve delays no exit.
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &HttpTransfer::KeepSnippet);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
}

size_t HttpTransfer::KeepSnippet(char* data, size_t size, size_t count, void* transfer) {
  std::string& snippet = static_cast<HttpTransfer*>(transfer)->snippet_;
  const size_t bytes = size * count;
  snippet.append(data, std::min(bytes, kMaxSnippetBytes - snippet.size()));
  return bytes;  // The rest is read and dropped.
}

DeliveryOutcome HttpTransfer::OutcomeOf(CURLcode code) const {
  if (code != CURLE_OK) {
    const bool hopeless = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    const char* const text = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
    return {.retryable = !hopeless, .error = text};
  }
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  DeliveryOutcome outcome;
  outcome.http_status = static_cast<int>(status);
  outcome.delivered = status >= 200 && status < 300;
  if (outcome.delivered) return outcome;
  outcome.retryable = status >= 500 || status == kTooManyRequests;
  outcome.error =
      fmt::format("unexpected status code {}: {}", status, ReplaceInvalidUtf8(Trim(snippet_)));
  return outcome;
}

void HttpTransfer::Finish(CURLcode code) { done_(OutcomeOf(code)); }

void HttpTransfer::Fail(std::string_view reason) {
  done_({.retryable = true, .error = std::string(reason)});
}

}  // namespace vigil::alerting
