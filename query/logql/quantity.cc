// SPDX-License-Identifier: Apache-2.0
#include "query/logql/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include <absl/status/statusor.h>

#include "base/duration.h"
#include "base/strings.h"

namespace vigil::logql {
namespace {

using Unit = std::pair<std::string_view, double>;

constexpr std::array<Unit, 8> kDurationUnits = {{{"ns", 1},
                                                 {"us", 1e3},
                                                 {"\u00b5s", 1e3},
                                                 {"\u03bcs", 1e3},
                                                 {"ms", 1e6},
                                                 {"s", 1e9},
                                                 {"m", 60e9},
                                                 {"h", 3600e9}}};

constexpr std::array<Unit, 12> kByteUnits = {{{"", 1},
                                              {"b", 1},
                                              {"kb", 1e3},
                                              {"kib", 0x1p10},
                                              {"mb", 1e6},
                                              {"mib", 0x1p20},
                                              {"gb", 1e9},
                                              {"gib", 0x1p30},
                                              {"tb", 1e12},
                                              {"tib", 0x1p40},
                                              {"pb", 1e15},
                                              {"pib", 0x1p50}}};

template <size_t Size>
std::optional<double> FactorOf(const std::array<Unit, Size>& units, std::string_view name) {
  for (const auto& [unit, factor] : units) {
    if (unit == name) return factor;
  }
  return std::nullopt;
}

constexpr std::string_view kNumberBytes = "0123456789.";

// Takes a decimal number without sign and exponent from the front of `*text`.
std::optional<double> TakeDecimal(std::string_view* text) {
  const size_t length = std::min(text->find_first_not_of(kNumberBytes), text->size());
  double value = 0;
  const auto result =
      std::from_chars(text->data(), text->data() + length, value, std::chars_format::fixed);
  if (length == 0 || result.ec != std::errc() || result.ptr != text->data() + length) {
    return std::nullopt;
  }
  text->remove_prefix(length);
  return value;
}

}  // namespace

std::optional<Quantity> ParseQuantity(std::string_view text) {
  if (const auto number = ParseFloat(text)) return Quantity{QuantityKind::kNumber, *number};
  if (const auto ns = ParseGoDurationNs(text)) return Quantity{QuantityKind::kDuration, *ns};
  if (const absl::StatusOr<int64_t> ms = ParseDurationMs(text); ms.ok()) {
    return Quantity{QuantityKind::kDuration, static_cast<double>(*ms) * 1e6};
  }
  if (const auto bytes = ParseBytes(text)) return Quantity{QuantityKind::kBytes, *bytes};
  return std::nullopt;
}

std::optional<double> ParseGoDurationNs(std::string_view text) {
  const bool negative = text.starts_with("-");
  if (negative || text.starts_with("+")) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::optional<double> count = TakeDecimal(&text);
    if (!count.has_value()) return std::nullopt;
    const std::string_view unit = text.substr(0, text.find_first_of(kNumberBytes));
    const std::optional<double> factor = FactorOf(kDurationUnits, unit);
    if (!factor.has_value()) return std::nullopt;
    total += *count * *factor;
    text.remove_prefix(unit.size());
  }
  return negative ? -total : total;
}

std::optional<double> ParseBytes(std::string_view text) {
  const std::optional<double> count = TakeDecimal(&text);
  if (!count.has_value()) return std::nullopt;
  if (text.starts_with(" ")) text.remove_prefix(1);
  const std::optional<double> factor = FactorOf(kByteUnits, ToLower(text));
  return factor.has_value() ? std::optional(*count * *factor) : std::nullopt;
}

std::optional<double> ParseFloat(std::string_view text) {
  double value = 0;
  return ParseDouble(text, &value) ? std::optional(value) : std::nullopt;
}

}  // namespace vigil::logql
