// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/notifier.h"

#include <string_view>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::alerting {
namespace {

constexpr size_t kMaxSnippetBytes = 512;
constexpr int kTooManyRequests = 429;

}  // namespace

std::string AnswerSnippet(std::string_view answer) {
  return ReplaceInvalidUtf8(Trim(answer.substr(0, kMaxSnippetBytes)));
}

DeliveryOutcome AsStatusSays(const HttpAnswer& answer) {
  if (answer.status >= 200 && answer.status < 300) {
    return {.delivered = true, .http_status = answer.status};
  }
  return Refused(answer, answer.status >= 500 || answer.status == kTooManyRequests);
}

DeliveryOutcome Refused(const HttpAnswer& answer, bool retryable) {
  return {.retryable = retryable,
          .http_status = answer.status,
          .error = fmt::format("unexpected status code {}: {}", answer.status,
                               AnswerSnippet(answer.body))};
}

}  // namespace vigil::alerting
