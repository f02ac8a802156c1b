// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/unit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/strings.h"

namespace vigil::cli {
namespace {

struct Scale {
  double size;
  std::string_view suffix;
};

constexpr std::array<Scale, 9> kDecimal = {{{1e12, "T"},
                                            {1e9, "G"},
                                            {1e6, "M"},
                                            {1e3, "k"},
                                            {1, ""},
                                            {1e-3, "m"},
                                            {1e-6, "u"},
                                            {1e-9, "n"},
                                            {1e-12, "p"}}};
constexpr std::array<Scale, 6> kBinary = {{{0x1p50, " PiB"},
                                           {0x1p40, " TiB"},
                                           {0x1p30, " GiB"},
                                           {0x1p20, " MiB"},
                                           {0x1p10, " KiB"},
                                           {1, " B"}}};
constexpr std::array<Scale, 4> kSubSecond = {{{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}}};
// Beyond, seconds are written as a duration.
constexpr double kDurationsFrom = 60;
constexpr double kMaxDuration = 1e15;

// The first scale that is not above `magnitude`, the last if all are.
template <size_t kCount>
const Scale& ScaleFor(double magnitude, const std::array<Scale, kCount>& scales) {
  // What rounds up to a scale belongs to it.
  const auto found = std::find_if(scales.begin(), scales.end(), [magnitude](const Scale& scale) {
    return magnitude >= scale.size * (1 - 1e-9);
  });
  return found == scales.end() ? scales.back() : *found;
}

// Plain numbers keep their digits as long as they are short: 1500 reads better than 1.5k, 0.05
// better than 50m.
const Scale& PlainScale(double magnitude, double plain_to) {
  constexpr Scale kPlain = {1, ""};
  static const Scale plain = kPlain;
  if (magnitude == 0 || (magnitude >= 1e-3 && magnitude < plain_to)) return plain;
  return ScaleFor(magnitude, kDecimal);
}

const Scale& ScaleOf(double magnitude, PlotUnit unit, double plain_to) {
  static const Scale percent = {0.01, "%"};
  switch (unit) {
    case PlotUnit::kBytes:
      return ScaleFor(magnitude, kBinary);
    case PlotUnit::kSeconds:
      return magnitude == 0 ? kSubSecond.front() : ScaleFor(magnitude, kSubSecond);
    case PlotUnit::kPercent:
      return percent;
    case PlotUnit::kNone:
      break;
  }
  return PlainScale(magnitude, plain_to);
}

bool IsDuration(double magnitude, PlotUnit unit) {
  return unit == PlotUnit::kSeconds && magnitude >= kDurationsFrom && magnitude < kMaxDuration;
}

std::string DurationText(double seconds) {
  return FormatDurationMs(std::llround(seconds) * kMillisPerSecond);
}

// Zeros behind the point say nothing.
std::string TrimZeros(std::string number) {
  if (number.find('.') == std::string::npos) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.ends_with('.')) number.pop_back();
  return number == "-0" ? "0" : number;
}

}  // namespace

std::string FormatQuantity(double value, PlotUnit unit) {
  if (!std::isfinite(value)) return FormatValue(value);
  const double magnitude = std::fabs(value);
  if (IsDuration(magnitude, unit)) return DurationText(value);
  const Scale& scale = ScaleOf(magnitude, unit, 1e4);
  const double scaled = value / scale.size;
  const double digits = scaled == 0 ? 0 : std::floor(std::log10(std::fabs(scaled)));
  const int decimals = std::clamp(3 - static_cast<int>(digits), 0, 6);
  if (std::fabs(digits) > 9) return fmt::format("{:.4g}{}", scaled, scale.suffix);
  return TrimZeros(fmt::format("{:.{}f}", scaled, decimals)) + std::string(scale.suffix);
}

std::string FormatTick(double value, double step, double largest, PlotUnit unit) {
  // Far below the step there are only errors of rounding.
  if (std::fabs(value) < step * 1e-6) return unit == PlotUnit::kPercent ? "0%" : "0";
  if (IsDuration(largest, unit) && step >= 1) return DurationText(value);
  const Scale& scale = ScaleOf(largest, unit, 1e4);
  const double scaled_step = step / scale.size;
  int decimals = 0;
  while (decimals < 9 && std::fabs(scaled_step * std::pow(10, decimals) -
                                   std::round(scaled_step * std::pow(10, decimals))) >
                             1e-6 * scaled_step * std::pow(10, decimals)) {
    ++decimals;
  }
  if (std::fabs(value / scale.size) >= 1e15) {
    return fmt::format("{:.4g}{}", value / scale.size, scale.suffix);
  }
  return fmt::format("{:.{}f}{}", value / scale.size, decimals, scale.suffix);
}

double NiceStep(double least, PlotUnit unit) {
  if (unit == PlotUnit::kBytes && least >= 1) return std::exp2(std::ceil(std::log2(least) - 1e-9));
  if (unit == PlotUnit::kSeconds && least > 20) {
    for (const double seconds : {30., 60., 120., 300., 600., 900., 1800., 3600., 7200., 10800.,
                                 21600., 43200., 86400., 172800., 604800.}) {
      if (seconds >= least) return seconds;
    }
  }
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1., 2., 5.}) {
    if (power * factor >= least * (1 - 1e-9)) return power * factor;
  }
  return power * 10;
}

PlotUnit UnitOfMetric(std::string_view name) {
  if (name.ends_with("_bytes")) return PlotUnit::kBytes;
  if (name.ends_with("_seconds") && !name.ends_with("timestamp_seconds")) {
    return PlotUnit::kSeconds;
  }
  if (name.ends_with("_ratio")) return PlotUnit::kPercent;
  return PlotUnit::kNone;
}

PlotUnit UnitOfQuery(std::string_view query) {
  const std::string_view text = Trim(query);
  // An operator behind the call may make anything of its values.
  if (!text.starts_with("histogram_quantile(") || !text.ends_with(')')) return PlotUnit::kNone;
  int depth = 0;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return PlotUnit::kNone;
  }
  const bool seconds = text.find("_seconds_bucket") != std::string_view::npos;
  const bool bytes = text.find("_bytes_bucket") != std::string_view::npos;
  if (seconds == bytes) return PlotUnit::kNone;
  return seconds ? PlotUnit::kSeconds : PlotUnit::kBytes;
}

}  // namespace vigil::cli
