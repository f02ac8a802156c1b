// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_state_rows.h"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/alert.h"
#include "alerting/evidence_json.h"
#include "alerting/labels_json.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

// Texts are UTF-8 by the time they are alerts; should one not be, its row still gets written.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json EncodeAddress(const RuleAddress& address) {
  return {{"version", kVersion},
          {"group", address.group_key},
          {"index", address.index},
          {"rule", address.name},
          {"signature", address.signature}};
}

absl::Status BadRow(std::string_view why) {
  return absl::DataLossError(fmt::format("row of rule state: {}", why));
}

AlertState ParseState(const std::string& name) {
  if (name == AlertStateName(AlertState::kPending)) return AlertState::kPending;
  if (name == AlertStateName(AlertState::kFiring)) return AlertState::kFiring;
  return AlertState::kInactive;
}

// Rows that were written before there were reasons have none.
void DecodeReason(const Json& json, ActiveAlert* alert) {
  const std::string name = json.value("reason", "");
  for (const AlertReason reason : {AlertReason::kNoData, AlertReason::kPartialData,
                                   AlertReason::kRecovered, AlertReason::kLateData}) {
    if (name == AlertReasonName(reason)) alert->reason = reason;
  }
  alert->reason_since_ms = json.value("reason_since", int64_t{0});
}

TrackedAlert DecodeAlertFields(const Json& json) {
  TrackedAlert tracked;
  ActiveAlert& alert = tracked.alert;
  alert.state = ParseState(json.at("state").get<std::string>());
  alert.labels = DecodeLabels(json.at("labels"));
  alert.annotations = DecodeLabels(json.at("annotations"));
  ParseDouble(json.at("value").get<std::string>(), &alert.value);
  alert.active_at_ms = json.at("active_at").get<int64_t>();
  alert.fired_at_ms = json.at("fired_at").get<int64_t>();
  alert.keep_firing_since_ms = json.at("keep_firing_since").get<int64_t>();
  alert.evidence = DecodeEvidence(json);
  tracked.resolved_at_ms = json.at("resolved_at").get<int64_t>();
  tracked.last_sent_at_ms = json.at("last_sent_at").get<int64_t>();
  tracked.valid_until_ms = json.at("valid_until").get<int64_t>();
  DecodeReason(json, &alert);
  tracked.unsaved = false;
  tracked.recorded = alert.state;
  return tracked;
}

// Parses `row` and applies `read` to it; nlohmann throws when a field is missing or of another
// type.
template <typename Read>
auto ReadRow(std::string_view row, Read read) -> absl::StatusOr<decltype(read(Json()))> {
  try {
    const Json json = Json::parse(row);
    const int version = json.at("version").get<int>();
    if (version != kVersion) return BadRow(fmt::format("version {} is not known", version));
    return read(json);
  } catch (const Json::exception& e) {
    return BadRow(e.what());
  }
}

}  // namespace

std::string RuleSignature(const Rule& rule) {
  // Reuses the alerts' fingerprint: a rule's labels are a label set, too.
  std::vector<storage::Label> labels;
  for (const auto& [name, value] : rule.labels) labels.push_back({name, value});
  labels.push_back({rule.IsAlert() ? "alert" : "record", rule.name()});
  return fmt::format("{:016x}", Fingerprint(storage::Labels(std::move(labels))));
}

std::string RuleAlertKey(const RuleAddress& address, const storage::Labels& labels) {
  return fmt::format("{}{}/{}/{}/{:016x}", kRuleRowPrefix, address.group_key, address.index,
                     address.name, Fingerprint(labels));
}

std::string EncodeRuleAlert(const RuleAddress& address, const TrackedAlert& tracked) {
  const ActiveAlert& alert = tracked.alert;
  Json json = EncodeAddress(address);
  json["state"] = std::string(AlertStateName(alert.state));
  json["labels"] = EncodeLabels<Json>(alert.labels);
  json["annotations"] = EncodeLabels<Json>(alert.annotations);
  json["value"] = FormatValue(alert.value);
  json["active_at"] = alert.active_at_ms;
  json["fired_at"] = alert.fired_at_ms;
  json["keep_firing_since"] = alert.keep_firing_since_ms;
  json["resolved_at"] = tracked.resolved_at_ms;
  json["last_sent_at"] = tracked.last_sent_at_ms;
  json["valid_until"] = tracked.valid_until_ms;
  if (alert.reason != AlertReason::kNone) {
    json["reason"] = std::string(AlertReasonName(alert.reason));
    json["reason_since"] = alert.reason_since_ms;
  }
  if (alert.evidence != nullptr) json["evidence"] = EncodeEvidence<Json>(*alert.evidence);
  return Dump(json);
}

std::string RuleDataKey(const RuleAddress& address) {
  return fmt::format("{}{}/{}/{}/state", kRuleRowPrefix, address.group_key, address.index,
                     address.name);
}

std::string EncodeRuleData(const RuleAddress& address, std::string_view state) {
  Json json = EncodeAddress(address);
  json["data"] = state;
  return Dump(json);
}

absl::StatusOr<RuleAlertRow> DecodeRuleAlert(std::string_view row) {
  return ReadRow(row, [](const Json& json) {
    RuleAlertRow decoded;
    decoded.address.group_key = json.at("group").get<std::string>();
    decoded.address.index = json.at("index").get<int>();
    decoded.address.name = json.at("rule").get<std::string>();
    decoded.address.signature = json.at("signature").get<std::string>();
    if (json.contains("data")) {
      decoded.data_state = json.at("data").get<std::string>();
    } else {
      decoded.alert = DecodeAlertFields(json);
    }
    return decoded;
  });
}

std::string EncodeRuleAlive(int64_t time_ms) {
  return Dump({{"version", kVersion}, {"at", time_ms}});
}

absl::StatusOr<int64_t> DecodeRuleAlive(std::string_view row) {
  return ReadRow(row, [](const Json& json) { return json.at("at").get<int64_t>(); });
}

}  // namespace vigil::alerting
