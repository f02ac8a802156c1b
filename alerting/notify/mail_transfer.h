// SPDX-License-Identifier: Apache-2.0
//
// One message to a mail server.
#pragma once

#include <string>

#include "alerting/notify/transfer.h"

namespace vigil::alerting {

class MailTransfer final : public Transfer {
 public:
  using Transfer::Transfer;

 private:
  absl::Status SetOptions(const std::string& user_agent) override;
  DeliveryOutcome OutcomeOf(CURLcode code) const override;
  static size_t ReadBody(char* buffer, size_t size, size_t count, void* transfer);

  CurlList recipients_;
  size_t read_ = 0;  // Bytes of the body that libcurl has.
};

}  // namespace vigil::alerting
