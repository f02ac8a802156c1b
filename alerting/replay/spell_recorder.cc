// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/spell_recorder.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace vigil::alerting {

SpellRecorder::SpellRecorder(int64_t from_ms, int64_t* budget, RuleVerdict* verdict)
    : from_ms_(from_ms), budget_(*budget), verdict_(*verdict) {}

void SpellRecorder::Record(AlertEvent event, storage::WriteBatch*) {
  if (event.change == AlertChange::kFiring) {
    FiringSpell& spell = firing_[event.labels];
    spell.labels = std::move(event.labels);
    spell.annotations = std::move(event.annotations);
    spell.value = event.value;
    spell.active_at_ms = event.active_at_ms;
    spell.fired_at_ms = event.time_ms;
    return;
  }
  const auto firing = firing_.find(event.labels);
  if (firing != firing_.end()) {
    FiringSpell spell = std::move(firing->second);
    firing_.erase(firing);
    spell.resolved_at_ms = event.time_ms;
    Add(std::move(spell));
  } else if (event.change == AlertChange::kForgotten && event.time_ms > from_ms_) {
    ++verdict_.near_misses;
  }
}

void SpellRecorder::Add(FiringSpell spell) {
  if (spell.resolved_at_ms != 0 && spell.resolved_at_ms <= from_ms_) return;
  if (--budget_ < 0) return;
  spell.fired_before = spell.fired_at_ms < from_ms_;
  spell.fired_at_ms = std::max(spell.fired_at_ms, from_ms_);
  verdict_.spells.push_back(std::move(spell));
}

void SpellRecorder::Finish() {
  for (auto& [labels, spell] : firing_) Add(std::move(spell));
  firing_.clear();
  std::sort(verdict_.spells.begin(), verdict_.spells.end(),
            [](const FiringSpell& a, const FiringSpell& b) {
              return std::tie(a.fired_at_ms, a.labels) < std::tie(b.fired_at_ms, b.labels);
            });
}

}  // namespace vigil::alerting
