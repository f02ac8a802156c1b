// SPDX-License-Identifier: Apache-2.0
#include "cli/backtest/timeline.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace vigil::cli {
namespace {

constexpr int64_t kZeroMs = 1'767'225'600'000;  // 2026-01-01.
constexpr TimeRange kDay = {kZeroMs, kZeroMs + kMillisPerDay - 1};

TimeRange Hours(double begin, double end) {
  return {kZeroMs + static_cast<int64_t>(begin * kMillisPerHour),
          kZeroMs + static_cast<int64_t>(end * kMillisPerHour)};
}

TEST(TimelineTest, HeightIsTheShareOfTheTime) {
  Terminal terminal;
  terminal.width = 29;
  EXPECT_EQ(TimelineText({{"abc", {Hours(0, 3), Hours(4.5, 5), Hours(23, 24)}}, {"d", {}}}, kDay, 9,
                         terminal),
            "     2026-01-01 00:00:00\n"
            "abc  ███·▄··················█\n"
            "d    ························\n");
  terminal.unicode = false;
  EXPECT_EQ(
      TimelineText({{"abc", {Hours(0, 3), Hours(4.25, 5), Hours(7, 7.01)}}}, kDay, 9, terminal),
      "     2026-01-01 00:00:00\n"
      "abc  ###.#..-................\n");
}

TEST(TimelineTest, ShortensLabelsAndCountsRows) {
  Terminal terminal;
  terminal.width = 60;
  EXPECT_EQ(TimelineText({{"an alert of a name that goes on and on", {Hours(0, 24)}},
                          {"b", {Hours(12, 30)}},
                          {"c", {}}},
                         kDay, 2, terminal),
            "                                2026-01-01 00:00:00\n"
            "an alert of a name t…on and on  ████████████████████████████\n"
            "b                               ··············██████████████\n"
            "and 1 more\n");
  terminal.width = 100;
  EXPECT_EQ(TimelineText({{"b", {}}}, {kZeroMs, kZeroMs + 1000}, 2, terminal).substr(0, 101),
            "   2026-01-01 00:00:00" + std::string(59, ' ') + "2026-01-01 00:00:01\n");
  EXPECT_EQ(TimelineText({}, kDay, 2, terminal), "");
}

}  // namespace
}  // namespace vigil::cli
