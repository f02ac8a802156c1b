// SPDX-License-Identifier: Apache-2.0
//
// A Notifier that answers as it is told and remembers what it was given.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "alerting/notify/notifier.h"

namespace vigil::alerting {

// Not thread-safe.
class ScriptedNotifier final : public Notifier {
 public:
  struct Sent {
    std::string receiver;
    Delivery delivery;
    std::string answer;
  };

  // How deliveries of `receiver` ("" for all others) end from now on: an HTTP status, "drop" for a
  // connection that breaks, "hang" for no end until Release.
  void Answer(const std::string& receiver, std::string answer) {
    answers_[receiver] = std::move(answer);
  }

  // Ends the deliveries of `receiver` ("" for all) that hang.
  void Release(const std::string& receiver, const std::string& answer) {
    std::vector<Hanging> kept;
    for (Hanging& hanging : std::exchange(hanging_, {})) {
      if (receiver.empty() || hanging.receiver == receiver) {
        hanging.done(OutcomeOf(answer));
      } else {
        kept.push_back(std::move(hanging));
      }
    }
    for (Hanging& hanging : kept) hanging_.push_back(std::move(hanging));
  }

  // What hangs is never heard of again.
  void Forget() { hanging_.clear(); }

  std::vector<Sent> TakeSent() { return std::exchange(sent_, {}); }

  void Send(const std::string& receiver, Delivery delivery,
            std::function<void(DeliveryOutcome)> done) override {
    const auto at = answers_.find(receiver);
    const std::string answer = at != answers_.end() ? at->second : answers_[""];
    sent_.push_back({receiver, std::move(delivery), answer});
    if (answer == "hang") {
      hanging_.push_back({receiver, std::move(done)});
    } else {
      done(OutcomeOf(answer));
    }
  }

 private:
  struct Hanging {
    std::string receiver;
    std::function<void(DeliveryOutcome)> done;
  };

  static DeliveryOutcome OutcomeOf(const std::string& answer) {
    if (answer == "drop") return {.retryable = true, .error = "connection reset"};
    const int status = std::stoi(answer);
    if (status < 300) return {.delivered = true, .http_status = status};
    return {.retryable = status >= 500,
            .http_status = status,
            .error = "unexpected status code " + answer};
  }

  std::map<std::string, std::string> answers_ = {{"", "200"}};
  std::vector<Hanging> hanging_;
  std::vector<Sent> sent_;
};

}  // namespace vigil::alerting
