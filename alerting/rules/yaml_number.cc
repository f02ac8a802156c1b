// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/yaml_number.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "base/strings.h"

namespace vigil::alerting {
namespace {

struct Sign {
  bool negative;
  std::string_view rest;
};

Sign TakeSign(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return {negative, text};
}

std::string WithoutUnderscores(std::string_view text) {
  std::string plain(text);
  std::erase(plain, '_');
  return plain;
}

// The base of an integer by its prefix, which is taken off.
int TakeBase(std::string_view* digits) {
  constexpr std::string_view kHex = "xX";
  constexpr std::string_view kBinary = "bB";
  constexpr std::string_view kOctal = "oO";
  if (digits->size() < 2 || digits->front() != '0') return 10;
  const char kind = (*digits)[1];
  const auto is = [kind](std::string_view letters) {
    return letters.find(kind) != std::string_view::npos;
  };
  const bool letter = is(kHex) || is(kBinary) || is(kOctal);
  digits->remove_prefix(letter ? 2 : 1);
  return is(kHex) ? 16 : is(kBinary) ? 2 : 8;
}

// Lower case, capitals, or lower case behind a capital.
bool IsWord(std::string_view text, std::string_view lower) {
  if (ToLower(text) != lower) return false;
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const size_t capitals = std::count_if(text.begin(), text.end(), is_capital);
  const size_t letters = std::count_if(
      text.begin(), text.end(), [&](char c) { return is_capital(c) || (c >= 'a' && c <= 'z'); });
  const std::string_view word = text.starts_with('.') ? text.substr(1) : text;
  return capitals == 0 || capitals == letters || (capitals == 1 && is_capital(word.front()));
}

// "1.5", ".5", "5.", "1e3": what is no integer and no word.
std::optional<double> YamlDecimal(std::string_view text) {
  const std::string_view mantissa = text.substr(0, text.find_first_of("eE"));
  const bool has_digit = mantissa.find_first_of("0123456789") != std::string_view::npos;
  if (!has_digit || text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) {
    return std::nullopt;
  }
  double number = 0;
  if (!ParseDouble(text, &number)) return std::nullopt;
  return number;
}

}  // namespace

bool IsPlain(const YAML::Node& node) {
  // Quoted scalars and blocks have the tag "!".
  return node.IsScalar() && node.Tag() != "!";
}

std::optional<int64_t> YamlInteger(std::string_view text) {
  if (text.empty() || text.front() == '_') return std::nullopt;
  const std::string plain = WithoutUnderscores(text);
  auto [negative, digits] = TakeSign(plain);
  if (digits == "0") return 0;
  const int base = TakeBase(&digits);
  uint64_t magnitude = 0;
  const char* const end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, magnitude, base);
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (result.ec != std::errc() || result.ptr != end || magnitude > kMax) return std::nullopt;
  return negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
}

std::optional<double> YamlNumber(std::string_view text) {
  if (const std::optional<int64_t> integer = YamlInteger(text); integer.has_value()) {
    return static_cast<double>(*integer);
  }
  const auto [negative, magnitude] = TakeSign(text);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (IsWord(magnitude, ".inf")) return negative ? -kInfinity : kInfinity;
  if (magnitude == text && (IsWord(text, ".nan") || text == ".NaN"))
    return std::numeric_limits<double>::quiet_NaN();
  return YamlDecimal(WithoutUnderscores(text));
}

std::optional<bool> YamlBool(std::string_view text) {
  for (const std::string_view word : {"true", "yes", "on", "y"}) {
    if (IsWord(text, word)) return true;
  }
  for (const std::string_view word : {"false", "no", "off", "n"}) {
    if (IsWord(text, word)) return false;
  }
  return std::nullopt;
}

}  // namespace vigil::alerting
