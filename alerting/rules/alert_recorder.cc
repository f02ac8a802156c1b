// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/alert_recorder.h"

#include <fmt/format.h>

namespace vigil::alerting {

std::string_view AlertChangeName(AlertChange change) {
  switch (change) {
    case AlertChange::kPending:
      return "pending";
    case AlertChange::kFiring:
      return "firing";
    case AlertChange::kResolved:
      return "resolved";
    case AlertChange::kForgotten:
      return "forgotten";
  }
  return "forgotten";
}

absl::Status ParseAlertChange(std::string_view name, AlertChange* change) {
  for (const AlertChange one : {AlertChange::kPending, AlertChange::kFiring, AlertChange::kResolved,
                                AlertChange::kForgotten}) {
    if (AlertChangeName(one) != name) continue;
    *change = one;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is no change of an alert: pending, firing, resolved or forgotten", name));
}

}  // namespace vigil::alerting
