// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/humanize.h"

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "alerting/template/go_format.h"

namespace vigil::text_template {
namespace {

constexpr int kDigits = 4;
constexpr std::string_view kLarge[] = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::string_view kLarge1024[] = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
constexpr std::string_view kSmall[] = {"m", "u", "n", "p", "f", "a", "z", "y"};

std::string FourDigits(double value) { return FormatFloat(value, 'g', kDigits); }

std::string ScaleDown(double value, double base, std::span<const std::string_view> prefixes) {
  std::string_view prefix;
  for (const std::string_view next : prefixes) {
    if (std::fabs(value) < base) break;
    prefix = next;
    value /= base;
  }
  return FourDigits(value).append(prefix);
}

std::string ScaleUp(double value) {
  std::string_view prefix;
  for (const std::string_view next : kSmall) {
    if (std::fabs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return FourDigits(value).append(prefix);
}

}  // namespace

std::string Humanize(double value) {
  if (value == 0 || !std::isfinite(value)) return FourDigits(value);
  return std::fabs(value) >= 1 ? ScaleDown(value, 1000, kLarge) : ScaleUp(value);
}

std::string Humanize1024(double value) {
  if (std::fabs(value) <= 1 || !std::isfinite(value)) return FourDigits(value);
  return ScaleDown(value, 1024, kLarge1024);
}

std::string HumanizeDuration(double seconds) {
  if (!std::isfinite(seconds)) return FourDigits(seconds);
  if (seconds == 0) return FourDigits(seconds) + "s";
  if (std::fabs(seconds) < 1) return ScaleUp(seconds) + "s";
  const std::string_view sign = seconds < 0 ? "-" : "";
  const double magnitude = std::fabs(seconds);
  // What does not fit becomes the least number, as on the machines that Prometheus runs on.
  const int64_t whole = magnitude < 0x1p63 ? static_cast<int64_t>(magnitude) : INT64_MIN;
  const int64_t second = whole % 60;
  const int64_t minute = whole / 60 % 60;
  const int64_t hour = whole / 3600 % 24;
  const int64_t day = whole / 86400;
  if (day != 0) return fmt::format("{}{}d {}h {}m {}s", sign, day, hour, minute, second);
  if (hour != 0) return fmt::format("{}{}h {}m {}s", sign, hour, minute, second);
  if (minute != 0) return fmt::format("{}{}m {}s", sign, minute, second);
  return fmt::format("{}{}s", sign, FourDigits(magnitude));
}

std::string HumanizePercentage(double ratio) { return FourDigits(ratio * 100) + "%"; }

}  // namespace vigil::text_template
