// SPDX-License-Identifier: Apache-2.0
#include "cli/alerts_explain.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

constexpr int64_t kZeroMs = 1'767'225'600'000;  // 2026-01-01.

void SetAlert(const char* job, const char* state, v1::NamedAlert* alert) {
  for (const auto& [name, value] : {std::pair("alertname", "High"), std::pair("job", job)}) {
    v1::Label* const label = alert->add_labels();
    label->set_name(name);
    label->set_value(value);
  }
  alert->set_state(state);
  alert->set_fingerprint("0123456789abcdef");
  alert->set_changed_at_ms(kZeroMs);
}

v1::ExplainAlertResponse Response(int others) {
  v1::ExplainAlertResponse response;
  v1::AlertStory* const story = response.add_stories();
  SetAlert("x", "firing", story->mutable_alert());
  story->set_at_ms(kZeroMs + 60'000);
  v1::StoryStep* const rule = story->add_steps();
  rule->set_kind("rule");
  rule->set_text("High in r.yml");
  v1::StoryStep* const firing = story->add_steps();
  firing->set_time_ms(kZeroMs);
  firing->set_kind("firing");
  firing->set_text("at once");
  story->set_verdict("silenced by s1");
  for (int i = 0; i < others; ++i) SetAlert("y", "pending", response.add_others());
  return response;
}

TEST(AlertsExplainTest, TheVerdictIsTheLastLine) {
  const v1::ExplainAlertResponse response = Response(0);
  EXPECT_EQ(Render(AnswerOf(response), OutputFormat::kTable, Terminal()),
            "High{job=\"x\"}  firing  0123456789abcdef\n"
            "                          rule    High in r.yml\n"
            "2026-01-01T00:00:00.000Z  firing  at once\n"
            "NOT PAGED: silenced by s1\n");
}

TEST(AlertsExplainTest, OthersAreNamed) {
  EXPECT_TRUE(Render(AnswerOf(Response(1)), OutputFormat::kCsv, Terminal()).ends_with("s1\r\n"));
  const v1::ExplainAlertResponse two = Response(2);
  EXPECT_TRUE(Render(AnswerOf(two), OutputFormat::kTable, Terminal())
                  .ends_with("\nalso: High{job=\"y\"} (pending), High{job=\"y\"} (pending); --all "
                             "tells of them too\n"));
  const v1::ExplainAlertResponse many = Response(13);
  EXPECT_TRUE(Render(AnswerOf(many), OutputFormat::kTable, Terminal())
                  .ends_with(" and 3 more; --all tells of them too\n"));
}

TEST(AlertsExplainTest, ProgramsGetAll) {
  v1::ExplainAlertResponse response = Response(1);
  response.mutable_stories(0)->set_paged(true);
  const nlohmann::ordered_json data = AnswerOf(response).json();
  EXPECT_EQ(data.dump(),
            R"({"stories":[{"labels":{"alertname":"High","job":"x"},)"
            R"("fingerprint":"0123456789abcdef","state":"firing",)"
            R"("changedAt":"2026-01-01T00:00:00.000Z","at":"2026-01-01T00:01:00.000Z",)"
            R"("steps":[{"step":"rule","text":"High in r.yml"},)"
            R"({"time":"2026-01-01T00:00:00.000Z","step":"firing","text":"at once"}],)"
            R"("paged":true,"verdict":"silenced by s1"}],)"
            R"("others":[{"labels":{"alertname":"High","job":"y"},)"
            R"("fingerprint":"0123456789abcdef","state":"pending",)"
            R"("changedAt":"2026-01-01T00:00:00.000Z"}]})");
  EXPECT_EQ(Render(AnswerOf(response), OutputFormat::kCsv, Terminal()),
            "alert,time,step,text\r\n"
            "\"High{job=\"\"x\"\"}\",,rule,High in r.yml\r\n"
            "\"High{job=\"\"x\"\"}\",2026-01-01T00:00:00.000Z,firing,at once\r\n"
            "\"High{job=\"\"x\"\"}\",,paged,silenced by s1\r\n");
}

TEST(AlertsExplainTest, WhereThereIsNoAlertThereIsAVerdict) {
  v1::ExplainAlertResponse response;
  v1::AlertStory* const story = response.add_stories();
  v1::Label* const label = story->mutable_alert()->add_labels();
  label->set_name("alertname");
  label->set_value("Lost");
  story->set_verdict("there is no rule and no alert for Lost");
  EXPECT_EQ(Render(AnswerOf(response), OutputFormat::kTable, Terminal()),
            "Lost\nNOT PAGED: there is no rule and no alert for Lost\n");
}

}  // namespace
}  // namespace vigil::cli
