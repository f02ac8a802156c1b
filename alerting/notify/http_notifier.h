// SPDX-License-Identifier: Apache-2.0
//
// The Notifier that speaks HTTP: POSTs deliveries with libcurl, all from one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "alerting/notify/notifier.h"

namespace vigil::alerting {

struct HttpNotifierOptions {
  std::string user_agent;  // "vigil/<version>".
  // Deliveries of one receiver that may be on their way at once: enough that one slow answer does
  // not hold up the others, few enough not to overrun a receiver after an outage.
  size_t max_in_flight_per_receiver = 8;
  // Deliveries of one receiver that may wait for their turn; further ones fail at once, retryable.
  size_t max_waiting_per_receiver = 10'000;
};

// Starts the thread. Success is any 2xx; 5xx, 429 and failures of the network are retryable. A
// delivery's timeout runs from when it is begun, not while it waits for its turn. Destruction
// breaks off what is on its way, ends every delivery that is left (retryable) and returns soon.
absl::StatusOr<std::unique_ptr<Notifier>> StartHttpNotifier(HttpNotifierOptions options);

}  // namespace vigil::alerting
