// SPDX-License-Identifier: Apache-2.0
//
// One connection to a server that is measured. Sends a request and waits for the answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace vigil::load {

enum class Outcome { kTaken, kLater, kRefused };

struct Answer {
  Outcome outcome = Outcome::kRefused;
  std::string message;
};

// Not thread-safe.
class Sender {
 public:
  virtual ~Sender() = default;
  virtual Answer Send(std::string_view body) = 0;
};

// `otlp` chooses the headers: OTLP's, or remote write's.
std::unique_ptr<Sender> MakeHttpSender(const std::string& server, const std::string& path,
                                       bool otlp);
// Senders with different `number` have connections of their own.
std::unique_ptr<Sender> MakeGrpcSender(const std::string& server, int number);

}  // namespace vigil::load
