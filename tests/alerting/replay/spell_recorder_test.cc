// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/spell_recorder.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

constexpr int64_t kFromMs = 1000;

class SpellRecorderTest : public ::testing::Test {
 protected:
  void Tell(AlertChange change, int64_t time_ms, const char* job = "x") {
    AlertEvent event;
    event.change = change;
    event.time_ms = time_ms;
    event.labels = storage::Labels({{"job", job}});
    recorder_.Record(std::move(event), nullptr);
  }

  std::string Spells() {
    recorder_.Finish();
    std::string text;
    for (const FiringSpell& spell : verdict_.spells) {
      text += fmt::format("{} {}{}..{}\n", spell.labels.Get("job"), spell.fired_before ? "<" : "",
                          spell.fired_at_ms, spell.resolved_at_ms);
    }
    return text;
  }

  int64_t budget_ = 4;
  RuleVerdict verdict_;
  SpellRecorder recorder_{kFromMs, &budget_, &verdict_};
};

TEST_F(SpellRecorderTest, SpellsBeginAndEnd) {
  Tell(AlertChange::kPending, 1100);
  Tell(AlertChange::kFiring, 1300);
  Tell(AlertChange::kFiring, 1200, "y");
  Tell(AlertChange::kResolved, 1500);
  Tell(AlertChange::kFiring, 1600);
  EXPECT_EQ(Spells(), "y 1200..0\nx 1300..1500\nx 1600..0\n");
}

TEST_F(SpellRecorderTest, OnlyTheTestedTimeCounts) {
  Tell(AlertChange::kFiring, 500, "gone");
  Tell(AlertChange::kResolved, 1000, "gone");
  Tell(AlertChange::kFiring, 600);
  Tell(AlertChange::kResolved, 1001);
  Tell(AlertChange::kForgotten, 900, "young");
  EXPECT_EQ(Spells(), "x <1000..1001\n");
  EXPECT_EQ(verdict_.near_misses, 0);
}

TEST_F(SpellRecorderTest, WhatOnlyWasPendingIsANearMiss) {
  Tell(AlertChange::kPending, 1100);
  Tell(AlertChange::kForgotten, 1200);
  EXPECT_EQ(Spells(), "");
  EXPECT_EQ(verdict_.near_misses, 1);
}

TEST_F(SpellRecorderTest, ForgottenWhileFiringEndsASpell) {
  Tell(AlertChange::kFiring, 1100);
  Tell(AlertChange::kForgotten, 1200);
  EXPECT_EQ(Spells(), "x 1100..1200\n");
  EXPECT_EQ(verdict_.near_misses, 0);
}

TEST_F(SpellRecorderTest, SpellsBeyondTheBudgetAreCountedOnly) {
  for (int64_t time_ms = 2000; time_ms < 2012; time_ms += 2) {
    Tell(AlertChange::kFiring, time_ms);
    Tell(AlertChange::kResolved, time_ms + 1);
  }
  recorder_.Finish();
  EXPECT_EQ(verdict_.spells.size(), 4u);
  EXPECT_EQ(budget_, -2);
}

}  // namespace
}  // namespace vigil::alerting
