// SPDX-License-Identifier: Apache-2.0
#include "query/promql/number_literal.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "base/strings.h"

namespace vigil::promql {
namespace {

constexpr double kIntegersEnd = 9223372036854775808.0;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// `text` without the underscores between its digits; nothing if one stands elsewhere.
std::optional<std::string> WithoutUnderscores(std::string_view text) {
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
    } else if (i == 0 || i + 1 == text.size() || !IsAlphanumeric(text[i - 1]) ||
               !std::isxdigit(static_cast<unsigned char>(text[i + 1]))) {
      return std::nullopt;
    }
  }
  return digits;
}

// Nothing, too, beyond the integers of 64 bits.
std::optional<double> ParseInteger(std::string_view digits, int base) {
  double value = 0;
  for (const char c : digits) {
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    const int digit = IsDigit(lower) ? lower - '0' : lower >= 'a' ? lower - 'a' + 10 : base;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
    if (value >= kIntegersEnd) return std::nullopt;
  }
  return digits.empty() ? std::nullopt : std::optional(value);
}

}  // namespace

std::optional<double> ParseNumber(std::string_view text) {
  if (const std::string lower = ToLower(text); lower == "inf" || lower == "nan") {
    return lower == "inf" ? HUGE_VAL : std::nan("");
  }
  if (text.empty() || !(IsDigit(text[0]) || text[0] == '.')) return std::nullopt;
  const std::optional<std::string> digits = WithoutUnderscores(text);
  if (!digits.has_value()) return std::nullopt;
  const std::string_view plain = *digits;
  if (plain.starts_with("0x") || plain.starts_with("0X")) {
    return ParseInteger(plain.substr(2), 16);
  }
  if (plain.size() > 1 && plain[0] == '0') {
    if (const std::optional<double> octal = ParseInteger(plain, 8)) return octal;
  }
  double value = 0;
  return ParseDouble(plain, &value) ? std::optional(value) : std::nullopt;
}

}  // namespace vigil::promql
