// SPDX-License-Identifier: Apache-2.0
#include "alerting/history/history_rows.h"

#include <algorithm>
#include <charconv>
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
constexpr size_t kTimeDigits = 16;

absl::Status BadRow(std::string_view why) {
  return absl::DataLossError(fmt::format("row of alert history: {}", why));
}

std::string KeyAt(int64_t time_ms) {
  return fmt::format("{}{:016x}", kHistoryPrefix, std::max<int64_t>(0, time_ms));
}

absl::Status DecodeKey(std::string_view key, AlertEvent* event) {
  if (!key.starts_with(kHistoryPrefix)) return BadRow("it has another's key");
  key.remove_prefix(kHistoryPrefix.size());
  const std::vector<std::string_view> fields = Split(key, '/');
  if (fields.size() != 4 || fields[0].size() != kTimeDigits) return BadRow("bad key");
  const char* const end = fields[0].data() + fields[0].size();
  const auto parsed = std::from_chars(fields[0].data(), end, event->time_ms, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return BadRow("bad time in its key");
  if (!ParseAlertChange(fields[3], &event->change).ok()) return BadRow("unknown change in its key");
  return absl::OkStatus();
}

}  // namespace

std::string HistoryKey(const AlertEvent& event) {
  // Rules of several groups may have alerts of the same labels.
  const storage::Labels rule({{"group", event.group_key}, {"rule", event.rule}});
  return fmt::format("{}/{:016x}/{:08x}/{}", KeyAt(event.time_ms), Fingerprint(event.labels),
                     Fingerprint(rule) & 0xFFFFFFFF, AlertChangeName(event.change));
}

std::string EncodeAlertEvent(const AlertEvent& event) {
  Json json = {{"version", kVersion},
               {"group", event.group_key},
               {"rule", event.rule},
               {"labels", EncodeLabels<Json>(event.labels)},
               {"annotations", EncodeLabels<Json>(event.annotations)},
               {"value", FormatValue(event.value)},
               {"active_at", event.active_at_ms},
               {"fired_at", event.fired_at_ms}};
  if (!event.reason.empty()) json["reason"] = event.reason;
  if (event.evidence != nullptr) json["evidence"] = EncodeEvidence<Json>(*event.evidence);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<AlertEvent> DecodeAlertEvent(std::string_view key, std::string_view row) {
  AlertEvent event;
  VIGIL_RETURN_IF_ERROR(DecodeKey(key, &event));
  try {
    const Json json = Json::parse(row);
    const int version = json.at("version").get<int>();
    if (version != kVersion) return BadRow(fmt::format("version {} is not known", version));
    event.group_key = json.at("group").get<std::string>();
    event.rule = json.at("rule").get<std::string>();
    event.labels = DecodeLabels(json.at("labels"));
    event.annotations = DecodeLabels(json.at("annotations"));
    ParseDouble(json.at("value").get<std::string>(), &event.value);
    event.active_at_ms = json.at("active_at").get<int64_t>();
    event.fired_at_ms = json.at("fired_at").get<int64_t>();
    event.reason = json.value("reason", "");
    event.evidence = DecodeEvidence(json);
    return event;
  } catch (const Json::exception& e) {
    return BadRow(e.what());
  }
}

storage::KeyRange HistoryKeys(int64_t start_ms, int64_t end_ms) {
  const bool open = end_ms == INT64_MAX;
  return {KeyAt(start_ms),
          open ? storage::PrefixEnd(kHistoryPrefix) : KeyAt(std::max<int64_t>(-1, end_ms) + 1)};
}

}  // namespace vigil::alerting
