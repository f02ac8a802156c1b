// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/stages.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

constexpr int64_t kNowMs = 10'000'000;
constexpr int64_t kRepeatMs = 60'000;

// A row of the decision table of Alertmanager's dedup stage.
struct Row {
  std::string what;
  std::optional<AlertSets> told;
  AlertSets current;
  bool send_resolved = true;
  int64_t age_ms = 1000;  // Of the entry.
  std::string reason;
};

class Dedup : public ::testing::TestWithParam<Row> {};

TEST_P(Dedup, DecidesByTheTable) {
  const Row& row = GetParam();
  LogEntry entry;
  if (row.told.has_value()) entry.told = *row.told;
  entry.timestamp_ms = kNowMs - row.age_ms;
  EXPECT_EQ(NotificationReason({.last = row.told.has_value() ? &entry : nullptr,
                                .current = &row.current,
                                .send_resolved = row.send_resolved,
                                .repeat_interval_ms = kRepeatMs,
                                .now_ms = kNowMs}),
            row.reason)
      << row.what;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Dedup,
    ::testing::Values(
        Row{"no entry, firing", {}, {{1}, {}}, true, 0, "first notification"},
        Row{"no entry, only resolved", {}, {{}, {1}}, true, 0, ""},
        Row{"no entry, nothing", {}, {{}, {}}, true, 0, ""},
        Row{"entry had none firing", {{{}, {1}}}, {{1}, {}}, true, 1, "first notification"},
        Row{"one more fires", {{{1}, {}}}, {{1, 2}, {}}, true, 1, "new alerts added"},
        Row{"another fires", {{{1}, {}}}, {{2}, {}}, true, 1, "new alerts added"},
        Row{"new and resolved", {{{1}, {}}}, {{2}, {1}}, true, 1, "new alerts added"},
        Row{"all resolved", {{{1, 2}, {}}}, {{}, {1, 2}}, true, 1, "all alerts resolved"},
        Row{"all resolved, unwanted", {{{1}, {}}}, {{}, {1}}, false, 1, "all alerts resolved"},
        Row{"all gone", {{{1}, {}}}, {{}, {}}, true, 1, "all alerts resolved"},
        Row{"nothing fires, nothing did", {{{}, {1}}}, {{}, {2}}, true, 1, ""},
        Row{"nothing fires, long ago", {{{}, {1}}}, {{}, {1}}, true, 10 * kRepeatMs, ""},
        Row{"one resolved", {{{1, 2}, {}}}, {{1}, {2}}, true, 1, "some alerts resolved"},
        Row{"one resolved, unwanted", {{{1, 2}, {}}}, {{1}, {2}}, false, 1, ""},
        Row{"one resolved, known", {{{1}, {2}}}, {{1}, {2}}, true, 1, ""},
        Row{"fewer fire", {{{1, 2}, {}}}, {{1}, {}}, true, 1, ""},
        Row{"the same", {{{1}, {}}}, {{1}, {}}, true, 1, ""},
        Row{"just the repeat interval", {{{1}, {}}}, {{1}, {}}, true, kRepeatMs, ""},
        Row{"beyond it", {{{1}, {}}}, {{1}, {}}, true, kRepeatMs + 1, "repeat interval elapsed"},
        Row{"flaps, never told", {}, {{1}, {}, {1}}, true, 0, "alert flaps"},
        Row{"flaps, told as firing", {{{1}, {}}}, {{1}, {}, {1}}, true, 1, "alert flaps"},
        Row{"flaps, told as resolved", {{{}, {1}}}, {{1}, {}, {1}}, true, 1, "alert flaps"},
        Row{"flaps, told so", {{{1}, {}, {1}}}, {{1}, {}, {1}}, true, 1, ""},
        Row{"flaps, long ago",
            {{{1}, {}, {1}}},
            {{1}, {}, {1}},
            true,
            kRepeatMs + 1,
            "repeat interval elapsed"},
        Row{"flaps no more", {{{1}, {}, {1}}}, {{1}, {}, {}}, true, 1, ""},
        Row{"flaps, another is new", {{{1}, {}}}, {{1, 2}, {}, {1}}, true, 1, "new alerts added"},
        Row{"flaps, another is first", {}, {{1, 2}, {}, {1}}, true, 0, "first notification"},
        Row{"another flaps", {{{1}, {}, {1}}}, {{1, 2}, {}, {1, 2}}, true, 1, "alert flaps"},
        Row{"beyond it, resolved unwanted",
            {{{1, 2}, {}}},
            {{1}, {2}},
            false,
            kRepeatMs + 1,
            "repeat interval elapsed"}));

TEST(Backoff, GrowsToItsCap) {
  const std::vector<int64_t> waits = {500, 750, 1125, 1687, 2531};
  for (size_t i = 0; i < waits.size(); ++i) EXPECT_EQ(BackoffMs(i + 1, 0.5), waits[i]);
  EXPECT_EQ(BackoffMs(12, 0.5), 43'248);
  EXPECT_EQ(BackoffMs(13, 0.5), 60'000);
  EXPECT_EQ(BackoffMs(1'000'000'000'000, 0.5), 60'000);
}

TEST(Backoff, JitterIsHalfOfItEitherWay) {
  EXPECT_EQ(BackoffMs(1, 0), 250);
  EXPECT_EQ(BackoffMs(1, 0.25), 375);
  EXPECT_EQ(BackoffMs(1, 0.999999), 749);
  EXPECT_EQ(BackoffMs(100, 0), 30'000);
}

}  // namespace
}  // namespace vigil::alerting
