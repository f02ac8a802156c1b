// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/flap_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/duration.h"

namespace vigil::alerting {

int64_t FlapEntry::CalmAt(int64_t ends_at_ms) const {
  const int64_t fired_at_ms = fires.back();
  if (ends_at_ms >= fired_at_ms + calm_ms) return fired_at_ms + calm_ms;
  // Whoever sends it may say that it ended before it was heard of.
  return std::max(ends_at_ms, fired_at_ms) + calm_ms;
}

int64_t FlapEntry::StaleAt() const { return fires.back() + std::max(within_ms, calm_ms) + calm_ms; }

std::string FlapEntry::Text() const {
  return fmt::format("fired {} times within {}", fires.size(), FormatDurationMs(within_ms));
}

storage::Labels FlapEntry::AddTo(const storage::Labels& annotations) const {
  return storage::LabelsBuilder(annotations).Set(kFlappingAnnotation, Text()).Build();
}

const FlapEntry& FlapWatch::Fired(uint64_t fingerprint, const FlapOptions& options,
                                  int64_t ended_at_ms, int64_t now_ms) {
  FlapEntry& entry = entries_[fingerprint];
  entry.flapping = !entry.fires.empty() && entry.FlapsAt(ended_at_ms, now_ms);
  entry.fires.push_back(now_ms);
  const size_t kept = static_cast<size_t>(options.changes);
  if (entry.fires.size() > kept) {
    entry.fires.erase(entry.fires.begin(), entry.fires.end() - static_cast<std::ptrdiff_t>(kept));
  }
  entry.within_ms = options.within_ms;
  entry.calm_ms = options.calm_ms;
  if (entry.fires.size() == kept && now_ms - entry.fires.front() <= options.within_ms) {
    entry.flapping = true;
  }
  return entry;
}

const FlapEntry* FlapWatch::Find(uint64_t fingerprint) const {
  const auto at = entries_.find(fingerprint);
  return at == entries_.end() ? nullptr : &at->second;
}

std::vector<uint64_t> FlapWatch::Collect(int64_t now_ms) {
  std::vector<uint64_t> stale;
  std::erase_if(entries_, [&](const auto& entry) {
    if (entry.second.StaleAt() > now_ms) return false;
    stale.push_back(entry.first);
    return true;
  });
  return stale;
}

}  // namespace vigil::alerting
