// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/axis.h"

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace vigil::cli {
namespace {

constexpr int64_t kMinute = kMillisPerMinute;
constexpr int64_t kHour = kMillisPerHour;
constexpr int64_t kStartMs = 1'767'322'800'000;  // 2026-01-02T03:00:00Z

std::string Labels(const ValueAxis& axis) {
  std::string text;
  for (const ValueTick& tick : axis.ticks) text += (text.empty() ? "" : " ") + tick.label;
  return text;
}

std::string Labels(const std::vector<TimeTick>& ticks) {
  std::string text;
  for (const TimeTick& tick : ticks) text += (text.empty() ? "" : " ") + tick.label;
  return text;
}

TEST(ValueAxisTest, TicksAreRound) {
  EXPECT_EQ(Labels(MakeValueAxis(0, 6, 4, PlotUnit::kNone)), "0 2 4 6");
  EXPECT_EQ(Labels(MakeValueAxis(1, 97, 6, PlotUnit::kNone)), "0 20 40 60 80");
  EXPECT_EQ(Labels(MakeValueAxis(2.1e9, 2.2e9, 3, PlotUnit::kNone)), "2.10G 2.15G 2.20G");
  EXPECT_EQ(Labels(MakeValueAxis(-3, 3, 5, PlotUnit::kNone)), "-2 0 2");
  EXPECT_EQ(Labels(MakeValueAxis(0.001, 0.4, 5, PlotUnit::kSeconds)), "0 100ms 200ms 300ms 400ms");
  EXPECT_EQ(Labels(MakeValueAxis(10, 3e9, 4, PlotUnit::kBytes)), "0 1 GiB 2 GiB");
  EXPECT_EQ(Labels(MakeValueAxis(9.1, 9.9, 2, PlotUnit::kNone)), "9.2 9.4 9.6 9.8")
      << "two at least";
}

TEST(ValueAxisTest, FromZeroWhereZeroIsNear) {
  EXPECT_EQ(MakeValueAxis(3, 10, 4, PlotUnit::kNone).low, 0);
  EXPECT_GT(MakeValueAxis(9, 10, 4, PlotUnit::kNone).low, 8);
  EXPECT_EQ(MakeValueAxis(-10, -3, 4, PlotUnit::kNone).high, 0);
}

TEST(ValueAxisTest, LevelLinesHaveRoomAroundThem) {
  const ValueAxis zero = MakeValueAxis(0, 0, 3, PlotUnit::kNone);
  EXPECT_LT(zero.low, 0);
  EXPECT_GT(zero.high, 0);
  const ValueAxis five = MakeValueAxis(5, 5, 3, PlotUnit::kNone);
  EXPECT_LT(five.low, 5);
  EXPECT_GT(five.high, 5);
}

TEST(ValueAxisTest, AnyRangeFits) {
  constexpr double kMax = std::numeric_limits<double>::max();
  constexpr double kValues[] = {-kMax, -1e20, -1, -1e-300, 0, 1e-300, 0.1, 3, 1e15, 1e15 + 1, kMax};
  for (const double low : kValues) {
    for (const double high : kValues) {
      if (low > high) continue;
      for (int most = 2; most < 9; ++most) {
        for (const PlotUnit unit : {PlotUnit::kNone, PlotUnit::kBytes, PlotUnit::kSeconds}) {
          const ValueAxis axis = MakeValueAxis(low, high, most, unit);
          EXPECT_LE(axis.low, low);
          EXPECT_GE(axis.high, high);
          EXPECT_LT(axis.low, axis.high);
          EXPECT_LE(axis.ticks.size(), static_cast<size_t>(most) + 3);
          EXPECT_GE(axis.ticks.size(), 2u);
          for (const ValueTick& tick : axis.ticks) {
            EXPECT_GE(tick.value, axis.low);
            EXPECT_LE(tick.value, axis.high);
          }
        }
      }
    }
  }
}

class TimeTicksTest : public ::testing::Test {
 protected:
  void SetZone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  void TearDown() override { SetZone("UTC"); }
};

TEST_F(TimeTicksTest, RoundInstants) {
  SetZone("UTC");
  EXPECT_EQ(Labels(MakeTimeTicks(kStartMs + 1000, kStartMs + kHour, 14 * kMinute)),
            "03:15 03:30 03:45 04:00");
  EXPECT_EQ(Labels(MakeTimeTicks(kStartMs, kStartMs + kMinute, 20'000)),
            "03:00:00 03:00:30 03:01:00");
  EXPECT_EQ(Labels(MakeTimeTicks(kStartMs, kStartMs + 100, 40)),
            "03:00:00.000 03:00:00.050 03:00:00.100");
  EXPECT_EQ(Labels(MakeTimeTicks(kStartMs, kStartMs, 1000)), "03:00:00");
}

TEST_F(TimeTicksTest, ADayBeginsWithItsDate) {
  SetZone("UTC");
  EXPECT_EQ(Labels(MakeTimeTicks(kStartMs, kStartMs + 30 * kHour, 5 * kHour)),
            "06:00 12:00 18:00 Jan 03 06:00");
  EXPECT_EQ(Labels(MakeTimeTicks(kStartMs, kStartMs + 72 * kHour, 20 * kHour)),
            "Jan 03 Jan 04 Jan 05");
}

TEST_F(TimeTicksTest, AreLocal) {
  SetZone("IST-5:30");
  EXPECT_EQ(Labels(MakeTimeTicks(kStartMs, kStartMs + kHour, 25 * kMinute)), "08:30 09:00 09:30");
  EXPECT_EQ(TimeZoneName(kStartMs), "IST");
  SetZone("UTC");
  EXPECT_EQ(TimeZoneName(kStartMs), "UTC");
}

TEST_F(TimeTicksTest, StayRoundWhenTheClockIsSetBackAndForth) {
  SetZone("CET-1CEST,M3.5.0,M10.5.0/3");
  constexpr int64_t kMarch = 1'774'738'800'000;  // 2026-03-29T00:00 in Berlin, summer from 2:00 on.
  EXPECT_EQ(Labels(MakeTimeTicks(kMarch, kMarch + 12 * kHour, 3 * kHour)),
            "00:00 03:00 06:00 09:00 12:00");
  constexpr int64_t kOctober =
      1'792'879'200'000;  // 2026-10-25T00:00 in Berlin, winter from 3:00 on.
  const std::string autumn = Labels(MakeTimeTicks(kOctober, kOctober + 12 * kHour, 3 * kHour));
  EXPECT_EQ(autumn, "00:00 03:00 06:00 09:00");
}

TEST_F(TimeTicksTest, AreNotTooMany) {
  SetZone("UTC");
  for (int64_t span = 1; span < 4'000'000'000'000; span = span * 3 + 1) {
    const auto ticks = MakeTimeTicks(kStartMs, kStartMs + span, std::max<int64_t>(1, span / 6));
    EXPECT_LE(ticks.size(), 7u) << span;
  }
}

}  // namespace
}  // namespace vigil::cli
