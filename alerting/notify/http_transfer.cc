// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/http_transfer.h"

#include "base/clock.h"
#include "base/status.h"

namespace vigil::alerting {

absl::Status HttpTransfer::SetOptions(const std::string& user_agent) {
  static const HttpConfig* const defaults = new HttpConfig;
  const HttpConfig& config = delivery_.http == nullptr ? *defaults : *delivery_.http;
  CURL* const curl = handle();
  Append("Expect:", &lists_.headers);  // Without waiting for "100 Continue".
  for (const std::string& header : delivery_.headers) {
    // Templates and secrets are part of them.
    if (!IsHeaderText(header)) {
      return absl::InvalidArgumentError(
          "a header would have line breaks or other control characters");
    }
    Append(header, &lists_.headers);
  }
  if (delivery_.method != "POST") {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, delivery_.method.c_str());
  }
  if (delivery_.method != "GET") SetBody(curl);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent.c_str());
  oauth2_ = config.oauth2;
  VIGIL_RETURN_IF_ERROR(SetHttpOptions(config, delivery_.url, curl, &lists_));
  SetHeaders(curl, lists_);
  return absl::OkStatus();
}

void HttpTransfer::SetBody(CURL* curl) {
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  // Else a receiver that has moved would be asked for a page, and its answer taken for a delivery.
  curl_easy_setopt(curl, CURLOPT_POSTREDIR,
                   static_cast<long>(CURL_REDIR_POST_301 | CURL_REDIR_POST_302));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, delivery_.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(delivery_.body.size()));
}

DeliveryOutcome HttpTransfer::OutcomeOf(CURLcode code) const {
  if (code != CURLE_OK) {
    const bool hopeless = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    return {.retryable = !hopeless, .error = ErrorText(code)};
  }
  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  const HttpAnswer answer{static_cast<int>(status), answer_};
  DeliveryOutcome outcome =
      delivery_.judge == nullptr ? AsStatusSays(answer) : delivery_.judge(answer);
  curl_off_t retry_after_seconds = 0;
  curl_easy_getinfo(handle(), CURLINFO_RETRY_AFTER, &retry_after_seconds);
  outcome.retry_after_ms = retry_after_seconds * kMillisPerSecond;
  return outcome;
}

}  // namespace vigil::alerting
