// SPDX-License-Identifier: Apache-2.0
//
// The Notifier that speaks HTTP and SMTP: libcurl's transfers, all from one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "alerting/notify/notifier.h"

namespace vigil::alerting {

struct CurlNotifierOptions {
  std::string user_agent;  // "vigil/<version>".
  // Deliveries of one lane that may be on their way at once: enough that one slow answer does
  // not hold up the others, few enough not to overrun a receiver after an outage.
  size_t max_in_flight_per_lane = 8;
  // Deliveries of one lane that may wait for their turn; further ones fail at once, retryable.
  size_t max_waiting_per_lane = 10'000;
};

// Starts the thread. Failures of the network are retryable, and so are those of mail servers; what
// an HTTP answer means is the delivery's to say. A
// delivery's timeout runs from when it is begun, not while it waits for its turn, and holds for all
// that follows it, which waits for no turn. Destruction breaks off what is on its way, ends every
// delivery that is left (retryable) and returns soon.
absl::StatusOr<std::unique_ptr<Notifier>> StartCurlNotifier(CurlNotifierOptions options);

}  // namespace vigil::alerting
