// SPDX-License-Identifier: Apache-2.0
//
// What is told about a group at one moment, and its JSON: Alertmanager's body of a webhook, version
// 4. It is what the outbox keeps; each channel makes its own request out of it when it is sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include <nlohmann/json_fwd.hpp>

#include "alerting/alert.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// An alert as a receiver is told about it.
struct ToldAlert {
  Alert alert;
  uint64_t fingerprint = 0;
  bool resolved = false;
  bool flapping = false;
};

struct Notification {
  std::string receiver;
  std::string reason;  // Why it is told now: "first notification".
  std::string group_key;
  std::string external_url;
  storage::Labels group_labels;
  storage::Labels route_labels;
  std::vector<ToldAlert> alerts;
  int64_t truncated = 0;        // Alerts that were left out.
  bool truncated_fire = false;  // Some of these fire.
  int64_t came_and_went = 0;    // Of a digest: alerts that ended before anybody was told.

  // Firing if any alert is, told or only counted.
  bool firing() const;
  // The pairs that all alerts have that are told.
  storage::Labels CommonLabels() const;
  storage::Labels CommonAnnotations() const;
};

// Leaves out all but the first `max_alerts`; 0: none.
void Truncate(int64_t max_alerts, Notification* notification);

std::string EncodeNotification(const Notification& notification);
nlohmann::ordered_json NotificationJson(const Notification& notification);
nlohmann::ordered_json ToldAlertJson(const ToldAlert& told);
// What EncodeNotification wrote. DataLoss if it is something else.
absl::StatusOr<Notification> DecodeNotification(std::string_view json);

// JSON as text, with the escapes that Go writes: "<" is \u003c. What is not valid UTF-8 is mended,
// not thrown about.
std::string DumpJson(const nlohmann::ordered_json& json);

// Reading JSON, and writing it, goes as deep as it is nested.
inline constexpr int kMaxJsonDepth = 32;
// The JSON that somebody else's text is; discarded if it is none, or deeper than anybody means.
nlohmann::ordered_json ParseJson(std::string_view text);

// SHA-256 of the group's key in hexadecimal: what other systems know the group by.
std::string GroupDigest(const Notification& notification);

}  // namespace vigil::alerting
