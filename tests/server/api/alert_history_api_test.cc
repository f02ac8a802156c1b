// SPDX-License-Identifier: Apache-2.0
#include "server/api/alert_history_api.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using testing::ApiHarness;
using ::testing::HasSubstr;
using testing::kStartMs;

class AlertHistoryApiTest : public ::testing::Test {
 protected:
  AlertHistoryApiTest() {
    harness_.LoadRules(R"(
groups:
  - name: g
    interval: 1s
    rules:
      - alert: Up
        expr: up == 1
        labels: {severity: page}
        annotations: {summary: 'is <{{ $value }}>'}
      - alert: Waits
        expr: up == 1
        for: 1h
)");
    harness_.Add(R"(up{job="x"})", 0, 1);
    harness_.rules().RunDue(kStartMs + 1000);
    harness_.Add(R"(up{job="x"})", 2, 0);
    harness_.rules().RunDue(kStartMs + 3000);
  }

  std::string Ask(std::string_view parameters) {
    return harness_.Ask(ListAlertHistory, fmt::format("/api/v1/alerts/history?{}", parameters));
  }
  // "rule change" of each, the newest first.
  std::string Changes(std::string_view parameters) {
    const std::string body = Ask(parameters);
    std::string text;
    for (size_t at = body.find("\"change\":\""); at != std::string::npos;
         at = body.find("\"change\":\"", at + 1)) {
      const size_t rule = body.find("\"rule\":\"", at);
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                          body.substr(rule + 8, body.find('"', rule + 8) - rule - 8),
                          body.substr(at + 10, body.find('"', at + 10) - at - 10));
    }
    return text;
  }

  ApiHarness harness_;
};

TEST_F(AlertHistoryApiTest, TellsEachChange) {
  const std::string body = Ask("rule[]=Up&change[]=firing");
  EXPECT_THAT(body, HasSubstr(R"("change":"firing","group":"rules.yaml;g","rule":"Up",)"
                              R"("labels":{"alertname":"Up","job":"x","severity":"page"},)"
                              R"("annotations":{"summary":"is <1>"},"value":"1",)"));
  EXPECT_THAT(body, HasSubstr(R"("firedAt":"2026-01-02T03:04:0)"));
}

TEST_F(AlertHistoryApiTest, TellsSome) {
  EXPECT_EQ(Changes("rule[]=Up"), "Up resolved, Up firing");
  EXPECT_EQ(Changes("change[]=pending&change[]=forgotten"), "Waits forgotten, Waits pending");
  EXPECT_EQ(Changes("match[]={severity=\"page\"}"), "Up resolved, Up firing");
  EXPECT_EQ(Changes("match[]={job=\"y\"}&match[]={severity=\"page\"}"), "Up resolved, Up firing");
  EXPECT_EQ(Changes("end=1767323040"), "");
  EXPECT_THAT(Ask("limit=1"), HasSubstr("results truncated due to limit"));
}

TEST_F(AlertHistoryApiTest, SaysWhatIsWrong) {
  EXPECT_THAT(Ask("change[]=over"), HasSubstr("is no change of an alert"));
  EXPECT_THAT(Ask("match[]={"), HasSubstr("400 "));
  EXPECT_THAT(Ask("start=x"), HasSubstr("400 "));
  EXPECT_THAT(Ask("limit=-1"), HasSubstr("400 "));
}

}  // namespace
}  // namespace vigil::server
