// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/alert_tape.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

class AlertTapeTest : public ::testing::Test {
 protected:
  void Tell(size_t rule, int64_t now_ms, std::initializer_list<const char*> names) {
    std::vector<Alert> alerts;
    for (const char* const name : names) {
      Alert& alert = alerts.emplace_back();
      alert.labels = {{"alertname", name}};
      alert.starts_at_ms = now_ms - 1;
      alert.ends_at_ms = now_ms + 100;
    }
    storage::WriteBatch rows;
    ASSERT_OK(tape_.SinkOf(rule)->Receive(alerts, now_ms, &rows));
    EXPECT_TRUE(rows.empty());
  }

  std::string Play() {
    std::string text;
    const absl::Status status =
        tape_.Play([&text](const std::vector<Alert>& alerts, int64_t now_ms) {
          text += fmt::format("{}:", now_ms);
          for (const Alert& alert : alerts) {
            EXPECT_EQ(alert.starts_at_ms, now_ms - 1);
            EXPECT_EQ(alert.ends_at_ms, now_ms + 100);
            text += fmt::format(" {}", alert.labels.Get("alertname"));
          }
          text += "\n";
          return absl::OkStatus();
        });
    EXPECT_OK(status);
    return text;
  }

  // A telling of an alert that fires since `begin_ms` and is to last for `lasts_ms` more.
  void Again(size_t rule, int64_t begin_ms, int64_t now_ms, int64_t lasts_ms) {
    Alert alert;
    alert.labels = {{"alertname", "a"}};
    alert.starts_at_ms = begin_ms;
    alert.ends_at_ms = now_ms + lasts_ms;
    storage::WriteBatch rows;
    ASSERT_OK(tape_.SinkOf(rule)->Receive({alert}, now_ms, &rows));
  }

  std::string PlayTimes() {
    std::string text;
    EXPECT_OK(tape_.Play([&text](const std::vector<Alert>& alerts, int64_t now_ms) {
      for (const Alert& alert : alerts) {
        text += fmt::format("{}: {} to {}\n", now_ms, alert.starts_at_ms, alert.ends_at_ms);
      }
      return absl::OkStatus();
    }));
    return text;
  }

  AlertTape tape_{3, 8};
};

TEST_F(AlertTapeTest, TellsInTheOrderOfTimeAndRules) {
  Tell(1, 10, {"b", "a"});
  Tell(1, 20, {"a"});
  Tell(2, 10, {"c"});
  Tell(0, 10, {"a"});
  Tell(0, 30, {"a"});
  EXPECT_EQ(Play(), "10: a b a c\n20: a\n30: a\n");
  EXPECT_EQ(Play(), "");
  Tell(0, 40, {"d"});
  EXPECT_EQ(Play(), "40: d\n");
}

TEST_F(AlertTapeTest, WhatIsToldAgainIsHeardOnce) {
  for (int64_t now_ms = 10; now_ms <= 100; now_ms += 10) Again(0, 10, now_ms, 40);
  Again(0, 10, 115, 40);  // Later than its turn.
  Again(0, 10, 117, 0);   // Over.
  Again(0, 10, 127, -10);
  Again(0, 130, 130, 40);  // Another spell.
  EXPECT_EQ(PlayTimes(),
            "10: 10 to 140\n"
            "115: 10 to 155\n"
            "117: 10 to 117\n"
            "127: 10 to 117\n"
            "130: 130 to 170\n");
  Again(0, 130, 140, 40);
  EXPECT_EQ(PlayTimes(), "140: 130 to 180\n");
}

TEST_F(AlertTapeTest, WhatWasOverBetweenIsHeardTwice) {
  Again(0, 10, 10, 10);
  Again(0, 10, 20, 10);
  EXPECT_EQ(PlayTimes(), "10: 10 to 20\n20: 10 to 30\n");
}

TEST_F(AlertTapeTest, WhatTwoRulesTellOfIsHeardEachTime) {
  for (int64_t now_ms = 10; now_ms <= 30; now_ms += 10) Again(1, 10, now_ms, 40);
  Again(2, 15, 15, 40);
  Again(2, 15, 20, 0);  // The first rule says otherwise.
  EXPECT_EQ(PlayTimes(),
            "10: 10 to 50\n"
            "15: 15 to 55\n"
            "20: 10 to 60\n"
            "20: 15 to 20\n"
            "30: 10 to 70\n");
}

TEST_F(AlertTapeTest, AListenerMayEndIt) {
  Tell(0, 10, {"a"});
  EXPECT_THAT(tape_.Play([](const auto&, int64_t) { return absl::CancelledError("enough"); }),
              StatusIs(absl::StatusCode::kCancelled, "enough"));
}

TEST_F(AlertTapeTest, SaysThatItIsFull) {
  for (int64_t time_ms = 0; time_ms < 9; ++time_ms) Tell(0, time_ms, {"a"});
  EXPECT_THAT(tape_.Play([](const auto&, int64_t) { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("more than 8 times")));
}

}  // namespace
}  // namespace vigil::alerting
