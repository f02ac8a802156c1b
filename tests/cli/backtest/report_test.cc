// SPDX-License-Identifier: Apache-2.0
#include "cli/backtest/report.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"

namespace vigil::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kZeroMs = 1'767'225'600'000;  // 2026-01-01.

int64_t Minute(int64_t minute) { return kZeroMs + minute * kMillisPerMinute; }

v1::BacktestRule MakeRule(const char* name) {
  v1::BacktestRule rule;
  rule.set_name(name);
  rule.set_file("rules.yml");
  rule.set_group("g");
  rule.set_type("alerting");
  rule.set_evaluations(1440);
  return rule;
}

void AddLabel(const char* name, const char* value,
              google::protobuf::RepeatedPtrField<v1::Label>* labels) {
  v1::Label* const label = labels->Add();
  label->set_name(name);
  label->set_value(value);
}

// Fires at minutes `fired` to `resolved`; 0: to the end.
void AddSpell(const char* job, int64_t fired, int64_t resolved, v1::BacktestRule* rule) {
  v1::FiringSpell* const spell = rule->add_spells();
  AddLabel("alertname", rule->name().c_str(), spell->mutable_labels());
  AddLabel("job", job, spell->mutable_labels());
  AddLabel("summary", "it is high", spell->mutable_annotations());
  spell->set_value(7.5);
  spell->set_active_at_ms(Minute(fired - 5));
  spell->set_fired_at_ms(Minute(fired));
  spell->set_resolved_at_ms(resolved == 0 ? 0 : Minute(resolved));
}

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    verdicts_.from_ms = Minute(0);
    verdicts_.to_ms = Minute(1440);
    v1::BacktestRule rule = MakeRule("High");
    AddSpell("x", 60, 90, &rule);
    AddSpell("y", 1400, 0, &rule);
    verdicts_.rules = {rule, MakeRule("Quiet")};
  }

  void Compare() {
    verdicts_.compared = true;
    v1::BacktestRule rule = MakeRule("High");
    AddSpell("x", 60, 95, &rule);
    AddSpell("y", 1400, 0, &rule);
    AddSpell("z", 30, 40, &rule);
    verdicts_.against = {rule};
  }

  std::string Print(OutputFormat format) const {
    Terminal terminal;
    terminal.width = 120;
    return Render(AnswerOf(verdicts_), format, terminal);
  }

  Verdicts verdicts_;
};

TEST_F(ReportTest, CsvHasALineForEachSpell) {
  EXPECT_EQ(Print(OutputFormat::kCsv),
            "alert,fires,until,for,value,labels,summary\r\n"
            "High,2026-01-01T01:00:00.000Z,2026-01-01T01:30:00.000Z,30m,7.5,\"job=\"\"x\"\"\","
            "it is high\r\n"
            "High,2026-01-01T23:20:00.000Z,,40m,7.5,\"job=\"\"y\"\"\",it is high\r\n");
}

TEST_F(ReportTest, PeopleSeeRulesSpellsAndATimeline) {
  const std::string text = Print(OutputFormat::kTable);
  EXPECT_THAT(text, HasSubstr("2026-01-01 00:00:00 to 2026-01-02 00:00:00 (UTC)\n"));
  EXPECT_THAT(text, HasSubstr("still firing"));
  EXPECT_THAT(text, HasSubstr("Quiet"));
  EXPECT_THAT(text, HasSubstr("\nHigh job=\"x\"  "));
  EXPECT_THAT(text, HasSubstr("·"));
  verdicts_.rules = {MakeRule("Quiet")};
  EXPECT_THAT(Print(OutputFormat::kTable), HasSubstr("nothing would have fired"));
}

TEST_F(ReportTest, JsonTellsAll) {
  const std::string json = Print(OutputFormat::kJson);
  EXPECT_THAT(json, HasSubstr(R"("firedAt":"2026-01-01T01:00:00.000Z","firedBefore":false,)"
                              R"("resolvedAt":"2026-01-01T01:30:00.000Z","seconds":1800.0)"));
  EXPECT_THAT(json, HasSubstr(R"("resolvedAt":null,"seconds":2400.0)"));
  EXPECT_THAT(json, Not(HasSubstr("comparison")));
}

TEST_F(ReportTest, ComparisonsTellWhatDiffers) {
  Compare();
  EXPECT_EQ(Print(OutputFormat::kCsv),
            "difference,alert,new fires,new until,old fires,old until,for,labels\r\n"
            "only old,High,,,2026-01-01T00:30:00.000Z,2026-01-01T00:40:00.000Z,10m,"
            "\"job=\"\"z\"\"\"\r\n"
            "other times,High,2026-01-01T01:00:00.000Z,2026-01-01T01:30:00.000Z,"
            "2026-01-01T01:00:00.000Z,2026-01-01T01:35:00.000Z,\"30m, was 35m\","
            "\"job=\"\"x\"\"\"\r\n");
  const std::string text = Print(OutputFormat::kTable);
  EXPECT_THAT(text, HasSubstr("2 differences; the same with both: 1 alert\n"));
  EXPECT_THAT(text, HasSubstr("\nnew High job=\"x\""));
  EXPECT_THAT(text, HasSubstr("\nold High job=\"z\""));
  EXPECT_THAT(text, Not(HasSubstr("new High job=\"y\"")));
  EXPECT_THAT(Print(OutputFormat::kJson), HasSubstr(R"("comparison":{"same":1,"differences":[)"));
  verdicts_.against = verdicts_.rules;
  EXPECT_THAT(Print(OutputFormat::kTable),
              HasSubstr("no difference; the same with both: 2 alerts\n"));
}

TEST_F(ReportTest, Warnings) {
  EXPECT_EQ(WarningsOf(verdicts_), "");
  verdicts_.rules[1].set_failures(3);
  verdicts_.rules[1].set_last_error("it went wrong");
  verdicts_.rules[1].set_last_failure_ms(Minute(60));
  verdicts_.end.set_dropped_spells(7);
  EXPECT_EQ(WarningsOf(verdicts_),
            "warning: rule \"Quiet\" of group \"g\": 3 of 1440 evaluations failed, last at "
            "2026-01-01 01:00:00: it went wrong\n"
            "warning: 7 more alerts fired than are told; ask for less time\n");
}

TEST_F(ReportTest, WhatAStatusMayDependOn) {
  EXPECT_TRUE(AnythingFires(verdicts_));
  EXPECT_FALSE(AnythingFailed(verdicts_));
  verdicts_.rules = {MakeRule("Quiet")};
  EXPECT_FALSE(AnythingFires(verdicts_));
  verdicts_.rules[0].set_failures(1);
  EXPECT_TRUE(AnythingFailed(verdicts_));
}

}  // namespace
}  // namespace vigil::cli
