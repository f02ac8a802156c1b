// SPDX-License-Identifier: Apache-2.0
//
// How the state of alerts is kept: one row for each pending, firing or recently resolved alert, in
// Family::kState (docs/format/rule_state.md).
//
//   key    "rules/" FILE ";" GROUP "/" RULE-INDEX "/" RULE-NAME "/" FINGERPRINT (16 hex digits)
//   value  JSON: version, group, index, signature, state, labels, annotations, value, times in ms
//
//   key    "rules/" FILE ";" GROUP "/" RULE-INDEX "/" RULE-NAME "/state"
//   value  JSON: version, group, index, signature, data: what the rule remembers of its data
//
//   key    "rules/alive"    value  JSON: version, at: when rules were last evaluated
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "alerting/rules/alert_tracker.h"
#include "alerting/rules/rule_file.h"

namespace vigil::alerting {

inline constexpr std::string_view kRuleRowPrefix = "rules/";
inline constexpr std::string_view kRuleAliveKey = "rules/alive";

// Where a rule stands.
struct RuleAddress {
  std::string group_key;  // "file;group".
  int index = 0;          // Within the group, from 0.
  std::string name;
  // A hash of name and labels: tells a rule whose place in the file changed from another one.
  std::string signature;
};

// The signature of a rule with its group's labels merged in.
std::string RuleSignature(const Rule& rule);

std::string RuleAlertKey(const RuleAddress& address, const storage::Labels& labels);
std::string EncodeRuleAlert(const RuleAddress& address, const TrackedAlert& alert);

// What a rule remembers of its data (RuleEvaluator::DataState).
std::string RuleDataKey(const RuleAddress& address);
std::string EncodeRuleData(const RuleAddress& address, std::string_view state);

// An alert, or what the rule remembers of its data.
struct RuleAlertRow {
  RuleAddress address;
  TrackedAlert alert;
  std::optional<std::string> data_state;  // Instead of the alert.
};
// DataLoss when it is no such row.
absl::StatusOr<RuleAlertRow> DecodeRuleAlert(std::string_view row);

std::string EncodeRuleAlive(int64_t time_ms);
absl::StatusOr<int64_t> DecodeRuleAlive(std::string_view row);

}  // namespace vigil::alerting
