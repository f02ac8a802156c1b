// SPDX-License-Identifier: Apache-2.0
//
// One request.
#pragma once

#include <string>

#include "alerting/notify/transfer.h"

namespace vigil::alerting {

class HttpTransfer final : public Transfer {
 public:
  using Transfer::Transfer;

 private:
  void SetBody(CURL* curl);

  absl::Status SetOptions(const std::string& user_agent) override;
  DeliveryOutcome OutcomeOf(CURLcode code) const override;
};

}  // namespace vigil::alerting
