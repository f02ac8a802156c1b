// SPDX-License-Identifier: Apache-2.0
#include "cli/backtest/verdicts.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/text/labels.h"

namespace vigil::cli {
namespace {

void AddSpell(const char* job, int64_t fired_ms, int64_t resolved_ms, v1::BacktestRule* rule) {
  v1::FiringSpell* const spell = rule->add_spells();
  v1::Label* const label = spell->add_labels();
  label->set_name("job");
  label->set_value(job);
  spell->set_fired_at_ms(fired_ms);
  spell->set_resolved_at_ms(resolved_ms);
}

std::string Times(const RuleSpell& spell) {
  if (spell.spell == nullptr) return "-";
  return fmt::format("{}..{}", spell.spell->fired_at_ms(), spell.spell->resolved_at_ms());
}

std::string Differences(const Verdicts& verdicts) {
  const Comparison comparison = Compare(verdicts);
  std::string text = fmt::format("{} same", comparison.same);
  for (const SpellDifference& difference : comparison.differences) {
    const auto& known = difference.tested.spell != nullptr ? difference.tested : difference.against;
    text += fmt::format("; {} {} {}", SeriesText(known.spell->labels()), Times(difference.tested),
                        Times(difference.against));
  }
  return text;
}

TEST(VerdictsTest, PiecesOfARuleAreJoined) {
  Verdicts verdicts;
  v1::BacktestRule rule;
  rule.set_name("A");
  AddSpell("x", 1, 2, &rule);
  verdicts.Add(rule);
  rule.set_continues(true);
  verdicts.Add(rule);
  rule.set_continues(false);
  verdicts.Add(rule);
  rule.set_against(true);
  verdicts.Add(rule);
  ASSERT_EQ(verdicts.rules.size(), 2u);
  EXPECT_EQ(verdicts.rules[0].spells_size(), 2);
  EXPECT_EQ(verdicts.rules[1].spells_size(), 1);
  EXPECT_EQ(verdicts.against.size(), 1u);
}

TEST(VerdictsTest, PiecesOfPagesAreJoined) {
  Verdicts verdicts;
  EXPECT_FALSE(verdicts.pages.has_value());
  v1::BacktestPages piece;
  piece.mutable_total()->set_pages(2);
  piece.add_pages()->set_time_ms(1);
  verdicts.Add(piece);
  v1::BacktestPages more;
  more.set_continues(true);
  more.add_pages()->set_time_ms(2);
  verdicts.Add(more);
  ASSERT_TRUE(verdicts.pages.has_value());
  EXPECT_EQ(verdicts.pages->total().pages(), 2);
  ASSERT_EQ(verdicts.pages->pages_size(), 2);
  EXPECT_EQ(verdicts.pages->pages(1).time_ms(), 2);
  EXPECT_FALSE(verdicts.against_pages.has_value());
  piece.set_against(true);
  verdicts.Add(piece);
  EXPECT_TRUE(verdicts.against_pages.has_value());
}

TEST(VerdictsTest, SpellsOfOneAlertThatOverlapAreHeldAgainstEachOther) {
  Verdicts verdicts;
  verdicts.rules.resize(1);
  verdicts.against.resize(2);
  AddSpell("same", 10, 20, &verdicts.rules[0]);
  AddSpell("same", 10, 20, &verdicts.against[1]);
  AddSpell("new", 30, 40, &verdicts.rules[0]);
  AddSpell("old", 31, 0, &verdicts.against[0]);
  AddSpell("later", 50, 0, &verdicts.rules[0]);
  AddSpell("later", 45, 0, &verdicts.against[0]);
  // One after the other do not overlap.
  AddSpell("next", 60, 70, &verdicts.rules[0]);
  AddSpell("next", 70, 80, &verdicts.against[0]);
  // Two instead of one: the first of them is held against it.
  AddSpell("split", 81, 83, &verdicts.rules[0]);
  AddSpell("split", 84, 86, &verdicts.rules[0]);
  AddSpell("split", 81, 86, &verdicts.against[0]);
  EXPECT_EQ(Differences(verdicts),
            "1 same; {job=\"new\"} 30..40 -; {job=\"old\"} - 31..0; {job=\"later\"} 50..0 45..0; "
            "{job=\"next\"} 60..70 -; {job=\"next\"} - 70..80; {job=\"split\"} 81..83 81..86; "
            "{job=\"split\"} 84..86 -");
}

TEST(VerdictsTest, SpellsAreInTheOrderOfTime) {
  std::vector<v1::BacktestRule> rules(2);
  AddSpell("b", 5, 6, &rules[0]);
  AddSpell("a", 3, 6, &rules[1]);
  const std::vector<RuleSpell> spells = SpellsOf(rules);
  ASSERT_EQ(spells.size(), 2u);
  EXPECT_EQ(spells[0].rule, &rules[1]);
}

}  // namespace
}  // namespace vigil::cli
