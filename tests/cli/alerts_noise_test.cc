// SPDX-License-Identifier: Apache-2.0
#include "cli/alerts_noise.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

constexpr int64_t kZeroMs = 1'767'225'600'000;  // 2026-01-01.

v1::AlertNoiseResponse Response() {
  v1::AlertNoiseResponse response;
  response.set_from_ms(kZeroMs);
  response.set_to_ms(kZeroMs + 3'600'000);
  v1::RuleNoise* const high = response.add_rules();
  high->set_rule("High");
  high->set_fired(8);
  high->set_firing_ms(754'321);
  high->set_median_ms(60'500);
  high->set_notifications(3);
  high->set_told(7);
  high->set_silenced(2);
  high->set_short_lived(1);
  high->set_failed(4);
  response.add_rules()->set_notifications(1);
  *response.mutable_total() = *high;
  return response;
}

TEST(AlertsNoiseTest, ATableAndALineOfTotals) {
  v1::AlertNoiseResponse response = Response();
  EXPECT_EQ(
      Render(AnswerOf(response), OutputFormat::kTable, Terminal()),
      "rule       notified  fired  firing for  median  told  saved  silenced  inhibited  muted  "
      "short  failed\n"
      "High              3      8  12m34s      1m         7      4  25%                         "
      "12% "
      "        4\n"
      "(unknown)         1      0  0s          0s         0     -1                                 "
      " "
      "        0\n"
      "\n"
      "in all: 8 firings of 12m34s (1 short-lived, 2 told to nobody), 3 notifications, 4 saved by "
      "grouping, 4 failed delivery attempts\n");
  response.set_truncated(true);
  EXPECT_TRUE(Render(AnswerOf(response), OutputFormat::kTable, Terminal())
                  .ends_with("\nthere are more rules: --limit 0 lists all\n"));
}

TEST(AlertsNoiseTest, ProgramsGetNumbers) {
  const v1::AlertNoiseResponse response = Response();
  EXPECT_TRUE(
      Render(AnswerOf(response), OutputFormat::kCsv, Terminal())
          .starts_with("rule,notified,fired,firing for,median,told,saved,silenced,inhibited,"
                       "muted,short,failed\r\n"
                       "High,3,8,754,60,7,4,2,0,0,1,4\r\n"));
  const nlohmann::ordered_json data = AnswerOf(response).json();
  EXPECT_EQ(data["from"], "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(data["rules"][0]["rule"], "High");
  EXPECT_EQ(data["rules"][0]["firingSeconds"], 754.321);
  EXPECT_EQ(data["rules"][0]["savedByGrouping"], 4);
  EXPECT_EQ(data["rules"][1]["rule"], "");
  EXPECT_EQ(data["total"]["failedAttempts"], 4);
}

TEST(AlertsNoiseTest, SilenceIsTold) {
  v1::AlertNoiseResponse response;
  response.set_to_ms(7 * 86'400'000);
  EXPECT_EQ(Render(AnswerOf(response), OutputFormat::kTable, Terminal()),
            "no alert fired in the last 1w\n");
}

}  // namespace
}  // namespace vigil::cli
