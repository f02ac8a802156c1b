// SPDX-License-Identifier: Apache-2.0
#include "query/promql/number_literal.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <utility>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "base/duration.h"
#include "base/strings.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

constexpr uint64_t kLargestInteger = std::numeric_limits<int64_t>::max();

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
std::optional<double> ParseInteger(std::string_view digits, uint64_t base) {
  uint64_t value = 0;
  for (const char c : digits) {
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto digit = static_cast<uint64_t>(IsDigit(lower) ? lower - '0'
                                             : lower >= 'a' ? lower - 'a' + 10
                                                            : 99);
    if (digit >= base || value > (kLargestInteger - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return digits.empty() ? std::nullopt : std::optional(static_cast<double>(value));
}

// Walks over what may be a number as Prometheus does, so that errors show the same piece of text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  NumberScan Run() {
    if (Number()) return {NumberScan::Kind::kNumber, at_};
    if (Duration()) return {NumberScan::Kind::kDuration, at_};
    return {NumberScan::Kind::kNeither, at_};
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool AtEnd() const { return at_ == text_.size(); }
  bool Accept(std::string_view any) {
    if (AtEnd() || any.find(Peek()) == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  bool WordGoesOn() const { return !AtEnd() && (IsAlphanumeric(Peek()) || Peek() == '_'); }

  bool Number() {
    if (Accept("0") && Accept("xX")) {
      digits_ = "0123456789abcdefABCDEF";
      hexadecimal_ = true;
      Accept("_");
    }
    Accept(".");
    Accept(digits_);
    while (true) {
      if (Accept(digits_)) continue;
      if (Accept("_")) {
        if (AtEnd() || Accept("._eE")) return false;
      } else if (Accept(".")) {
        if (hexadecimal_ || std::exchange(dot_seen_, true) || Accept("._")) return false;
      } else if (!hexadecimal_ && Accept("eE")) {
        if (std::exchange(exponent_seen_, true)) return false;
        Accept("+-");
        if (AtEnd() || Accept("._eE")) return false;
      } else {
        return !WordGoesOn();
      }
    }
  }

  // The unit behind what Number took, and what may follow; years only come first.
  bool Duration() {
    if (!Accept("smhdwy")) return false;
    Accept("s");  // Of milliseconds; other units do not go with it, as will be found later.
    while (Accept(kDecimals)) {
      while (Accept(kDecimals)) {
      }
      if (!Accept("smhdw")) return false;
      Accept("s");
    }
    if (!WordGoesOn()) return true;
    ++at_;
    return false;
  }

  static constexpr std::string_view kDecimals = "0123456789";

  const std::string_view text_;
  size_t at_ = 0;
  std::string_view digits_ = kDecimals;
  bool hexadecimal_ = false;
  bool dot_seen_ = false;
  bool exponent_seen_ = false;
};

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

NumberScan ScanNumber(std::string_view text) { return Scanner(text).Run(); }

std::string DurationFault(std::string_view text) {
  constexpr std::array<std::string_view, 7> kUnits = {"y", "w", "d", "h", "m", "s", "ms"};
  const std::string invalid = "not a valid duration string: " + storage::Quote(text);
  std::string_view rest = text;
  for (auto next = kUnits.begin(); !rest.empty();) {
    const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 0) return invalid;
    rest.remove_prefix(digits);
    const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789"));
    rest.remove_prefix(unit.size());
    if (std::find(kUnits.begin(), kUnits.end(), unit) == kUnits.end()) {
      if (unit.empty()) return invalid;
      return fmt::format("unknown unit {} in duration {}", storage::Quote(unit),
                         storage::Quote(text));
    }
    next = std::find(next, kUnits.end(), unit);
    if (next++ == kUnits.end()) return invalid;
  }
  const absl::StatusOr<int64_t> duration_ms = ParseDurationMs(text);
  return duration_ms.ok() && *duration_ms <= kMaxDurationMs ? "" : "duration out of range";
}

}  // namespace vigil::promql
