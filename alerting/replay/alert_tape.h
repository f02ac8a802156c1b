// SPDX-License-Identifier: Apache-2.0
//
// What the rules of a backtest tell of their alerts, put into the order of time. A backtest
// evaluates one rule over a long stretch after the other; an alert manager must hear of all of them
// instant by instant.
//
// An alert that fires is told of again and again, only so that it does not count as over. To a
// manager it is the same to hear once that it lasts until the last of these would have it end; so
// that is what it hears. Where several rules tell of the same labels, it hears of each time.
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

// Each takes some 50 bytes.
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
  // What one rule told of one alert `count` times, `step_ms` after each other. The end moves along.
  struct Telling {
    int64_t now_ms = 0;
    int64_t starts_at_ms = 0;
    int64_t ends_at_ms = 0;
    int64_t step_ms = 0;
    uint32_t count = 1;
    uint32_t rule = 0;
    uint32_t subject = 0;  // Its number.
  };
  // Labels that are told of.
  struct Subject {
    storage::Labels labels;
    uint32_t rule = 0;       // The first that told of them.
    bool shared = false;     // Others do, too.
    size_t last = SIZE_MAX;  // Number of the last telling of `rule`.
  };

  void Take(uint32_t rule, const Alert& alert, int64_t now_ms);
  // Whether the telling could be made to include this one.
  static bool Extend(const Alert& alert, int64_t now_ms, Telling* telling);
  // What is to be heard, in order, each once.
  std::vector<Telling> Arrange() const;

  const size_t max_tellings_;
  bool overflowed_ = false;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::vector<Telling> tellings_;
  std::vector<Subject> subjects_;
  absl::flat_hash_map<storage::Labels, uint32_t> numbers_;
};

}  // namespace vigil::alerting
