// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/literal.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::text_template {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

bool IsCodePoint(uint32_t value) { return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF); }

absl::Status BadEscape(std::string_view quoted) {
  return absl::InvalidArgumentError(fmt::format("invalid escape in {}", quoted));
}

// Reads `count` digits of `base` off the front of `*text`.
bool TakeDigits(std::string_view* text, size_t count, int base, uint32_t* value) {
  if (text->size() < count) return false;
  const char* const end = text->data() + count;
  const auto result = std::from_chars(text->data(), end, *value, base);
  if (result.ec != std::errc() || result.ptr != end) return false;
  text->remove_prefix(count);
  return true;
}

char SimpleEscape(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return '\0';
  }
}

// Reads what stands behind a backslash. `\x` and octal escapes are bytes, `\u` and `\U` code
// points.
bool TakeEscape(std::string_view* text, char quote, std::string* out) {
  if (text->empty()) return false;
  const char c = text->front();
  uint32_t value = 0;
  if (c >= '0' && c <= '7') {
    if (!TakeDigits(text, 3, 8, &value) || value > 0xFF) return false;
    out->push_back(static_cast<char>(value));
    return true;
  }
  text->remove_prefix(1);
  if (c == '\\' || c == quote) {
    out->push_back(c);
  } else if (c == 'x') {
    if (!TakeDigits(text, 2, 16, &value)) return false;
    out->push_back(static_cast<char>(value));
  } else if (c == 'u' || c == 'U') {
    if (!TakeDigits(text, c == 'u' ? 4 : 8, 16, &value) || !IsCodePoint(value)) return false;
    AppendUtf8(value, out);
  } else {
    if (SimpleEscape(c) == '\0') return false;
    out->push_back(SimpleEscape(c));
  }
  return true;
}

bool Unescape(std::string_view body, char quote, std::string* out) {
  while (!body.empty()) {
    const char c = body.front();
    body.remove_prefix(1);
    if (c == '\\') {
      if (!TakeEscape(&body, quote, out)) return false;
    } else {
      out->push_back(c);
    }
  }
  return true;
}

// Without underscores; nullopt-like false when one does not stand between digits.
bool StripUnderscores(std::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out->push_back(text[i]);
    } else if (i == 0 || i + 1 == text.size() || text[i - 1] == '_') {
      return false;
    }
  }
  return true;
}

bool ParseInteger(std::string_view digits, bool negative, int64_t* value) {
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char prefix = static_cast<char>(digits[1] | 0x20);
    base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : 8;
    digits.remove_prefix(prefix == 'x' || prefix == 'b' || prefix == 'o' ? 2 : 1);
  }
  uint64_t magnitude = 0;
  const char* const end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, magnitude, base);
  if (digits.empty() || result.ec != std::errc() || result.ptr != end) return false;
  constexpr uint64_t kLimit = uint64_t{1} << 63;
  if (magnitude > (negative ? kLimit : kLimit - 1)) return false;
  *value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

}  // namespace

absl::StatusOr<std::string> UnquoteString(std::string_view quoted) {
  const std::string_view body = quoted.substr(1, quoted.size() - 2);
  std::string text;
  if (quoted.front() == '`') {
    for (const char c : body) {
      if (c != '\r') text.push_back(c);
    }
    return text;
  }
  if (!Unescape(body, '"', &text)) return BadEscape(quoted);
  return text;
}

absl::StatusOr<Value> ParseChar(std::string_view quoted) {
  std::string_view body = quoted.substr(1, quoted.size() - 2);
  std::string text;
  if (!Unescape(body, '\'', &text)) return BadEscape(quoted);
  // An escaped byte stands for the code point of its number.
  if (text.size() == 1) return Value(int64_t{static_cast<unsigned char>(text[0])});
  std::string_view rest = text;
  if (!rest.empty()) {
    const uint32_t code_point = TakeUtf8(&rest);
    if (rest.empty()) return Value(int64_t{code_point});
  }
  return absl::InvalidArgumentError(fmt::format("malformed character constant: {}", quoted));
}

absl::StatusOr<Value> ParseNumber(std::string_view text) {
  const auto bad = [text] {
    return absl::InvalidArgumentError(fmt::format("bad number syntax: \"{}\"", text));
  };
  std::string plain;
  if (!StripUnderscores(text, &plain)) return bad();
  std::string_view digits = plain;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits[0] == '+' || digits[0] == '-') return bad();
  int64_t integer = 0;
  if (ParseInteger(digits, negative, &integer)) return Value(integer);
  const bool hex = digits.size() > 1 && digits[0] == '0' && (digits[1] | 0x20) == 'x';
  if (digits.find_first_of(hex ? ".pP" : ".eE") == std::string_view::npos) {
    const bool all_digits = digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (!all_digits || digits[0] == '0') return bad();
    return absl::InvalidArgumentError(fmt::format("integer overflow: \"{}\"", text));
  }
  double number = 0;
  if (digits.find_first_not_of(hex ? "0123456789abcdefABCDEFxXpP.+-" : "0123456789eE.+-") !=
          std::string_view::npos ||
      !ParseDouble(plain, &number) || !std::isfinite(number)) {
    return bad();
  }
  return Value(number);
}

void AppendUtf8(uint32_t code_point, std::string* out) {
  if (!IsCodePoint(code_point)) code_point = kReplacement;
  const auto push = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
    push(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    push(0xE0 | code_point >> 12);
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  } else {
    push(0xF0 | code_point >> 18);
    push(0x80 | (code_point >> 12 & 0x3F));
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  }
}

uint32_t TakeUtf8(std::string_view* text) {
  const auto first = static_cast<unsigned char>(text->front());
  const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 1 || text->size() < length || !IsValidUtf8(text->substr(0, length))) {
    text->remove_prefix(1);
    return first < 0x80 ? first : kReplacement;
  }
  uint32_t code_point = first & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    code_point = code_point << 6 | (static_cast<unsigned char>((*text)[i]) & 0x3F);
  }
  text->remove_prefix(length);
  return code_point;
}

}  // namespace vigil::text_template
