// SPDX-License-Identifier: Apache-2.0
//
// What the rules of a backtest tell of their alerts, put into the order of time. A backtest
// evaluates one rule over a long stretch after the other; an alert manager must hear of all of them
// instant by instant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

#include "alerting/alert.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// Each takes some 32 bytes.
inline constexpr size_t kMaxTellings = 20'000'000;

// Of an alert it keeps what decides who is told of it and when: labels, start and end. Not
// thread-safe.
class AlertTape {
 public:
  explicit AlertTape(size_t rules, size_t max_tellings = kMaxTellings);
  ~AlertTape();

  // Takes what rule number `rule` tells. Lives as long as the tape.
  AlertSink* SinkOf(size_t rule);

  // All alerts of one instant, rule by rule in the order of their numbers.
  using Listener = std::function<absl::Status(const std::vector<Alert>& alerts, int64_t now_ms)>;
  // Tells what was taken in since the last time, in the order of time, and forgets it. What fails
  // ends it. ResourceExhausted if there was more than the tape holds.
  absl::Status Play(const Listener& listener);

 private:
  class Sink;
  struct Telling {
    int64_t now_ms = 0;
    int64_t starts_at_ms = 0;
    int64_t ends_at_ms = 0;
    uint32_t rule = 0;
    uint32_t labels = 0;  // Their number.
  };

  void Take(uint32_t rule, const Alert& alert, int64_t now_ms);

  const size_t max_tellings_;
  bool overflowed_ = false;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::vector<Telling> tellings_;
  std::vector<storage::Labels> labels_;
  absl::flat_hash_map<storage::Labels, uint32_t> numbers_;
};

}  // namespace vigil::alerting
