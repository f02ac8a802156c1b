// SPDX-License-Identifier: Apache-2.0
#include "alerting/forward/alert_forwarder.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/metrics.h"
#include "tests/alerting/manager/scripted_notifier.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using vigil::testing::StatusIs;
using Json = nlohmann::json;

class RecordingSink final : public AlertSink {
 public:
  absl::Status Receive(const std::vector<Alert>& alerts, int64_t, storage::WriteBatch*) override {
    received += alerts.size();
    return answer;
  }
  size_t received = 0;
  absl::Status answer;
};

storage::RelabelRule Rule(storage::RelabelOptions options) {
  return *storage::RelabelRule::Create(std::move(options));
}

std::vector<Alert> Alerts(int count) {
  std::vector<Alert> alerts(count);
  for (int i = 0; i < count; ++i) {
    alerts[i].labels = {{"alertname", "A"}, {"n", fmt::to_string(i)}};
    alerts[i].starts_at_ms = 1'767'225'600'000;
    alerts[i].ends_at_ms = 1'767'225'660'000;
  }
  return alerts;
}

class AlertForwarderTest : public ::testing::Test {
 protected:
  void Receive(int count) {
    storage::WriteBatch batch;
    EXPECT_OK(forwarder_.Receive(Alerts(count), 0, &batch));
  }

  // What was sent: "URL count".
  std::vector<std::string> Sent() {
    std::vector<std::string> sent;
    for (const ScriptedNotifier::Sent& one : notifier_.TakeSent()) {
      sent.push_back(fmt::format("{} {}", one.delivery.url, Json::parse(one.delivery.body).size()));
    }
    return sent;
  }

  RecordingSink next_;
  ScriptedNotifier notifier_;
  AlertForwarder forwarder_{&next_, &notifier_};
};

TEST_F(AlertForwarderTest, HandsOnWithAndWithoutTargets) {
  Receive(1);
  EXPECT_THAT(Sent(), IsEmpty());
  forwarder_.SetConfig(
      {.alert_relabels = {}, .targets = {{.url = "http://a"}, {.url = "http://b"}}});
  EXPECT_THAT(forwarder_.targets(), ElementsAre("http://a", "http://b"));
  Receive(2);
  EXPECT_THAT(Sent(), ElementsAre("http://a 2", "http://b 2"));
  EXPECT_EQ(next_.received, 3u);
  next_.answer = absl::InvalidArgumentError("no");
  storage::WriteBatch batch;
  EXPECT_THAT(forwarder_.Receive(Alerts(1), 0, &batch),
              StatusIs(absl::StatusCode::kInvalidArgument, "no"));
}

TEST_F(AlertForwarderTest, WritesAlertsAsAlertmanagerReadsThem) {
  Alert alert;
  alert.labels = {{"alertname", "A"}};
  alert.annotations = {{"summary", "x\"<"}};
  alert.starts_at_ms = 1'767'225'600'123;
  alert.generator_url = "http://g/?a=b&c";
  EXPECT_EQ(Json::parse(ForwardBody({alert})),
            Json::parse(R"([{"labels":{"alertname":"A"},"annotations":{"summary":"x\"<"},
              "startsAt":"2026-01-01T00:00:00.123Z","generatorURL":"http://g/?a=b&c"}])"));
  EXPECT_EQ(ForwardBody({}), "[]");
}

TEST_F(AlertForwarderTest, RelabelsForAllAndForEachTarget) {
  ForwardConfig config;
  config.alert_relabels = {
      Rule({.action = storage::RelabelAction::kDrop, .source_labels = {"n"}, .regex = "0"})};
  config.targets = {{.url = "http://a"}, {.url = "http://b"}};
  config.targets[1].alert_relabels = {
      Rule({.action = storage::RelabelAction::kLabelDrop, .regex = "n"})};
  forwarder_.SetConfig(config);
  Receive(2);
  const auto sent = notifier_.TakeSent();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(Json::parse(sent[0].delivery.body)[0]["labels"]["n"], "1");
  EXPECT_FALSE(Json::parse(sent[1].delivery.body)[0]["labels"].contains("n"));
}

TEST_F(AlertForwarderTest, OneRequestAtATimeAndNoSecondTry) {
  forwarder_.SetConfig({.alert_relabels = {}, .targets = {{.url = "http://slow"}}});
  notifier_.Answer("", "hang");
  Receive(1);
  Receive(300);
  EXPECT_THAT(Sent(), ElementsAre("http://slow 1"));
  Counter& errors =
      GetCounter("prometheus_notifications_errors_total", "", "alertmanager=\"http://slow\"");
  Counter& sent =
      GetCounter("prometheus_notifications_sent_total", "", "alertmanager=\"http://slow\"");
  notifier_.Answer("", "200");
  notifier_.Release("", "500");
  EXPECT_THAT(Sent(), ElementsAre("http://slow 256", "http://slow 44"));
  EXPECT_EQ(errors.Value(), 1);
  EXPECT_EQ(sent.Value(), 300);
}

TEST_F(AlertForwarderTest, DropsTheOldestWhenTooManyWait) {
  forwarder_.SetConfig({.alert_relabels = {}, .targets = {{.url = "http://dead"}}});
  notifier_.Answer("", "hang");
  Receive(1);
  Receive(static_cast<int>(kMaxForwardQueue) + 5);
  Counter& dropped =
      GetCounter("prometheus_notifications_dropped_total", "", "alertmanager=\"http://dead\"");
  EXPECT_EQ(dropped.Value(), 5);
  notifier_.TakeSent();
  notifier_.Answer("", "200");
  notifier_.Release("", "drop");
  const auto sent = notifier_.TakeSent();
  EXPECT_EQ(Json::parse(sent.at(0).delivery.body)[0]["labels"]["n"], "5");
}

TEST_F(AlertForwarderTest, WhatWaitsOutlivesAReloadButNotItsTarget) {
  forwarder_.SetConfig(
      {.alert_relabels = {}, .targets = {{.url = "http://a"}, {.url = "http://b"}}});
  notifier_.Answer("", "hang");
  Receive(1);
  Receive(2);
  Sent();
  forwarder_.SetConfig({.alert_relabels = {}, .targets = {{.url = "http://a"}}});
  notifier_.Answer("", "200");
  notifier_.Release("", "200");
  EXPECT_THAT(Sent(), ElementsAre("http://a 2"));
}

}  // namespace
}  // namespace vigil::alerting
