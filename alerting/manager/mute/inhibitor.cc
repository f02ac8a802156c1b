// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/inhibitor.h"

namespace vigil::alerting {

using storage::Labels;

Inhibitor::Inhibitor(const std::vector<InhibitRule>* rules, const AlertStore* alerts)
    : rules_(rules), alerts_(alerts), sources_(rules->size()) {
  for (const auto& [fingerprint, alert] : alerts->alerts()) Add(alert);
}

void Inhibitor::Add(const StoredAlert& alert) {
  const Labels& labels = alert.alert.labels;
  for (size_t i = 0; i < rules_->size(); ++i) {
    const InhibitRule& rule = (*rules_)[i];
    if (!storage::MatchesAll(rule.source, labels)) continue;
    sources_[i][labels.KeepOnly(rule.equal)][alert.fingerprint] =
        storage::MatchesAll(rule.target, labels);
  }
}

void Inhibitor::Prune() {
  for (auto& by_labels : sources_) {
    for (auto& [labels, sources] : by_labels) {
      std::erase_if(sources, [this](const auto& source) {
        return !alerts_->alerts().contains(source.first);
      });
    }
    std::erase_if(by_labels, [](const auto& entry) { return entry.second.empty(); });
  }
}

std::optional<uint64_t> Inhibitor::FindInhibitor(const Labels& labels, int64_t now_ms) const {
  for (size_t i = 0; i < rules_->size(); ++i) {
    const InhibitRule& rule = (*rules_)[i];
    if (sources_[i].empty() || !storage::MatchesAll(rule.target, labels)) continue;
    const auto at = sources_[i].find(labels.KeepOnly(rule.equal));
    if (at == sources_[i].end()) continue;
    const bool target_is_source = storage::MatchesAll(rule.source, labels);
    if (const auto found = FindFiring(at->second, target_is_source, now_ms); found.has_value()) {
      return found;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> Inhibitor::FindFiring(const Sources& sources, bool target_is_source,
                                              int64_t now_ms) const {
  for (const auto& [fingerprint, is_target] : sources) {
    if (target_is_source && is_target) continue;
    const auto at = alerts_->alerts().find(fingerprint);
    if (at != alerts_->alerts().end() && !at->second.ResolvedAt(now_ms)) return fingerprint;
  }
  return std::nullopt;
}

}  // namespace vigil::alerting
