// SPDX-License-Identifier: Apache-2.0
//
// What a backtest found, as the client holds it, and how the verdicts on two sets of rules differ.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <absl/time/time.h>

#include "proto/vigil/v1/backtest.pb.h"

namespace vigil::cli {

struct Verdicts {
  int64_t from_ms = 0;
  int64_t to_ms = 0;
  bool compared = false;
  std::vector<v1::BacktestRule> rules;    // Each once, with all of its spells.
  std::vector<v1::BacktestRule> against;  // Likewise.
  // Whom the alert manager would have told, if that was asked for.
  std::optional<v1::BacktestPages> pages;
  std::optional<v1::BacktestPages> against_pages;
  absl::TimeZone time_zone = absl::UTCTimeZone();  // Of their hours, days and nights.
  v1::BacktestEnd end;

  // Takes in a piece as it comes.
  void Add(v1::BacktestRule piece);
  void Add(v1::BacktestPages piece);
};

// A spell and the rule that it is of. Borrowed from the verdicts.
struct RuleSpell {
  const v1::BacktestRule* rule = nullptr;
  const v1::FiringSpell* spell = nullptr;
};

// All spells, by begin, then by rule.
std::vector<RuleSpell> SpellsOf(const std::vector<v1::BacktestRule>& rules);

enum class SpellChange {
  kOnlyNew,
  kOnlyOld,
  kOtherTimes,  // They overlap, but do not begin and end together.
};

struct SpellDifference {
  SpellChange change = SpellChange::kOnlyNew;
  RuleSpell tested;   // Empty for kOnlyOld.
  RuleSpell against;  // Empty for kOnlyNew.
};

struct Comparison {
  std::vector<SpellDifference> differences;  // By begin.
  size_t same = 0;
};

// Alerts of either side with the same labels are the same alert, whatever rule they are of. Its
// spells that overlap are one and the same, too, each with the first that it can be.
Comparison Compare(const Verdicts& verdicts);

}  // namespace vigil::cli
