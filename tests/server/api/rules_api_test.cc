// SPDX-License-Identifier: Apache-2.0
#include "server/api/rules_api.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using ::testing::AllOf;
using testing::ApiHarness;
using ::testing::HasSubstr;
using testing::kStartMs;
using ::testing::Not;

constexpr const char* kRules = R"(
groups:
  - name: g1
    interval: 5s
    limit: 10
    labels: {team: core}
    rules:
      - record: job:up:sum
        expr: sum by(job)   (up)
        labels: {a: b}
      - alert: Up
        expr: up == 1
        for: 1m
        keep_firing_for: 2m
        labels: {severity: page}
        annotations: {summary: 'is <{{ $value }}>'}
  - name: g2
    rules:
      - alert: Never
        expr: up > 5
)";

class RulesApiTest : public ::testing::Test {
 protected:
  RulesApiTest() {
    harness_.Add(R"(up{job="x<"})", 0, 1);
    harness_.LoadRules(kRules);
  }
  std::string Rules(std::string_view parameters = "") {
    return harness_.Ask(ListRules, fmt::format("/api/v1/rules?{}", parameters));
  }
  // Evaluates what is due up to then.
  void Advance(int64_t seconds) {
    for (int64_t now_ms = kStartMs; now_ms <= kStartMs + seconds * 1000; now_ms += 1000) {
      harness_.rules().RunDue(now_ms);
    }
  }

  ApiHarness harness_;
};

TEST_F(RulesApiTest, BeforeTheFirstEvaluation) {
  const std::string never = R"("evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z")";
  EXPECT_EQ(
      Rules(),
      R"({"groups":[{"name":"g1","file":"rules.yaml","rules":[)"
      R"x({"name":"job:up:sum","query":"sum by (job) (up)","labels":{"a":"b","team":"core"},)x"
      R"("health":"unknown",)" +
          never +
          R"(,"type":"recording"},{"state":"inactive","name":"Up","query":"up == 1","duration":60,)"
          R"("keepFiringFor":120,"labels":{"severity":"page","team":"core"},)"
          R"("annotations":{"summary":"is <{{ $value }}>"},"alerts":[],"health":"unknown",)" +
          never + R"(,"type":"alerting"}],"interval":5,"limit":10,)" + never +
          R"(},{"name":"g2","file":"rules.yaml","rules":[{"state":"inactive","name":"Never",)"
          R"("query":"up \u003e 5","duration":0,"keepFiringFor":0,"labels":{},"annotations":{},)"
          R"("alerts":[],"health":"unknown",)" +
          never + R"(,"type":"alerting"}],"interval":60,"limit":0,)" + never + "}]}");
  EXPECT_EQ(harness_.Ask(ListAlerts, "/api/v1/alerts"), R"({"alerts":[]})");
}

TEST_F(RulesApiTest, AlertsAreTold) {
  Advance(30);
  const std::string alerts = harness_.Ask(ListAlerts, "/api/v1/alerts");
  EXPECT_THAT(alerts,
              HasSubstr(R"({"alerts":[{"labels":{"alertname":"Up","job":"x<",)"
                        R"("severity":"page","team":"core"},"annotations":)"
                        R"({"summary":"is <1>"},"state":"pending","activeAt":"2026-01-02T)"));
  EXPECT_THAT(alerts, AllOf(HasSubstr(R"(Z","value":"1e+00"}]})"), Not(HasSubstr("keepFiring"))));
  EXPECT_THAT(Rules("type=alert"),
              AllOf(HasSubstr(R"({"state":"pending","name":"Up")"),
                    HasSubstr(R"("alerts":[{"labels":{"alertname":"Up")"),
                    HasSubstr(R"("health":"ok")"), Not(HasSubstr("job:up:sum"))));
  EXPECT_THAT(Rules("exclude_alerts=true"), HasSubstr(R"("alerts":null)"));
}

TEST(RulesApiLabelsTest, OfRecordingRulesOnlyThoseThatThereAreAreTold) {
  ApiHarness harness;
  harness.LoadRules("groups: [{name: g, rules: [{record: r, expr: a}, {alert: A, expr: b}]}]");
  EXPECT_THAT(harness.Ask(ListRules, "/api/v1/rules"),
              AllOf(HasSubstr(R"({"name":"r","query":"a","health":)"),
                    HasSubstr(R"("query":"b","duration":0,"keepFiringFor":0,"labels":{},)")));
}

TEST_F(RulesApiTest, Filters) {
  const auto is = [](const char* there, const char* not_there) {
    return AllOf(HasSubstr(there), Not(HasSubstr(not_there)));
  };
  EXPECT_THAT(Rules("type=record"), is("job:up:sum", "\"g2\""));
  EXPECT_EQ(Rules("type=RECORD"), Rules("type=record"));
  EXPECT_THAT(Rules("rule_name[]=Up"), is("\"Up\"", "\"g2\""));
  EXPECT_THAT(Rules("rule_name[]=Up&rule_name[]=Never"), is("\"Never\"", "job:up:sum"));
  EXPECT_THAT(Rules("rule_group[]=g2"), is("\"g2\"", "\"g1\""));
  EXPECT_THAT(Rules("match[]={severity=%22page%22}"), is("\"Up\"", "job:up:sum"));
  EXPECT_THAT(Rules("match[]={a=%22b%22}&match[]={severity=%22page%22}"), is("job:up", "\"g2\""));
  EXPECT_EQ(Rules("file[]=other.yaml"), R"({"groups":[]})");
  EXPECT_THAT(Rules("file[]=rules.yaml"), is("\"g2\"", "nothing"));
}

TEST_F(RulesApiTest, Pages) {
  const std::string token = GroupToken("rules.yaml", "g2");
  EXPECT_EQ(token.size(), 64u);
  EXPECT_THAT(Rules("group_limit=1"), AllOf(HasSubstr("\"g1\""), Not(HasSubstr("\"g2\"")),
                                            HasSubstr(R"(],"groupNextToken":")" + token + "\"}")));
  EXPECT_THAT(Rules("group_limit=1&group_next_token=" + token),
              AllOf(HasSubstr("\"g2\""), Not(HasSubstr("\"g1\"")), Not(HasSubstr("NextToken"))));
  EXPECT_THAT(Rules("group_limit=2"), Not(HasSubstr("NextToken")));
}

TEST_F(RulesApiTest, WhatCannotBeAskedFor) {
  EXPECT_THAT(Rules("type=foo"),
              HasSubstr(R"("invalid parameter \"type\": not supported value \"foo\"")"));
  EXPECT_THAT(Rules("exclude_alerts=foo"),
              HasSubstr(R"(error converting exclude_alerts: strconv.ParseBool: parsing \"foo\")"));
  EXPECT_THAT(Rules("group_limit=0"), HasSubstr("group_limit needs to be greater than 0"));
  EXPECT_THAT(Rules("group_limit=x"), HasSubstr(R"(strconv.ParseInt: parsing \"x\")"));
  EXPECT_THAT(Rules("group_next_token=abc"), HasSubstr("group_limit needs to be present"));
  EXPECT_THAT(Rules("group_next_token=abc&group_limit=1"),
              HasSubstr("invalid group_next_token 'abc'. were rule groups changed?"));
  EXPECT_THAT(Rules("match[]={x=%22%22}"),
              HasSubstr(R"("match[] must contain at least one non-empty matcher")"));
}

TEST_F(RulesApiTest, Alertmanagers) {
  EXPECT_EQ(harness_.Ask(ListAlertmanagers, "/api/v1/alertmanagers"),
            R"({"activeAlertmanagers":[],"droppedAlertmanagers":[]})");
}

}  // namespace
}  // namespace vigil::server
