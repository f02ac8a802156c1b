// SPDX-License-Identifier: Apache-2.0
#include "cli/transfer/sample_value.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::cli {
namespace {

constexpr uint64_t kStaleBits = 0x7FF0000000000002;
constexpr std::string_view kStaleText = "StaleNaN";
constexpr std::string_view kBitsPrefix = "NaN:";
constexpr size_t kBitsDigits = 16;

}  // namespace

std::string ValueText(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // Readers that take numbers without a point for integers would lose the sign of "-0".
  if (value == 0 && std::signbit(value)) return "-0.0";
  if (!std::isnan(value)) return fmt::format("{}", value);
  const auto bits = std::bit_cast<uint64_t>(value);
  if (bits == kStaleBits) return std::string(kStaleText);
  if (bits == std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN())) return "NaN";
  return fmt::format("{}{:016x}", kBitsPrefix, bits);
}

void AppendJsonValue(double value, std::string* json) {
  if (std::isfinite(value)) {
    *json += ValueText(value);
  } else {
    fmt::format_to(std::back_inserter(*json), "\"{}\"", ValueText(value));
  }
}

bool ParseValueText(std::string_view text, double* value) {
  if (text == kStaleText) {
    *value = std::bit_cast<double>(kStaleBits);
    return true;
  }
  if (text == "NaN") {
    *value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (!text.starts_with(kBitsPrefix)) return ParseDouble(text, value);
  text.remove_prefix(kBitsPrefix.size());
  uint64_t bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  *value = std::bit_cast<double>(bits);
  return text.size() == kBitsDigits && error == std::errc() && end == text.data() + text.size() &&
         std::isnan(*value);
}

}  // namespace vigil::cli
