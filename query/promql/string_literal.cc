// SPDX-License-Identifier: Apache-2.0
#include "query/promql/string_literal.h"

#include <algorithm>
#include <charconv>
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

// The character that `\c` stands for, if it is one of the simple escapes.
std::optional<char> SimpleEscape(char c) {
  constexpr std::string_view kNames = "abfnrtv\\'\"";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
  const size_t at = kNames.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return kMeanings[at];
}

// Reads exactly `count` digits from the front of `*rest`.
std::optional<uint32_t> TakeDigits(std::string_view* rest, size_t count, int base) {
  uint32_t value = 0;
  const char* const end = rest->data() + std::min(count, rest->size());
  const auto result = std::from_chars(rest->data(), end, value, base);
  if (rest->size() < count || result.ptr != end || result.ec != std::errc()) return std::nullopt;
  rest->remove_prefix(count);
  return value;
}

// Decodes the escape behind a backslash at the front of `*rest` and moves on.
absl::Status DecodeEscape(std::string_view* rest, std::string* out) {
  const char kind = rest->front();
  if (const std::optional<char> simple = SimpleEscape(kind)) {
    *out += *simple;
    rest->remove_prefix(1);
    return absl::OkStatus();
  }
  std::optional<uint32_t> code;
  if (kind >= '0' && kind <= '7') {
    code = TakeDigits(rest, 3, 8);
  } else if (kind == 'x' || kind == 'u' || kind == 'U') {
    rest->remove_prefix(1);
    code = TakeDigits(rest, kind == 'x' ? 2 : kind == 'u' ? 4 : 8, 16);
  } else {
    return absl::InvalidArgumentError(fmt::format("unknown escape sequence \\{}", kind));
  }
  if (!code.has_value()) {
    return absl::InvalidArgumentError("escape sequence with too few or wrong digits");
  }
  if (kind == 'u' || kind == 'U') {
    const bool surrogate = *code >= 0xD800 && *code < 0xE000;
    if (surrogate || *code > kMaxCodePoint) {
      return absl::InvalidArgumentError("escape sequence is an invalid Unicode code point");
    }
    AppendUtf8(*code, out);
    return absl::OkStatus();
  }
  if (*code > 0xFF) return absl::InvalidArgumentError("octal escape sequence is over 255");
  *out += static_cast<char>(*code);
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

absl::StatusOr<std::string> UnquoteLiteral(std::string_view literal) {
  std::string_view rest = literal.substr(1, literal.size() - 2);
  std::string value;
  if (literal.front() == '`') {
    value = rest;
    rest = {};
  }
  while (!rest.empty()) {
    const size_t plain = std::min(rest.find('\\'), rest.size());
    value += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    rest.remove_prefix(1);
    VIGIL_RETURN_IF_ERROR(DecodeEscape(&rest, &value));
  }
  if (!IsValidUtf8(value)) return absl::InvalidArgumentError("invalid UTF-8 in string literal");
  return value;
}

}  // namespace vigil::promql
