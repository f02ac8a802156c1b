// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/mail_transfer.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::alerting {

absl::Status MailTransfer::SetOptions(const std::string& /*user_agent*/) {
  const MailEnvelope& mail = *delivery_.mail;
  CURL* const curl = handle();
  for (const std::string& recipient : mail.recipients) {
    Append(fmt::format("<{}>", recipient), &recipients_);
  }
  curl_easy_setopt(curl, CURLOPT_URL, delivery_.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_USE_SSL,
                   static_cast<long>(mail.require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, fmt::format("<{}>", mail.from).c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients_.get());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // Mail goes straight.
  // A kept connection would go on as whoever logged in before.
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
  if (!mail.username.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, mail.username.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, mail.password.c_str());
    curl_easy_setopt(curl, CURLOPT_LOGIN_OPTIONS, mail.mechanisms.c_str());
    if (!mail.identity.empty()) {
      curl_easy_setopt(curl, CURLOPT_SASL_AUTHZID, mail.identity.c_str());
    }
  }
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(delivery_.body.size()));
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, &MailTransfer::ReadBody);
  curl_easy_setopt(curl, CURLOPT_READDATA, this);
  return SetTlsOptions(mail.tls, delivery_.url, curl, &lists_);
}

size_t MailTransfer::ReadBody(char* buffer, size_t size, size_t count, void* transfer) {
  auto* const self = static_cast<MailTransfer*>(transfer);
  const size_t bytes = std::min(size * count, self->delivery_.body.size() - self->read_);
  std::memcpy(buffer, self->delivery_.body.data() + self->read_, bytes);
  self->read_ += bytes;
  return bytes;
}

DeliveryOutcome MailTransfer::OutcomeOf(CURLcode code) const {
  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  DeliveryOutcome outcome;
  outcome.http_status = static_cast<int>(status);
  outcome.delivered = code == CURLE_OK;
  if (outcome.delivered) return outcome;
  // Servers refuse for reasons that pass, too: greylisting, a full disk, a certificate renewed.
  outcome.retryable = code != CURLE_URL_MALFORMAT;
  outcome.error = ErrorText(code);
  if (status >= 400) outcome.error += fmt::format(" (the server said {})", status);
  return outcome;
}

}  // namespace vigil::alerting
