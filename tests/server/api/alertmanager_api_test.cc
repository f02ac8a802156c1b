// SPDX-License-Identifier: Apache-2.0
#include "server/api/alertmanager_api.h"

#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alerting/manager/config.h"
#include "base/clock.h"
#include "storage/kv/fault_store.h"
#include "storage/kv/memory_store.h"
#include "tests/alerting/manager/scripted_notifier.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr int64_t kStartMs = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

constexpr char kConfig[] = R"(
global: {resolve_timeout: 1m}
route:
  receiver: a
  group_by: [alertname]
  group_wait: 10s
  routes:
  - {matchers: [team=x], receiver: b, mute_time_intervals: [always], continue: true}
  - {matchers: ['team=~"x|y"'], receiver: a, group_by: ['...']}
receivers:
- {name: a, webhook_configs: [{url: "http://h/secret"}]}
- {name: b, labels: {k: v}}
inhibit_rules: [{source_matchers: [sev=crit], target_matchers: [sev=warn], equal: [cluster]}]
time_intervals: [{name: always, time_intervals: [{}]}]
)";

class AlertmanagerApiTest : public ::testing::Test {
 protected:
  AlertmanagerApiTest() : clock_(kStartMs) {
    absl::StatusOr<alerting::ManagerConfig> config = alerting::ParseManagerConfig("t", kConfig);
    EXPECT_OK(config);
    auto store = storage::FaultStore::Wrap(std::make_unique<storage::MemoryStore>());
    EXPECT_OK(store);
    store_ = *std::move(store);
    alerting::AlertManagerOptions options;
    options.make_silence_id = [this] { return fmt::format("s{}", ++silences_); };
    auto manager = alerting::AlertManager::Create(options, *std::move(config), store_.get(),
                                                  &notifier_, kStartMs);
    EXPECT_OK(manager);
    manager_ = *std::move(manager);
    parts_ = {manager_.get(), &clock_, [this] { ++wakes_; }, "1.2.3", kStartMs};
    AddAlertmanagerApi([this] { return ready_ ? &parts_ : nullptr; }, &router_);
  }

  HttpResponse Ask(const std::string& method, const std::string& path,
                   const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    const size_t question = path.find('?');
    request.path = path.substr(0, question);
    if (question != std::string::npos) {
      request.parameters = ParseQueryString(std::string_view(path).substr(question + 1));
    }
    request.body = body;
    if (!body.empty()) request.headers["content-type"] = content_type_;
    return router_.Route(request);
  }

  Json Get(const std::string& path) {
    const HttpResponse response = Ask("GET", "/api/v2/" + path);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    return Json::parse(response.body);
  }

  // The status and, if it is not 200, the message.
  std::string Post(const std::string& path, const std::string& body) {
    const HttpResponse response = Ask("POST", "/api/v2/" + path, body);
    if (response.status == 200) return "200";
    return fmt::format("{} {}", response.status, Json::parse(response.body).get<std::string>());
  }

  std::string PostSilence(const std::string& fields) {
    const std::string body = R"({"createdBy":"me","comment":"c",)" + fields + "}";
    const HttpResponse response = Ask("POST", "/api/v2/silences", body);
    const Json json = Json::parse(response.body);
    if (response.status == 200) return json.at("silenceID").get<std::string>();
    return fmt::format("{} {}", response.status, json.get<std::string>());
  }

  // The names of the alerts that a path lists.
  std::vector<std::string> Names(const std::string& path) {
    std::vector<std::string> names;
    for (const Json& alert : Get(path)) names.push_back(alert["labels"]["alertname"]);
    std::sort(names.begin(), names.end());
    return names;
  }

  void PostThree() {
    ASSERT_EQ(Post("alerts", R"([
      {"labels":{"alertname":"A","team":"x","sev":"crit","cluster":"1"}},
      {"labels":{"alertname":"B","sev":"warn","cluster":"1","empty":""},
       "annotations":{"s":"t<"},"generatorURL":"http://g/"},
      {"labels":{"alertname":"C"},"startsAt":"2025-12-31T23:00:00+01:00",
       "endsAt":"0001-01-01T00:00:00.000Z"}])"),
              "200");
  }

  ManualClock clock_;
  std::unique_ptr<storage::FaultStore> store_;
  alerting::ScriptedNotifier notifier_;
  std::unique_ptr<alerting::AlertManager> manager_;
  AlertmanagerParts parts_;
  HttpRouter router_;
  std::string content_type_ = "application/json; charset=utf-8";
  bool ready_ = true;
  int silences_ = 0;
  int wakes_ = 0;
};

TEST_F(AlertmanagerApiTest, IsNotThereBeforeTheServerIsReady) {
  ready_ = false;
  EXPECT_EQ(Ask("GET", "/api/v2/status").status, 503);
  EXPECT_EQ(Ask("POST", "/api/v2/alerts", "[]").status, 503);
}

TEST_F(AlertmanagerApiTest, TellsItsStatusWithoutSecrets) {
  const Json status = Get("status");
  EXPECT_EQ(status["cluster"], Json::parse(R"({"status":"disabled","peers":[]})"));
  EXPECT_EQ(status["versionInfo"]["version"], "1.2.3");
  EXPECT_EQ(status["uptime"], "2026-01-01T00:00:00.000Z");
  const std::string original = status["config"]["original"];
  EXPECT_THAT(original, HasSubstr("resolve_timeout: 1m"));
  EXPECT_THAT(original, HasSubstr("url: <secret>"));
}

TEST_F(AlertmanagerApiTest, ListsReceivers) {
  EXPECT_EQ(Get("receivers"), Json::parse(R"([{"name":"a","labels":{"name":"a"}},
                                              {"name":"b","labels":{"name":"b","k":"v"}}])"));
  EXPECT_EQ(Get("receivers?receiver_matchers=k%3Dv").size(), 1u);
}

TEST_F(AlertmanagerApiTest, ShowsAlerts) {
  PostThree();
  EXPECT_EQ(wakes_, 1);
  const Json alerts = Get("alerts");
  ASSERT_EQ(alerts.size(), 3u);
  EXPECT_EQ(alerts[0], Json::parse(R"({
    "annotations":{},"endsAt":"2026-01-01T00:01:00.000Z","fingerprint":"881afcb66f61dfa3",
    "receivers":[{"name":"b"},{"name":"a"}],"startsAt":"2026-01-01T00:00:00.000Z",
    "status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},
    "updatedAt":"2026-01-01T00:00:00.000Z",
    "labels":{"alertname":"A","cluster":"1","sev":"crit","team":"x"}})"));
  const Json& inhibited = alerts[2];
  EXPECT_EQ(inhibited["labels"], Json::parse(R"({"alertname":"B","cluster":"1","sev":"warn"})"));
  EXPECT_EQ(inhibited["annotations"]["s"], "t<");
  EXPECT_EQ(inhibited["generatorURL"], "http://g/");
  EXPECT_EQ(inhibited["status"], Json::parse(R"({"inhibitedBy":["881afcb66f61dfa3"],"mutedBy":[],
                                                 "silencedBy":[],"state":"suppressed"})"));
  EXPECT_EQ(alerts[1]["startsAt"], "2025-12-31T22:00:00.000Z");
  clock_.AdvanceMs(60'000);
  EXPECT_EQ(Get("alerts").size(), 0u);
}

TEST_F(AlertmanagerApiTest, ShowsThoseThatAreAskedFor) {
  PostThree();
  using Strings = std::vector<std::string>;
  EXPECT_EQ(Names("alerts?active=false"), Strings({"B"}));
  EXPECT_EQ(Names("alerts?inhibited=false"), Strings({"A", "C"}));
  EXPECT_EQ(Names("alerts?receiver=b"), Strings({"A"}));
  EXPECT_EQ(Names("alerts?receiver=."), Strings({"A", "B", "C"}));
  EXPECT_EQ(Names("alerts?receiver_matchers=k%3Dv"), Strings({"A"}));
  EXPECT_EQ(Names("alerts?filter=cluster%3D1&filter=sev%3Dwarn"), Strings({"B"}));
  EXPECT_EQ(Names("alerts?filter=%7Bteam%3D%22%22,sev!%3Dwarn%7D"), Strings({"C"}));
  EXPECT_EQ(PostSilence(R"("matchers":[{"name":"alertname","value":"C","isRegex":false}],
    "startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T01:00:00Z")"),
            "s1");
  EXPECT_EQ(Names("alerts?silenced=false"), Strings({"A", "B"}));
  EXPECT_EQ(Names("alerts?silenced=false&inhibited=false"), Strings({"A"}));
  EXPECT_EQ(Names("alerts?active=false&inhibited=false"), Strings({"C"}));
}

TEST_F(AlertmanagerApiTest, ShowsGroups) {
  PostThree();
  const Json groups = Get("alerts/groups");
  ASSERT_EQ(groups.size(), 4u);
  EXPECT_EQ(groups[0]["labels"], Json::parse(R"({"alertname":"A"})"));
  EXPECT_EQ(groups[0]["receiver"]["name"], "b");
  EXPECT_EQ(groups[0]["alerts"][0]["status"]["mutedBy"], Json::parse(R"(["always"])"));
  EXPECT_EQ(groups[0]["alerts"][0]["status"]["state"], "suppressed");
  EXPECT_EQ(groups[0]["alerts"][0]["receivers"], Json::parse(R"([{"name":"a"},{"name":"b"}])"));
  EXPECT_EQ(groups[3]["labels"].size(), 4u);
  EXPECT_EQ(groups[3]["alerts"][0]["status"]["state"], "active");
  EXPECT_EQ(Get("alerts/groups?muted=false").size(), 3u);
  // The interval mutes the group, not the alert, which stays an active one.
  for (const Json& group : Get("alerts/groups?active=false")) {
    EXPECT_NE(group["labels"], Json::parse(R"({"alertname":"A"})"));
  }
  EXPECT_EQ(Get("alerts/groups?receiver=b").size(), 1u);
  EXPECT_EQ(Get("alerts/groups?filter=alertname%3DA").size(), 2u);
}

TEST_F(AlertmanagerApiTest, RefusesWrongAlertsAndTakesTheOthers) {
  EXPECT_EQ(Post("alerts", "[]"), "200");
  EXPECT_EQ(Post("alerts", R"([{"labels":{}},{"labels":{"alertname":"D"}}])"),
            "400 {}: at least one label pair required");
  EXPECT_EQ(Names("alerts"), std::vector<std::string>({"D"}));
  EXPECT_THAT(Post("alerts", R"([{"labels":{"a":"b"},"startsAt":"2026-01-01T00:00:00Z",
                                  "endsAt":"2025-01-01T00:00:00Z"}])"),
              HasSubstr("start time must be before end time"));
  EXPECT_EQ(Post("alerts", "{}"), "400 the body must be a list of alerts");
  EXPECT_THAT(Post("alerts", "[{}]"), HasSubstr("400 parsing alerts body failed"));
  EXPECT_THAT(Post("alerts", "[\xff"), HasSubstr("400 parsing alerts body failed"));
  EXPECT_THAT(Post("alerts", R"([{"labels":{"a":1}}])"), HasSubstr("400 parsing alerts body"));
  EXPECT_EQ(Post("alerts", R"([{"labels":{"a":"b"},"startsAt":"now"}])"),
            "400 parsing time \"now\": write it as 2006-01-02T15:04:05Z");
  content_type_ = "text/plain";
  EXPECT_EQ(Post("alerts", "[]"),
            "400 unsupported media type \"text/plain\", only [application/json] are allowed");
}

TEST_F(AlertmanagerApiTest, RefusesWrongQuestions) {
  const auto error = [&](const std::string& path) {
    const HttpResponse response = Ask("GET", "/api/v2/" + path);
    return fmt::format("{} {}", response.status, Json::parse(response.body).get<std::string>());
  };
  EXPECT_THAT(error("alerts?filter=x"), HasSubstr("400 bad matcher format: x"));
  EXPECT_THAT(error("alerts?receiver=("), HasSubstr("400 failed to parse receiver param"));
  EXPECT_THAT(error("silences?filter=x"), HasSubstr("400 bad matcher format: x"));
  EXPECT_EQ(error("silence/no"), "404 silence not found");
  EXPECT_EQ(Ask("DELETE", "/api/v2/silence/no").status, 404);
  EXPECT_EQ(Ask("GET", "/api/v2/nothing").status, 404);
  EXPECT_EQ(Ask("PUT", "/api/v2/alerts").status, 405);
  EXPECT_EQ(Ask("POST", "/api/v1/alerts", "[]").status, 410);
}

TEST_F(AlertmanagerApiTest, SilencesLive) {
  EXPECT_EQ(PostSilence(R"("matchers":[{"name":"a","value":"x.*","isRegex":true},
      {"name":"b","value":"y","isRegex":false,"isEqual":false}],
      "startsAt":"2025-01-01T00:00:00Z","endsAt":"2026-01-01T01:00:00.1234Z")"),
            "s1");
  const Json expected = Json::parse(R"({
    "id":"s1","status":{"state":"active"},"updatedAt":"2026-01-01T00:00:00.000Z","comment":"c",
    "createdBy":"me","startsAt":"2026-01-01T00:00:00.000Z","endsAt":"2026-01-01T01:00:00.123Z",
    "matchers":[{"name":"a","value":"x.*","isRegex":true,"isEqual":true},
                {"name":"b","value":"y","isRegex":false,"isEqual":false}]})");
  EXPECT_EQ(Get("silence/s1"), expected);
  EXPECT_EQ(Get("silences"), Json::array({expected}));
  EXPECT_EQ(Get("silences?filter=a%3D~x.*").size(), 1u);
  EXPECT_EQ(Get("silences?filter=a%3Dx.*").size(), 0u);
  clock_.AdvanceMs(1'000);
  EXPECT_EQ(Ask("DELETE", "/api/v2/silence/s1").status, 200);
  EXPECT_EQ(Get("silence/s1")["status"]["state"], "expired");
  EXPECT_EQ(Get("silence/s1")["endsAt"], "2026-01-01T00:00:01.000Z");
  EXPECT_EQ(Ask("DELETE", "/api/v2/silence/s1").status, 200);
  EXPECT_EQ(Get("silences?expired=false").size(), 0u);
}

TEST_F(AlertmanagerApiTest, SilencesAreListedByStateAndTime) {
  const auto post = [&](const char* start, const char* end) {
    PostSilence(fmt::format(R"("matchers":[{{"name":"a","value":"x","isRegex":false}}],
      "startsAt":"2026-01-01T{}:00Z","endsAt":"2026-01-01T{}:00Z","annotations":{{"k":"v"}})",
                            start, end));
  };
  post("02:00", "03:00");
  post("00:00", "02:00");
  post("00:00", "01:00");
  post("01:00", "05:00");
  post("00:00", "04:00");
  EXPECT_EQ(Ask("DELETE", "/api/v2/silence/s5").status, 200);
  std::vector<std::string> ids;
  for (const Json& silence : Get("silences")) ids.push_back(silence["id"]);
  EXPECT_EQ(ids, std::vector<std::string>({"s3", "s2", "s4", "s1", "s5"}));
  EXPECT_EQ(Get("silences?active=false&expired=false").size(), 2u);
  EXPECT_EQ(Get("silence/s1")["annotations"]["k"], "v");
}

TEST_F(AlertmanagerApiTest, RefusesWrongSilences) {
  constexpr char kTimes[] = R"(,"startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T01:00:00Z")";
  const auto with = [&](const std::string& matchers) {
    return PostSilence("\"matchers\":" + matchers + kTimes);
  };
  EXPECT_EQ(with("[]"), "400 invalid silence: at least one matcher required");
  EXPECT_EQ(with(R"([{"name":"a","value":"","isRegex":false}])"),
            "400 invalid silence: at least one matcher must not match the empty string");
  EXPECT_THAT(with(R"([{"name":"a","value":"(","isRegex":true}])"),
              HasSubstr("400 invalid silence: "));
  EXPECT_THAT(with(R"([{"value":"b"}])"), HasSubstr("400 parsing silence body failed"));
  constexpr char kMatchers[] = R"("matchers":[{"name":"a","value":"b","isRegex":false}],)";
  EXPECT_EQ(PostSilence(std::string(kMatchers) + R"("id":"no")" + kTimes), "404 silence not found");
  EXPECT_EQ(PostSilence(std::string(kMatchers) +
                        R"("startsAt":"2026-01-01T00:00:00Z","endsAt":"2025-12-31T00:00:00Z")"),
            "400 Failed to create silence: start time must be before end time");
  EXPECT_THAT(PostSilence(std::string(kMatchers) + R"("startsAt":"2026-01-01T00:00:00Z")"),
              HasSubstr("400 parsing silence body failed"));
  EXPECT_EQ(Get("silences").size(), 0u);
}

TEST_F(AlertmanagerApiTest, SaysWhenNothingCanBeStored) {
  store_->FailAt(storage::FaultStore::Operation::kWrite, 1, absl::UnavailableError("disk full"), 2);
  EXPECT_EQ(PostSilence(R"("matchers":[{"name":"a","value":"b","isRegex":false}],
    "startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T01:00:00Z")"),
            "503 cannot store it: disk full");
  EXPECT_EQ(Post("alerts", R"([{"labels":{"a":"b"}}])"), "503 cannot store it: disk full");
  EXPECT_EQ(Get("silences").size(), 0u);
}

TEST_F(AlertmanagerApiTest, PagesOfOtherOriginsMayAsk) {
  HttpRequest request;
  request.method = "OPTIONS";
  request.path = "/api/v2/silences";
  request.headers["origin"] = "http://grafana";
  const HttpResponse response = router_.Route(request);
  EXPECT_EQ(response.status, 204);
  EXPECT_THAT(response.headers, ::testing::Contains(std::pair<std::string, std::string>(
                                    "Access-Control-Allow-Origin", "http://grafana")));
}

}  // namespace
}  // namespace vigil::server
