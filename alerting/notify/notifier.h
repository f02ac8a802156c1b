// SPDX-License-Identifier: Apache-2.0
//
// Carries notifications to receivers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "base/http/http_config.h"

namespace vigil::alerting {

struct DeliveryOutcome {
  bool delivered = false;
  bool retryable = false;      // Network errors and 5xx are, most other answers are not.
  int http_status = 0;         // 0: no answer. Of mail the server's last code.
  std::string error;           // "" when delivered.
  int64_t retry_after_ms = 0;  // How long the receiver asks to be left alone; 0: it does not say.
  // What the channel wants to know again when it next tells about this group.
  std::string receiver_data;
};

// What a receiver said.
struct HttpAnswer {
  int status = 0;
  std::string body;  // Its beginning.
};

// What mail needs beside the message.
struct MailEnvelope {
  std::string from;
  std::vector<std::string> recipients;
  std::string username;  // "": no authentication.
  std::string password;
  std::string identity;
  std::string mechanisms;  // "AUTH=PLAIN;AUTH=LOGIN"
  bool require_tls = true;
  TlsConfig tls;
};

// A request that is ready to go.
struct Delivery {
  std::string method = "POST";
  std::string url;
  std::string body;
  std::vector<std::string> headers;  // "Name: value"
  int64_t timeout_ms = 10'000;
  std::shared_ptr<const HttpConfig> http;    // Null: the defaults.
  std::shared_ptr<const MailEnvelope> mail;  // Not null: it is mail, and the body its message.
  // What an answer means; null: AsStatusSays.
  std::function<DeliveryOutcome(const HttpAnswer& answer)> judge;
  // What is asked next, by the answer to this one, when a receiver takes more than one request;
  // null, and null from it: nothing, all is told. Of what it gives, timeout and `http` do not
  // count: those of this one do. It is called from another thread, and may outlive the channel.
  std::function<absl::StatusOr<std::shared_ptr<Delivery>>(const HttpAnswer& answer)> then;
};

// As much of an answer as helps to see what was wrong, as valid UTF-8.
std::string AnswerSnippet(std::string_view answer);
// 2xx is success; 5xx and 429 may be tried again.
DeliveryOutcome AsStatusSays(const HttpAnswer& answer);
// The failure that an answer stands for.
DeliveryOutcome Refused(const HttpAnswer& answer, bool retryable);

// Thread-safe.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // Begins to send and calls `done` once, later, from another thread. Deliveries of one `lane` go
  // out in their order, a few at a time; one that hangs delays only its own lane.
  virtual void Send(const std::string& lane, Delivery delivery,
                    std::function<void(DeliveryOutcome)> done) = 0;
};

}  // namespace vigil::alerting
