// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/data_policy.h"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/labels_json.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

bool SeenSeries::Update(const PresentSeries& present, int64_t time_ms, int64_t forget_ms) {
  bool changed = false;
  for (const auto& [alert, element] : present) {
    if (entries_.size() >= kMaxSeenSeries && !entries_.contains(alert)) continue;
    const Entry there = {element, 0};
    Entry& entry = entries_[alert];
    changed |= entry != there;
    entry = there;
  }
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    int64_t& missing_since_ms = entry->second.missing_since_ms;
    if (!present.contains(entry->first) && missing_since_ms == 0) {
      missing_since_ms = time_ms;
      changed = true;
    }
    if (missing_since_ms != 0 && time_ms - missing_since_ms >= forget_ms) {
      entry = entries_.erase(entry);
      changed = true;
    } else {
      ++entry;
    }
  }
  return changed;
}

bool SeriesPeak::Update(int64_t count, int64_t time_ms, int64_t window_ms) {
  const int64_t peak_before = peak();
  while (!counts_.empty() && counts_.front().first <= time_ms - window_ms) counts_.pop_front();
  while (!counts_.empty() && counts_.back().second <= count) counts_.pop_back();
  counts_.emplace_back(time_ms, count);
  return peak() != peak_before;
}

std::string EncodeDataState(const SeenSeries& seen, const SeriesPeak& peak) {
  Json series = Json::array();
  for (const auto& [alert, entry] : seen.entries()) {
    Json one = {{"alert", EncodeLabels<Json>(alert)},
                {"element", EncodeLabels<Json>(entry.element)}};
    if (entry.missing_since_ms != 0) one["missing_since"] = entry.missing_since_ms;
    series.push_back(std::move(one));
  }
  const Json json = {{"seen", std::move(series)},
                     {"most_series", peak.peak()},
                     {"most_series_at", peak.peak_at_ms()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::Status DecodeDataState(std::string_view json_text, SeenSeries* seen, SeriesPeak* peak) {
  // nlohmann throws when a field is missing or of another type.
  try {
    const Json json = Json::parse(json_text);
    for (const Json& one : json.at("seen")) {
      seen->Restore(DecodeLabels(one.at("alert")),
                    {DecodeLabels(one.at("element")), one.value("missing_since", int64_t{0})});
    }
    const auto most = json.at("most_series").get<int64_t>();
    if (most > 0) peak->Restore(most, json.at("most_series_at").get<int64_t>());
    return absl::OkStatus();
  } catch (const Json::exception& e) {
    return absl::DataLossError(fmt::format("state of a rule's data: {}", e.what()));
  }
}

}  // namespace vigil::alerting
