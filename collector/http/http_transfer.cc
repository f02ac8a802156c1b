// SPDX-License-Identifier: Apache-2.0
#include "collector/http/http_transfer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

constexpr int64_t kMaxTimeoutMs = kMillisPerDay;  // Fits libcurl's arithmetic.

}  // namespace

HttpTransfer::HttpTransfer(HttpGet get, HttpClient::Done done)
    : get_(std::move(get)), done_(std::move(done)), handle_(curl_easy_init()) {}

absl::Status HttpTransfer::Prepare(const std::string& user_agent, const HttpConfig& config) {
  CURL* const curl = handle_.get();
  if (curl == nullptr) return absl::ResourceExhaustedError("libcurl has no memory");
  const int64_t timeout_ms = std::clamp<int64_t>(get_.timeout_ms, 1, kMaxTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // A name that does not resolve delays no exit.
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_.data());
  // Whatever was asked for, an answer that comes packed is unpacked.
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, get_.compression ? "gzip" : "identity");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &HttpTransfer::Receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  for (const std::string& header : get_.headers) Append(header, &lists_.headers);
  VIGIL_RETURN_IF_ERROR(SetHttpOptions(config, get_.url, curl, &lists_));
  SetHeaders(curl, lists_);
  oauth2_ = config.oauth2;
  return absl::OkStatus();
}

void HttpTransfer::Authorize(const std::string& header) {
  Append(header, &lists_.headers);
  SetHeaders(handle_.get(), lists_);
}

size_t HttpTransfer::Receive(char* data, size_t size, size_t count, void* transfer) {
  auto* const self = static_cast<HttpTransfer*>(transfer);
  const size_t bytes = size * count;
  if (self->answer_.body.size() + bytes > self->get_.max_body_bytes) {
    self->too_large_ = true;
    return 0;  // Ends the transfer.
  }
  self->answer_.body.append(data, bytes);
  return bytes;
}

absl::StatusOr<HttpAnswer> HttpTransfer::AnswerOf(CURLcode code) {
  if (too_large_) {
    return absl::ResourceExhaustedError(
        fmt::format("body size limit exceeded: the answer is over {} bytes", get_.max_body_bytes));
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return absl::DeadlineExceededError(fmt::format("no answer within {} ms", get_.timeout_ms));
  }
  if (code != CURLE_OK) {
    const std::string_view told = Trim(error_.data());
    return absl::UnavailableError(told.empty() ? std::string(curl_easy_strerror(code))
                                               : ReplaceInvalidUtf8(told));
  }
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return absl::UnavailableError(fmt::format("server returned HTTP status {}", status));
  }
  const char* content_type = nullptr;
  curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_TYPE, &content_type);
  if (content_type != nullptr) answer_.content_type = content_type;
  return std::move(answer_);
}

void HttpTransfer::Finish(CURLcode code) { done_(AnswerOf(code)); }

void HttpTransfer::Fail(absl::Status status) { done_(std::move(status)); }

}  // namespace vigil::collector
