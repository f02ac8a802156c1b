// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/noise.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "alerting/alert.h"

namespace vigil::alerting {
namespace {

constexpr std::string_view kAlertName = "alertname";

int64_t MedianOf(std::vector<int64_t> values) {
  if (values.empty()) return 0;
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + middle, values.end());
  if (values.size() % 2 == 1) return values[middle];
  const int64_t below = *std::max_element(values.begin(), values.begin() + middle);
  return (below + values[middle]) / 2;
}

}  // namespace

uint64_t NoiseCounter::FingerprintOf(const storage::Labels& labels) const {
  storage::LabelsBuilder all(external_labels_);
  for (const storage::LabelView& label : labels) all.Set(label.name, label.value);
  return Fingerprint(all.Build());
}

const std::string& NoiseCounter::NameOf(uint64_t fingerprint) const {
  static const std::string unknown;
  const auto at = names_.find(fingerprint);
  return at == names_.end() ? unknown : at->second;
}

void NoiseCounter::AddName(const storage::Labels& labels) {
  names_.try_emplace(Fingerprint(labels), labels.Get(kAlertName));
}

void NoiseCounter::AddFiring(const storage::Labels& labels, int64_t fired_at_ms) {
  const uint64_t fingerprint = FingerprintOf(labels);
  names_.try_emplace(fingerprint, labels.Get(kAlertName));
  if (fired_at_ms > range_.end_ms) return;
  spells_[fingerprint].try_emplace(fired_at_ms, Spell{fired_at_ms, INT64_MAX});
}

void NoiseCounter::Add(const AlertEvent& event) {
  const uint64_t fingerprint = FingerprintOf(event.labels);
  names_.try_emplace(fingerprint, event.labels.Get(kAlertName));
  if (event.fired_at_ms == 0) return;
  Spell& spell = spells_[fingerprint]
                     .try_emplace(event.fired_at_ms, Spell{event.fired_at_ms, INT64_MAX})
                     .first->second;
  const bool ended =
      event.change == AlertChange::kResolved || event.change == AlertChange::kForgotten;
  if (ended) spell.end_ms = event.time_ms;
}

void NoiseCounter::Add(const TrailEntry& entry) {
  std::visit([this](const auto& one) { Take(one); }, entry);
}

void NoiseCounter::Take(const TrailFlush& flush) {
  for (const HeldAlerts& held : flush.held) TakeHeld(held, flush.time_ms);
  if (flush.notification_id.empty()) return;
  for (const uint64_t fingerprint : flush.told.firing) {
    tracks_[fingerprint].told.push_back(flush.time_ms);
  }
  std::set<std::string>& rules = rules_told_[flush.notification_id];
  for (const std::vector<uint64_t>* alerts : {&flush.told.firing, &flush.told.resolved}) {
    for (const uint64_t fingerprint : *alerts) {
      const std::string& name = NameOf(fingerprint);
      RuleNoise& noise = rules_[name];
      ++noise.told;
      ++total_.told;
      if (rules.insert(name).second) ++noise.notifications;
    }
  }
  ++total_.notifications;
}

void NoiseCounter::TakeHeld(const HeldAlerts& held, int64_t time_ms) {
  const bool is_quiet =
      held.inhibited_by.has_value() || !held.silenced_by.empty() || !held.muted_by.empty();
  if (!is_quiet) return;  // It waits for a budget, and is told later.
  Cause cause = Cause::kMuted;
  if (held.inhibited_by.has_value()) cause = Cause::kInhibited;
  if (!held.silenced_by.empty()) cause = Cause::kSilenced;
  for (const uint64_t fingerprint : held.alerts) {
    tracks_[fingerprint].held.emplace_back(time_ms, cause);
  }
}

void NoiseCounter::Take(const TrailAttempt& attempt) {
  // What is given up without an attempt was tried before, or need not be told any more.
  const bool failed = !attempt.delivered && (attempt.given_up.empty() || attempt.status != 0);
  if (!failed) return;
  ++total_.failed;
  const auto at = rules_told_.find(attempt.notification_id);
  if (at == rules_told_.end()) return;
  for (const std::string& rule : at->second) ++rules_[rule].failed;
}

void NoiseCounter::CountSilence(uint64_t fingerprint, const Spell& spell, RuleNoise* noise) {
  const auto at = tracks_.find(fingerprint);
  if (at == tracks_.end()) return;
  const auto within = [&spell](int64_t time_ms) {
    return time_ms >= spell.begin_ms && time_ms <= spell.end_ms;
  };
  const Tracks& tracks = at->second;
  if (std::any_of(tracks.told.begin(), tracks.told.end(), within)) return;
  const auto held = std::find_if(tracks.held.begin(), tracks.held.end(),
                                 [&within](const auto& one) { return within(one.first); });
  if (held == tracks.held.end()) return;
  switch (held->second) {
    case Cause::kSilenced:
      ++noise->silenced;
      break;
    case Cause::kInhibited:
      ++noise->inhibited;
      break;
    case Cause::kMuted:
      ++noise->muted;
      break;
  }
}

void NoiseCounter::CountSpells(uint64_t fingerprint, const std::map<int64_t, Spell>& spells) {
  const std::string& name = NameOf(fingerprint);
  RuleNoise& noise = rules_[name];
  for (const auto& [begin_ms, spell] : spells) {
    const int64_t end_ms = std::min(spell.end_ms, range_.end_ms);
    noise.firing_ms += std::max<int64_t>(0, end_ms - std::max(begin_ms, range_.start_ms));
    if (!range_.Contains(begin_ms)) continue;
    ++noise.fired;
    lengths_ms_[name].push_back(end_ms - begin_ms);
    if (spell.end_ms <= begin_ms + kShortLivedMs) ++noise.short_lived;
    CountSilence(fingerprint, spell, &noise);
  }
}

NoiseReport NoiseCounter::Finish() {
  for (const auto& [fingerprint, spells] : spells_) CountSpells(fingerprint, spells);
  NoiseReport report;
  std::vector<int64_t> all_ms;
  for (auto& [name, noise] : rules_) {
    noise.rule = name;
    const std::vector<int64_t>& lengths_ms = lengths_ms_[name];
    noise.median_ms = MedianOf(lengths_ms);
    all_ms.insert(all_ms.end(), lengths_ms.begin(), lengths_ms.end());
    total_.fired += noise.fired;
    total_.firing_ms += noise.firing_ms;
    total_.silenced += noise.silenced;
    total_.inhibited += noise.inhibited;
    total_.muted += noise.muted;
    total_.short_lived += noise.short_lived;
    report.rules.push_back(noise);
  }
  std::sort(report.rules.begin(), report.rules.end(), [](const RuleNoise& a, const RuleNoise& b) {
    return std::tie(b.notifications, b.fired, a.rule) < std::tie(a.notifications, a.fired, b.rule);
  });
  total_.median_ms = MedianOf(std::move(all_ms));
  report.total = total_;
  return report;
}

}  // namespace vigil::alerting
