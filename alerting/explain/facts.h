// SPDX-License-Identifier: Apache-2.0
//
// What is known of an alert when somebody asks why it paged, or did not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alerting/manager/mute/silence.h"
#include "alerting/manager/standing_view.h"
#include "alerting/manager/trail.h"
#include "alerting/rules/alert_recorder.h"
#include "alerting/rules/rule_engine.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// The rule that the alert is of.
struct RuleFacts {
  std::string file;
  std::string group;
  std::string name;
  std::string expr;
  int64_t for_ms = 0;
  int64_t interval_ms = 0;
  int64_t last_evaluation_ms = 0;           // 0: it was not evaluated yet.
  std::string error;                        // What its last evaluation failed with, if it did.
  std::vector<std::string> missing_inputs;  // Selectors that find no series.
};

// An evaluation of the rule's expression, to see what it sees.
struct ReadFacts {
  int64_t time_ms = 0;
  std::string error;
  int64_t series = 0;
  int64_t samples = 0;
  bool holds = false;  // For this alert; where its labels are not known, for any.
  // What the rule compares, for this alert's labels, or of the element that is nearest to passing;
  // of an expression that compares with no number, its value.
  std::optional<double> value;
  size_t values = 0;  // Out of so many.
  std::string op;     // ">", "<=", ...; empty: it compares with no number.
  double threshold = 0;
  bool passes = false;    // Whether the value passes it; the rest of the condition may not hold.
  bool is_ratio = false;  // It must be sure to, which takes events.
};

// How the rule has the alert at that moment.
struct StateFacts {
  AlertState state = AlertState::kInactive;
  int64_t active_at_ms = 0;
  int64_t fired_at_ms = 0;  // 0: it did not fire.
};

struct StoryFacts {
  int64_t at_ms = 0;       // The moment that is asked about.
  bool is_now = true;      // It is the present: what waits is known.
  std::string asked;       // The alert as it was asked for.
  storage::Labels labels;  // As the manager knows it. Without an alert, those that were asked for.
  bool found = false;      // There is or was such an alert.
  std::string other_tenant;  // Who asks, if that is one whose rules are not evaluated.
  std::optional<RuleFacts> rule;
  std::optional<ReadFacts> read;
  StateFacts state;
  std::vector<AlertEvent> changes;  // The oldest first.
  AlertStanding standing;
  // Flushes that told of it or held it back, and attempts to deliver them; the oldest first.
  std::vector<TrailEntry> trail;
  // What the trail speaks of, as far as it is still known.
  std::map<std::string, Silence> silences;
  std::map<uint64_t, storage::Labels> alerts;

  bool outside() const { return found && !rule.has_value() && changes.empty(); }

  // When it last began to fire; 0: it did not.
  int64_t LastFiredAt() const {
    if (state.fired_at_ms != 0) return state.fired_at_ms;
    if (outside() && standing.alert.has_value()) return standing.alert->starts_at_ms;
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
      if (change->fired_at_ms != 0) return change->fired_at_ms;
    }
    return 0;
  }
};

}  // namespace vigil::alerting
