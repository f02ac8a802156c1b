// SPDX-License-Identifier: Apache-2.0
//
// How changes of alerts are kept: one row each in Family::kState, ordered by time
// (docs/format/alert_history.md).
//
//   key    "history/" TIME (16 hex digits) "/" FINGERPRINT (16) "/" RULE (8) "/" CHANGE
//   value  JSON: version, group, rule, reason, labels, annotations, value, times in ms
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "alerting/rules/alert_recorder.h"
#include "storage/kv/kv_store.h"

namespace vigil::alerting {

inline constexpr std::string_view kHistoryPrefix = "history/";

// Two changes of one alert of one rule at one time have the same key only if they are the same.
std::string HistoryKey(const AlertEvent& event);
std::string EncodeAlertEvent(const AlertEvent& event);
// DataLoss when it is no such row.
absl::StatusOr<AlertEvent> DecodeAlertEvent(std::string_view key, std::string_view row);

// The keys of [start_ms, end_ms], before 1970 none. Requires: start_ms <= end_ms.
storage::KeyRange HistoryKeys(int64_t start_ms, int64_t end_ms);

}  // namespace vigil::alerting
