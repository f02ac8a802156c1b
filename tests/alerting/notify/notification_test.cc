// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/notification.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/testing/status_matchers.h"

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

TEST(Notification, HasTheFieldsOfVersion4InTheirOrder) {
  Notification message;
  message.receiver = "team-x";
  message.reason = "first notification";
  message.group_key = "{}:{alertname=\"X\"}";
  message.external_url = "http://vigil";
  message.group_labels = {{"alertname", "X"}};
  message.route_labels = {{"tier", "1"}};
  message.alerts = {MakeAlert({{"alertname", "X"}, {"job", "j"}})};
  message.alerts[0].alert.annotations = {{"summary", "s"}};
  message.alerts[0].alert.generator_url = "http://gen";
  EXPECT_EQ(EncodeNotification(message),
            R"({"receiver":"team-x","status":"firing","alerts":[{"status":"firing",)"
            R"("labels":{"alertname":"X","job":"j"},"annotations":{"summary":"s"},)"
            R"("startsAt":"2026-08-25T10:00:00Z","endsAt":"0001-01-01T00:00:00Z",)"
            R"("generatorURL":"http://gen","fingerprint":"0123456789abcdef"}],)"
            R"("notification_reason":"first notification","groupLabels":{"alertname":"X"},)"
            R"("commonLabels":{"alertname":"X","job":"j"},"commonAnnotations":{"summary":"s"},)"
            R"("routeLabels":{"tier":"1"},"externalURL":"http://vigil","version":"4",)"
            R"("groupKey":"{}:{alertname=\"X\"}","truncatedAlerts":0})");
}

nlohmann::json Build(const Notification& message) {
  return nlohmann::json::parse(EncodeNotification(message));
}

TEST(Notification, IsEscapedAsGoEscapes) {
  Notification message;
  message.external_url = "http://vigil/?a=<b>&c=\"\xE2\x80\xA8\xE2\x80\xA9\xE2\x82\xAC\n";
  const std::string text = EncodeNotification(message);
  EXPECT_NE(text.find(R"("http://vigil/?a=\u003cb\u003e\u0026c=\"\u2028\u2029€\n")"),
            std::string::npos)
      << text;
  EXPECT_EQ(Build(message)["externalURL"], message.external_url);
}

TEST(Notification, IsResolvedOnlyWhenEveryAlertIs) {
  Notification message;
  message.alerts = {MakeAlert({{"a", "1"}}, true), MakeAlert({{"a", "2"}}, true)};
  EXPECT_EQ(Build(message)["status"], "resolved");
  EXPECT_EQ(Build(message)["alerts"][0]["endsAt"], "2026-08-25T10:00:01.5Z");
  message.alerts[1].resolved = false;
  EXPECT_EQ(Build(message)["status"], "firing");
}

TEST(Notification, TimesAreAsShortAsGoWritesThem) {
  Notification message;
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

TEST(Notification, CommonPairsAreThoseOfAllAlertsThatAreTold) {
  Notification message;
  message.alerts = {MakeAlert({{"a", "1"}, {"b", "1"}, {"c", "1"}}),
                    MakeAlert({{"a", "1"}, {"b", "2"}}), MakeAlert({{"z", "1"}})};
  EXPECT_EQ(Build(message)["commonLabels"], nlohmann::json::object());
  Truncate(2, &message);
  const nlohmann::json body = Build(message);
  EXPECT_EQ(body["alerts"].size(), 2u);
  EXPECT_EQ(body["truncatedAlerts"], 1);
  EXPECT_EQ(body["commonLabels"], (nlohmann::json{{"a", "1"}}));
}

TEST(Notification, AnAlertBeyondTheLimitStillCountsAsFiring) {
  Notification message;
  message.alerts = {MakeAlert({{"a", "1"}}, true), MakeAlert({{"a", "2"}})};
  Truncate(1, &message);
  EXPECT_EQ(Build(message)["status"], "firing");
}

TEST(Notification, SaysWhatFlapsAndWhatADigestOnlyCounts) {
  Notification message;
  message.alerts = {MakeAlert({{"a", "1"}}), MakeAlert({{"a", "2"}})};
  message.alerts[1].flapping = true;
  EXPECT_FALSE(Build(message)["alerts"][0].contains("flapping"));
  EXPECT_EQ(Build(message)["alerts"][1]["flapping"], true);
  EXPECT_FALSE(Build(message).contains("cameAndWent"));
  message.came_and_went = 3;
  EXPECT_EQ(Build(message)["cameAndWent"], 3);
}

TEST(Notification, IsReadBackAsItWasWritten) {
  Notification message;
  message.receiver = "r";
  message.reason = "first notification";
  message.group_key = "{}:{}";
  message.external_url = "http://vigil";
  message.group_labels = {{"a", "1"}};
  message.route_labels = {{"tier", "1"}};
  message.alerts = {MakeAlert({{"a", "1"}}, true), MakeAlert({{"a", "1"}, {"b", "2"}})};
  message.alerts[1].alert.annotations = {{"summary", "\"s\""}};
  message.alerts[1].flapping = true;
  message.came_and_went = 2;
  const std::string text = EncodeNotification(message);
  ASSERT_OK_AND_ASSIGN(Notification read, DecodeNotification(text));
  EXPECT_EQ(EncodeNotification(read), text);
  Truncate(1, &message);
  const std::string truncated = EncodeNotification(message);
  ASSERT_OK_AND_ASSIGN(read, DecodeNotification(truncated));
  EXPECT_EQ(EncodeNotification(read), truncated);
  EXPECT_TRUE(read.firing());
}

TEST(Notification, WhatIsNoneIsRefused) {
  for (const char* const text : {"", "{}", "[]", R"({"receiver":1})"}) {
    EXPECT_EQ(DecodeNotification(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(Notification, MendsInvalidText) {
  Notification message;
  message.receiver = "a\xff";
  message.alerts = {MakeAlert({{"a\"\n", "\x01"}})};
  const nlohmann::json body = Build(message);
  EXPECT_EQ(body["receiver"], "a\xEF\xBF\xBD");
  EXPECT_EQ(body["alerts"][0]["labels"]["a\"\n"], "\x01");
}

}  // namespace
}  // namespace vigil::alerting
