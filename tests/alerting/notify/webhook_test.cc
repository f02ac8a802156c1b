// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/webhook.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace vigil::alerting {
namespace {

constexpr int64_t kStartMs = 1'787'652'000'000;  // 2026-08-25T10:00:00Z.

ToldAlert MakeAlert(const storage::Labels& labels, bool resolved = false) {
  ToldAlert told;
  told.alert.labels = labels;
  told.alert.starts_at_ms = kStartMs;
  told.alert.ends_at_ms = kStartMs + 1500;
  told.fingerprint = 0x123456789abcdef;
  told.resolved = resolved;
  return told;
}

TEST(Webhook, HasTheFieldsOfVersion4InTheirOrder) {
  WebhookMessage message;
  message.receiver = "team-x";
  message.notification_reason = "first notification";
  message.group_key = "{}:{alertname=\"X\"}";
  message.external_url = "http://vigil";
  message.group_labels = {{"alertname", "X"}};
  message.route_labels = {{"tier", "1"}};
  message.alerts = {MakeAlert({{"alertname", "X"}, {"job", "j"}})};
  message.alerts[0].alert.annotations = {{"summary", "s"}};
  message.alerts[0].alert.generator_url = "http://gen";
  EXPECT_EQ(BuildWebhookBody(message),
            R"({"receiver":"team-x","status":"firing","alerts":[{"status":"firing",)"
            R"("labels":{"alertname":"X","job":"j"},"annotations":{"summary":"s"},)"
            R"("startsAt":"2026-08-25T10:00:00Z","endsAt":"0001-01-01T00:00:00Z",)"
            R"("generatorURL":"http://gen","fingerprint":"0123456789abcdef"}],)"
            R"("notification_reason":"first notification","groupLabels":{"alertname":"X"},)"
            R"("commonLabels":{"alertname":"X","job":"j"},"commonAnnotations":{"summary":"s"},)"
            R"("routeLabels":{"tier":"1"},"externalURL":"http://vigil","version":"4",)"
            R"("groupKey":"{}:{alertname=\"X\"}","truncatedAlerts":0})");
}

nlohmann::json Build(const WebhookMessage& message) {
  return nlohmann::json::parse(BuildWebhookBody(message));
}

TEST(Webhook, IsResolvedOnlyWhenEveryAlertIs) {
  WebhookMessage message;
  message.alerts = {MakeAlert({{"a", "1"}}, true), MakeAlert({{"a", "2"}}, true)};
  EXPECT_EQ(Build(message)["status"], "resolved");
  EXPECT_EQ(Build(message)["alerts"][0]["endsAt"], "2026-08-25T10:00:01.5Z");
  message.alerts[1].resolved = false;
  EXPECT_EQ(Build(message)["status"], "firing");
}

TEST(Webhook, TimesAreAsShortAsGoWritesThem) {
  WebhookMessage message;
  message.alerts = {MakeAlert({{"a", "1"}})};
  for (const auto& [ms, text] :
       std::vector<std::pair<int64_t, std::string>>{{0, "2026-08-25T10:00:00Z"},
                                                    {500, "2026-08-25T10:00:00.5Z"},
                                                    {120, "2026-08-25T10:00:00.12Z"},
                                                    {7, "2026-08-25T10:00:00.007Z"},
                                                    {10'000, "2026-08-25T10:00:10Z"}}) {
    message.alerts[0].alert.starts_at_ms = kStartMs + ms;
    EXPECT_EQ(Build(message)["alerts"][0]["startsAt"], text);
  }
}

TEST(Webhook, CommonPairsAreThoseOfAllAlertsThatAreTold) {
  WebhookMessage message;
  message.alerts = {MakeAlert({{"a", "1"}, {"b", "1"}, {"c", "1"}}),
                    MakeAlert({{"a", "1"}, {"b", "2"}}), MakeAlert({{"z", "1"}})};
  EXPECT_EQ(Build(message)["commonLabels"], nlohmann::json::object());
  message.max_alerts = 2;
  const nlohmann::json body = Build(message);
  EXPECT_EQ(body["alerts"].size(), 2u);
  EXPECT_EQ(body["truncatedAlerts"], 1);
  EXPECT_EQ(body["commonLabels"], (nlohmann::json{{"a", "1"}}));
}

TEST(Webhook, AnAlertBeyondTheLimitStillCountsAsFiring) {
  WebhookMessage message;
  message.max_alerts = 1;
  message.alerts = {MakeAlert({{"a", "1"}}, true), MakeAlert({{"a", "2"}})};
  EXPECT_EQ(Build(message)["status"], "firing");
}

TEST(Webhook, MendsInvalidText) {
  WebhookMessage message;
  message.receiver = "a\xff";
  message.alerts = {MakeAlert({{"a\"\n", "\x01"}})};
  const nlohmann::json body = Build(message);
  EXPECT_EQ(body["receiver"], "a\xEF\xBF\xBD");
  EXPECT_EQ(body["alerts"][0]["labels"]["a\"\n"], "\x01");
}

}  // namespace
}  // namespace vigil::alerting
