// SPDX-License-Identifier: Apache-2.0
//
// A Notifier that answers as it is told and remembers what it was given.
#pragma once

#include <algorithm>
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

  // How deliveries of `receiver` ("" for all others) end from now on: an HTTP status, "429:30" with
  // a Retry-After of so many seconds, "200|BODY" with a body, "drop" for a connection that breaks,
  // "hang" for no end until Release.
  void Answer(const std::string& receiver, std::string answer) {
    answers_[receiver] = std::move(answer);
  }

  // Ends the deliveries of `receiver` ("" for all) that hang.
  void Release(const std::string& receiver, const std::string& answer) {
    std::vector<Hanging> kept;
    for (Hanging& hanging : std::exchange(hanging_, {})) {
      if (receiver.empty() || hanging.receiver == receiver) {
        hanging.done(OutcomeOf(hanging.judge, answer));
      } else {
        kept.push_back(std::move(hanging));
      }
    }
    for (Hanging& hanging : kept) hanging_.push_back(std::move(hanging));
  }

  // What hangs is never heard of again.
  void Forget() { hanging_.clear(); }

  std::vector<Sent> TakeSent() { return std::exchange(sent_, {}); }

  void Send(const std::string& lane, Delivery delivery,
            std::function<void(DeliveryOutcome)> done) override {
    const std::string receiver = lane.substr(0, lane.find('/'));
    const auto at = answers_.find(receiver);
    const std::string answer = at != answers_.end() ? at->second : answers_[""];
    const Judge judge = delivery.judge;
    sent_.push_back({receiver, std::move(delivery), answer});
    if (answer == "hang") {
      hanging_.push_back({receiver, judge, std::move(done)});
    } else {
      done(OutcomeOf(judge, answer));
    }
  }

 private:
  using Judge = std::function<DeliveryOutcome(const HttpAnswer&)>;
  struct Hanging {
    std::string receiver;
    Judge judge;
    std::function<void(DeliveryOutcome)> done;
  };

  static DeliveryOutcome OutcomeOf(const Judge& judge, const std::string& answer) {
    if (answer == "drop") return {.retryable = true, .error = "connection reset"};
    HttpAnswer http{std::stoi(answer), ""};
    if (const size_t bar = answer.find('|'); bar != std::string::npos) {
      http.body = answer.substr(bar + 1);
      std::replace(http.body.begin(), http.body.end(), '\'', '"');  // Scripts use double ones.
    }
    DeliveryOutcome outcome = judge == nullptr ? AsStatusSays(http) : judge(http);
    if (const size_t colon = answer.find(':'); colon == 3) {
      outcome.retry_after_ms = 1000 * std::stoll(answer.substr(colon + 1));
    }
    return outcome;
  }

  std::map<std::string, std::string> answers_ = {{"", "200"}};
  std::vector<Hanging> hanging_;
  std::vector<Sent> sent_;
};

}  // namespace vigil::alerting
