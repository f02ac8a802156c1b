// SPDX-License-Identifier: Apache-2.0
//
// Carries notifications to receivers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace vigil::alerting {

// An HTTP request that is ready to go.
struct Delivery {
  std::string url;
  std::string body;
  std::vector<std::string> headers;  // "Name: value"
  int64_t timeout_ms = 10'000;
};

struct DeliveryOutcome {
  bool delivered = false;
  bool retryable = false;  // Network errors and 5xx are, other answers are not.
  int http_status = 0;     // 0: no answer.
  std::string error;       // "" when delivered.
};

// Thread-safe.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // Begins to send and calls `done` once, later, from another thread. A receiver that hangs delays
  // only its own deliveries.
  virtual void Send(const std::string& receiver, Delivery delivery,
                    std::function<void(DeliveryOutcome)> done) = 0;
};

}  // namespace vigil::alerting
