// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/axis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "base/clock.h"

namespace vigil::cli {
namespace {

constexpr int64_t kSecond = kMillisPerSecond;
constexpr int64_t kMinute = kMillisPerMinute;
constexpr int64_t kHour = kMillisPerHour;
constexpr int64_t kDay = kMillisPerDay;
// Distances that people count time in.
constexpr std::array<int64_t, 26> kTimeSteps = {
    1,        5,           10,          50,           100,          500,
    kSecond,  2 * kSecond, 5 * kSecond, 10 * kSecond, 15 * kSecond, 30 * kSecond,
    kMinute,  2 * kMinute, 5 * kMinute, 10 * kMinute, 15 * kMinute, 30 * kMinute,
    kHour,    2 * kHour,   3 * kHour,   6 * kHour,    12 * kHour,   kDay,
    2 * kDay, 7 * kDay};

std::tm LocalTime(int64_t unix_ms) {
  const std::time_t seconds = unix_ms >= 0 ? unix_ms / kSecond : (unix_ms - kSecond + 1) / kSecond;
  std::tm local = {};
  ::localtime_r(&seconds, &local);
  return local;
}

int64_t OffsetMs(int64_t unix_ms) { return LocalTime(unix_ms).tm_gmtoff * kSecond; }

std::string DateText(const std::tm& local) {
  std::array<char, 32> text = {};
  const size_t length = std::strftime(text.data(), text.size(), "%b %d", &local);
  return {text.data(), length};
}

std::string TickLabel(int64_t unix_ms, int64_t step_ms, bool new_day) {
  const std::tm local = LocalTime(unix_ms);
  if (step_ms >= kDay) return DateText(local);
  if (new_day && local.tm_hour == 0 && local.tm_min == 0 && local.tm_sec == 0) {
    return DateText(local);
  }
  if (step_ms >= kMinute) return fmt::format("{:02}:{:02}", local.tm_hour, local.tm_min);
  const std::string text =
      fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
  return step_ms >= kSecond ? text : fmt::format("{}.{:03}", text, unix_ms % kSecond);
}

// Below, a step is lost in the rounding of the values.
constexpr double kLeastShare = 1e-12;
constexpr double kLeastSpan = 1e-290;
// Beyond, a step could be infinite.
constexpr double kMostSpan = 1e290;

std::vector<ValueTick> TicksWithin(double low, double high, double step, double largest,
                                   PlotUnit unit) {
  std::vector<ValueTick> ticks;
  for (double i = std::ceil(low / step - 1e-9); i <= high / step + 1e-9; ++i) {
    ticks.push_back({std::clamp(i * step, low, high), FormatTick(i * step, step, largest, unit)});
  }
  return ticks;
}

}  // namespace

ValueAxis MakeValueAxis(double low, double high, int max_ticks, PlotUnit unit) {
  if (low == high) {
    const double margin = low == 0 ? 1 : std::fabs(low) * 0.1;
    low = low > 0 ? std::max(0., low - margin) : low - margin;
    high += margin;
  }
  if (low > 0 && low < 0.5 * high) low = 0;
  if (high < 0 && high > 0.5 * low) high = 0;
  ValueAxis axis{low, high, {}};
  const double largest = std::max(std::fabs(low), std::fabs(high));
  const double span = high - low;
  if (span < kMostSpan && span > largest * kLeastShare && span > kLeastSpan) {
    double distance = span / (max_ticks - 1);
    while (axis.ticks.size() < 2) {
      axis.ticks = TicksWithin(low, high, NiceStep(distance, unit), largest, unit);
      distance /= 2;
    }
    return axis;
  }
  axis.ticks = {{low, FormatQuantity(low, unit)}, {high, FormatQuantity(high, unit)}};
  return axis;
}

std::vector<TimeTick> MakeTimeTicks(int64_t start_ms, int64_t end_ms, int64_t min_gap_ms) {
  const auto found = std::lower_bound(kTimeSteps.begin(), kTimeSteps.end(), min_gap_ms);
  int64_t step_ms = found == kTimeSteps.end() ? kTimeSteps.back() : *found;
  while (step_ms < min_gap_ms) step_ms *= 2;
  std::vector<TimeTick> ticks;
  const bool many_days = LocalTime(start_ms).tm_yday != LocalTime(end_ms).tm_yday;
  // Round in local time, whose distance from UTC may change on the way.
  int64_t local_ms = start_ms + OffsetMs(start_ms);
  local_ms = (local_ms + step_ms - 1) / step_ms * step_ms;
  for (;; local_ms += step_ms) {
    int64_t time_ms = local_ms - OffsetMs(start_ms);
    time_ms = local_ms - OffsetMs(time_ms);
    if (time_ms > end_ms) break;
    if (time_ms < start_ms || (!ticks.empty() && time_ms <= ticks.back().time_ms)) continue;
    ticks.push_back({time_ms, TickLabel(time_ms, step_ms, many_days)});
  }
  return ticks;
}

std::string TimeZoneName(int64_t unix_ms) {
  const std::tm local = LocalTime(unix_ms);
  return local.tm_zone == nullptr ? "" : local.tm_zone;
}

}  // namespace vigil::cli
