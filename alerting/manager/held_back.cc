// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/held_back.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace vigil::alerting {

std::vector<HeldAlerts> HeldBack(const Muter& muter, const Route& route,
                                 const std::vector<StoredAlert*>& all,
                                 const std::vector<StoredAlert*>& told, int64_t now_ms) {
  std::vector<HeldAlerts> held;
  if (told.size() == all.size()) return held;
  const std::vector<std::string> muted_by = muter.MutedBy(route, now_ms);
  using Causes = std::pair<std::optional<uint64_t>, std::vector<std::string>>;
  std::map<Causes, std::vector<uint64_t>> by_causes;
  auto next_told = told.begin();
  for (const StoredAlert* const alert : all) {
    if (next_told != told.end() && *next_told == alert) {
      ++next_told;
      continue;
    }
    const storage::Labels& labels = alert->alert.labels;
    by_causes[{muter.InhibitedBy(labels, now_ms), muter.SilencedBy(labels, now_ms)}].push_back(
        alert->fingerprint);
  }
  for (auto& [causes, alerts] : by_causes) {
    held.push_back({std::move(alerts), causes.first, causes.second, muted_by, ""});
  }
  return held;
}

}  // namespace vigil::alerting
