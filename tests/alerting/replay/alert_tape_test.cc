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
