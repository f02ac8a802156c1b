// SPDX-License-Identifier: Apache-2.0
#include "query/promql/string_literal.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::promql {
namespace {

constexpr uint32_t kMaxCodePoint = 0x10FFFF;

void AppendUtf8(uint32_t code_point, std::string* out) {
  const auto continuation = [code_point](int shift) {
    return static_cast<char>(0x80 | (code_point >> shift & 0x3F));
  };
  if (code_point < 0x80) {
    *out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *out += static_cast<char>(0xC0 | code_point >> 6);
    *out += continuation(0);
  } else if (code_point < 0x10000) {
    *out += static_cast<char>(0xE0 | code_point >> 12);
    *out += continuation(6);
    *out += continuation(0);
  } else {
    *out += static_cast<char>(0xF0 | code_point >> 18);
    *out += continuation(12);
    *out += continuation(6);
    *out += continuation(0);
  }
}

// The character that `\c` stands for, if it is one of the simple escapes between such quotes.
std::optional<char> SimpleEscape(char c, char quote) {
  constexpr std::string_view kNames = "abfnrtv\\";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
  if (c == quote) return c;
  const size_t at = kNames.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return kMeanings[at];
}

// The character at the front as Go shows it: U+0071 'q'.
std::string ShowCharacter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (!IsValidUtf8(text.substr(0, length))) return "U+FFFD '\xEF\xBF\xBD'";
  uint32_t code = lead < 0x80 ? lead : lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) code = code << 6 | (text[i] & 0x3F);
  const bool printable = code >= 0x20 && code != 0x7F;
  return printable ? fmt::format("U+{:04X} '{}'", code, text.substr(0, length))
                   : fmt::format("U+{:04X}", code);
}

absl::Status EscapeNotTerminated() {
  return absl::InvalidArgumentError("escape sequence not terminated");
}

// Reads exactly `count` digits from the front of `*rest`.
absl::StatusOr<uint32_t> TakeDigits(std::string_view* rest, size_t count, uint32_t base) {
  uint32_t value = 0;
  for (; count > 0; --count) {
    if (rest->empty()) return EscapeNotTerminated();
    const char c = rest->front();
    const auto digit = static_cast<uint32_t>(c >= '0' && c <= '9'   ? c - '0'
                                             : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                             : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                                    : 99);
    if (digit >= base) {
      return absl::InvalidArgumentError(
          fmt::format("illegal character {} in escape sequence", ShowCharacter(*rest)));
    }
    value = value * base + digit;
    rest->remove_prefix(1);
  }
  return value;
}

// Decodes the escape behind a backslash at the front of `*rest` and moves on.
absl::Status DecodeEscape(char quote, std::string_view* rest, std::string* out) {
  if (rest->empty()) return EscapeNotTerminated();
  const char kind = rest->front();
  if (const std::optional<char> simple = SimpleEscape(kind, quote)) {
    *out += *simple;
    rest->remove_prefix(1);
    return absl::OkStatus();
  }
  const bool octal = kind >= '0' && kind <= '7';
  if (!octal && kind != 'x' && kind != 'u' && kind != 'U') {
    return absl::InvalidArgumentError("unknown escape sequence " + ShowCharacter(*rest));
  }
  if (!octal) rest->remove_prefix(1);
  const size_t digits = octal ? 3 : kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
  VIGIL_ASSIGN_OR_RETURN(const uint32_t code, TakeDigits(rest, digits, octal ? 8 : 16));
  const bool code_point = kind == 'u' || kind == 'U';
  const bool surrogate = code_point && code >= 0xD800 && code < 0xE000;
  if (surrogate || code > (code_point ? kMaxCodePoint : 0xFF)) {
    return absl::InvalidArgumentError("escape sequence is an invalid Unicode code point");
  }
  if (code_point) {
    AppendUtf8(code, out);
  } else {
    *out += static_cast<char>(code);
  }
  return absl::OkStatus();
}

}  // namespace

size_t StringLiteralLength(std::string_view text) {
  const char quote = text.front();
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) return i + 1;
    if (quote == '`') continue;
    if (text[i] == '\n') return 0;
    if (text[i] == '\\') ++i;
    if (i < text.size() && text[i] == '\n') return 0;
  }
  return 0;
}

absl::Status UnterminatedLiteral(std::string_view text) {
  const char quote = text.front();
  if (quote == '`') return absl::InvalidArgumentError("unterminated raw string");
  std::string ignored;
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '\n') {
    const bool escape = text.front() == '\\';
    text.remove_prefix(1);
    if (escape) VIGIL_RETURN_IF_ERROR(DecodeEscape(quote, &text, &ignored));
  }
  return absl::InvalidArgumentError("unterminated quoted string");
}

absl::StatusOr<std::string> UnquoteLiteral(std::string_view literal) {
  const char quote = literal.front();
  // With the quote at its end.
  std::string_view rest = literal.substr(1);
  std::string value;
  if (quote == '`') {
    value = rest.substr(0, rest.size() - 1);
    rest = {};
  }
  while (rest.size() > 1) {
    const size_t plain = std::min(rest.find('\\'), rest.size() - 1);
    value += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.size() == 1) break;
    rest.remove_prefix(1);
    VIGIL_RETURN_IF_ERROR(DecodeEscape(quote, &rest, &value));
  }
  if (!IsValidUtf8(value)) return absl::InvalidArgumentError("invalid UTF-8 in string literal");
  return value;
}

}  // namespace vigil::promql
