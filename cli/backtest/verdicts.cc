// SPDX-License-Identifier: Apache-2.0
#include "cli/backtest/verdicts.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "cli/text/labels.h"

namespace vigil::cli {
namespace {

int64_t EndOf(const v1::FiringSpell& spell) {
  return spell.resolved_at_ms() == 0 ? INT64_MAX : spell.resolved_at_ms();
}

bool Overlap(const v1::FiringSpell& a, const v1::FiringSpell& b) {
  return a.fired_at_ms() < EndOf(b) && b.fired_at_ms() < EndOf(a);
}

int64_t BeginOf(const SpellDifference& difference) {
  return std::min(
      difference.tested.spell == nullptr ? INT64_MAX : difference.tested.spell->fired_at_ms(),
      difference.against.spell == nullptr ? INT64_MAX : difference.against.spell->fired_at_ms());
}

using ByLabels = std::map<std::string, std::vector<RuleSpell>>;

ByLabels GroupByLabels(const std::vector<v1::BacktestRule>& rules) {
  ByLabels by_labels;
  for (const RuleSpell& spell : SpellsOf(rules)) {
    by_labels[SeriesText(spell.spell->labels())].push_back(spell);
  }
  return by_labels;
}

// Compares the spells of one alert, which ascend.
void CompareAlert(const std::vector<RuleSpell>& tested, const std::vector<RuleSpell>& against,
                  Comparison* comparison) {
  size_t old = 0;
  for (const RuleSpell& spell : tested) {
    for (; old < against.size() && EndOf(*against[old].spell) <= spell.spell->fired_at_ms();
         ++old) {
      comparison->differences.push_back({SpellChange::kOnlyOld, {}, against[old]});
    }
    if (old == against.size() || !Overlap(*spell.spell, *against[old].spell)) {
      comparison->differences.push_back({SpellChange::kOnlyNew, spell, {}});
      continue;
    }
    const bool same = spell.spell->fired_at_ms() == against[old].spell->fired_at_ms() &&
                      spell.spell->resolved_at_ms() == against[old].spell->resolved_at_ms();
    if (same) {
      ++comparison->same;
    } else {
      comparison->differences.push_back({SpellChange::kOtherTimes, spell, against[old]});
    }
    ++old;
  }
  for (; old < against.size(); ++old) {
    comparison->differences.push_back({SpellChange::kOnlyOld, {}, against[old]});
  }
}

}  // namespace

void Verdicts::Add(v1::BacktestRule piece) {
  std::vector<v1::BacktestRule>& side = piece.against() ? against : rules;
  if (!piece.continues() || side.empty()) {
    side.push_back(std::move(piece));
    return;
  }
  for (v1::FiringSpell& spell : *piece.mutable_spells()) {
    *side.back().add_spells() = std::move(spell);
  }
}

void Verdicts::Add(v1::BacktestPages piece) {
  std::optional<v1::BacktestPages>& side = piece.against() ? against_pages : pages;
  if (!piece.continues() || !side.has_value()) {
    side = std::move(piece);
    return;
  }
  for (v1::Page& page : *piece.mutable_pages()) *side->add_pages() = std::move(page);
}

std::vector<RuleSpell> SpellsOf(const std::vector<v1::BacktestRule>& rules) {
  std::vector<RuleSpell> spells;
  for (const v1::BacktestRule& rule : rules) {
    for (const v1::FiringSpell& spell : rule.spells()) spells.push_back({&rule, &spell});
  }
  std::stable_sort(spells.begin(), spells.end(), [](const RuleSpell& a, const RuleSpell& b) {
    return a.spell->fired_at_ms() < b.spell->fired_at_ms();
  });
  return spells;
}

Comparison Compare(const Verdicts& verdicts) {
  const ByLabels tested = GroupByLabels(verdicts.rules);
  const ByLabels against = GroupByLabels(verdicts.against);
  Comparison comparison;
  for (const auto& [labels, spells] : tested) {
    const auto other = against.find(labels);
    CompareAlert(spells, other == against.end() ? std::vector<RuleSpell>() : other->second,
                 &comparison);
  }
  for (const auto& [labels, spells] : against) {
    if (!tested.contains(labels)) CompareAlert({}, spells, &comparison);
  }
  std::stable_sort(
      comparison.differences.begin(), comparison.differences.end(),
      [](const SpellDifference& a, const SpellDifference& b) { return BeginOf(a) < BeginOf(b); });
  return comparison;
}

}  // namespace vigil::cli
