// SPDX-License-Identifier: Apache-2.0
#include "base/byte_size.h"

#include <array>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil {
namespace {

constexpr std::string_view kPrefixes = "kmgt";
constexpr double kMaxBytes = static_cast<double>(uint64_t{1} << 62);

// What a unit stands for; 0 if it is none.
double UnitOf(std::string_view unit) {
  const std::string lower = ToLower(unit);
  if (lower.empty() || lower == "b") return 1;
  const size_t prefix = kPrefixes.find(lower[0]);
  if (prefix == std::string_view::npos) return 0;
  const std::string_view rest = std::string_view(lower).substr(1);
  if (rest != "" && rest != "b" && rest != "ib") return 0;
  double factor = 1;
  for (size_t i = 0; i <= prefix; ++i) factor *= rest == "b" ? 1000 : 1024;
  return factor;
}

}  // namespace

absl::StatusOr<uint64_t> ParseByteSize(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  const size_t end = trimmed.find_first_not_of("0123456789.");
  const std::string_view number = trimmed.substr(0, end);
  const std::string_view unit =
      end == std::string_view::npos ? std::string_view() : Trim(trimmed.substr(end));
  double value = 0;
  const double factor = UnitOf(unit);
  if (number.empty() || factor == 0 || !ParseDouble(number, &value)) {
    return absl::InvalidArgumentError(fmt::format(
        "\"{}\" is no size: write bytes, or a number with KB, MB, GB, KiB, MiB or GiB", text));
  }
  if (value * factor < 1 || value * factor > kMaxBytes) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is out of range for a size", text));
  }
  return static_cast<uint64_t>(value * factor);
}

std::string FormatByteSize(uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.4g} {}", value, kUnits[unit]);
}

}  // namespace vigil
