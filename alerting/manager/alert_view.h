// SPDX-License-Identifier: Apache-2.0
//
// The alerts and groups that the manager has, as they are shown to those who ask.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/alert.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"

namespace vigil::alerting {

// What has become of an alert: whom it is for, and what keeps it quiet.
struct AlertView {
  Alert alert;
  uint64_t fingerprint = 0;
  int64_t updated_at_ms = 0;
  std::vector<std::string> receivers;
  std::vector<std::string> silenced_by;  // Ids of silences.
  std::vector<uint64_t> inhibited_by;    // Fingerprints.
  std::vector<std::string> muted_by;     // Names of time intervals; known for an alert of a group.
  // Held as flapping; its annotation "flapping" says how it flaps.
  bool flapping = false;
  // News of one of its groups waits for the route's budget, until then at least.
  std::optional<int64_t> held_until_ms;

  bool suppressed() const {
    return !silenced_by.empty() || !inhibited_by.empty() || !muted_by.empty();
  }
};

struct GroupView {
  storage::Labels labels;
  storage::Labels route_labels;
  std::string receiver;
  std::optional<int64_t> held_until_ms;  // As that of an alert.
  std::vector<AlertView> alerts;
};

// Which alerts are asked for. A default one takes all.
struct AlertFilter {
  std::vector<storage::Matcher> matchers;               // All must match.
  std::function<bool(std::string_view name)> receiver;  // Null: any.
  // Whether to show those that are not suppressed, that are silenced, inhibited, muted.
  bool active = true;
  bool silenced = true;
  bool inhibited = true;
  bool muted = true;
};

}  // namespace vigil::alerting
