// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/transfer.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Enough of an answer to hold what Slack and its like say in JSON: some give the message back.
constexpr size_t kMaxAnswerBytes = 512 << 10;
// A host that is there answers sooner; one that is not should not take all of a long timeout.
constexpr int64_t kConnectTimeoutMs = 10 * kMillisPerSecond;
constexpr int64_t kMaxTimeoutMs = kMillisPerDay;  // Fits libcurl's arithmetic.

}  // namespace

Transfer::Transfer(std::string lane, Delivery delivery, Done done)
    : lane_(std::move(lane)),
      delivery_(std::move(delivery)),
      done_(std::move(done)),
      handle_(curl_easy_init()) {}

absl::Status Transfer::Prepare(const std::string& user_agent) {
  CURL* const curl = handle_.get();
  if (curl == nullptr) return absl::UnavailableError("libcurl has no memory");
  const int64_t timeout_ms = std::clamp<int64_t>(delivery_.timeout_ms, 1, kMaxTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(timeout_ms, kConnectTimeoutMs)));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // A name that does not resolve delays no exit.
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::KeepAnswer);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  return SetOptions(user_agent);
}

void Transfer::Authorize(const std::string& header) {
  Append(header, &lists_.headers);
  SetHeaders(handle_.get(), lists_);
}

void Transfer::Fail(const absl::Status& status) {
  // What is wrong with the request itself will be wrong the next time.
  done_({.retryable = !absl::IsInvalidArgument(status), .error = std::string(MessageOf(status))});
}

size_t Transfer::KeepAnswer(char* data, size_t size, size_t count, void* transfer) {
  std::string& answer = static_cast<Transfer*>(transfer)->answer_;
  const size_t bytes = size * count;
  answer.append(data, std::min(bytes, kMaxAnswerBytes - answer.size()));
  return bytes;  // The rest is read and dropped.
}

std::string Transfer::ErrorText(CURLcode code) const {
  return error_[0] != '\0' ? ReplaceInvalidUtf8(error_.data())
                           : std::string(curl_easy_strerror(code));
}

}  // namespace vigil::alerting
