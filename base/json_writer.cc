// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/strings.h"

namespace vigil {
namespace {

// What is done with a byte: nothing, or an escape of two or six characters.
enum class Escape : uint8_t { kNone, kShort, kUnicode, kHtml, kSeparator };

// How U+2028 and U+2029 begin, which end lines of scripts.
constexpr std::string_view kSeparators = "\xE2\x80";

constexpr std::array<Escape, 256> MakeEscapes() {
  std::array<Escape, 256> escapes = {};
  for (size_t byte = 0; byte < 0x20; ++byte) escapes[byte] = Escape::kUnicode;
  for (const char c : {'"', '\\', '\n', '\r', '\t'}) {
    escapes[static_cast<unsigned char>(c)] = Escape::kShort;
  }
  for (const char c : {'<', '>', '&'}) escapes[static_cast<unsigned char>(c)] = Escape::kHtml;
  escapes[static_cast<unsigned char>(kSeparators[0])] = Escape::kSeparator;
  return escapes;
}
constexpr std::array<Escape, 256> kEscapes = MakeEscapes();

char ShortEscape(char c) {
  switch (c) {
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return c;
  }
}

void AppendUnicode(char c, std::string* out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  *out += "\\u00";
  out->push_back(kDigits[byte >> 4]);
  out->push_back(kDigits[byte & 15]);
}

bool IsSeparator(std::string_view text) {
  return text.starts_with(kSeparators) && (text[2] == '\xA8' || text[2] == '\xA9');
}

// Eight bytes at once, of which each is looked at alone (as in "Bit Twiddling Hacks", S. E.
// Anderson): whether one of them is below `n`, or is `c`. Requires: all are below 0x80.
constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighBits = 0x80 * kOnes;
constexpr bool AnyBelow(uint64_t bytes, uint64_t n) {
  return ((bytes - kOnes * n) & ~bytes & kHighBits) != 0;
}
constexpr bool AnyIs(uint64_t bytes, char c) {
  return AnyBelow(bytes ^ (kOnes * static_cast<unsigned char>(c)), 1);
}

// Whether all eight are ASCII that is written as it is.
constexpr bool IsPlain(uint64_t bytes, bool for_html) {
  const bool special =
      (bytes & kHighBits) != 0 || AnyBelow(bytes, 0x20) || AnyIs(bytes, '"') || AnyIs(bytes, '\\');
  const bool html = for_html && (AnyIs(bytes, '<') || AnyIs(bytes, '>') || AnyIs(bytes, '&'));
  return !special && !html;
}

// Both ways to tell what is written as it is say the same of every ASCII byte.
constexpr bool AgreesWithEscapes() {
  for (uint64_t byte = 0; byte < 0x80; ++byte) {
    const Escape escape = kEscapes[byte];
    if (IsPlain(kOnes * byte, true) != (escape == Escape::kNone)) return false;
    if (IsPlain(kOnes * byte, false) != (escape == Escape::kNone || escape == Escape::kHtml)) {
      return false;
    }
  }
  return true;
}
static_assert(AgreesWithEscapes());

bool IsPlain(std::string_view text, bool for_html) {
  uint64_t bytes = 0;
  for (; text.size() >= sizeof(bytes); text.remove_prefix(sizeof(bytes))) {
    std::memcpy(&bytes, text.data(), sizeof(bytes));
    if (!IsPlain(bytes, for_html)) return false;
  }
  bytes = kOnes * 'a';
  std::memcpy(&bytes, text.data(), text.size());
  return IsPlain(bytes, for_html);
}

void AppendQuoted(std::string_view text, bool for_html, std::string* out) {
  if (IsPlain(text, for_html)) {
    const size_t begin = out->size();
    out->resize(begin + text.size() + 2, '"');
    std::memcpy(out->data() + begin + 1, text.data(), text.size());
    return;
  }
  std::string clean;
  if (!IsValidUtf8(text)) {
    clean = ReplaceInvalidUtf8(text);
    text = clean;
  }
  out->push_back('"');
  size_t copied = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const Escape escape = kEscapes[static_cast<unsigned char>(text[i])];
    if (escape == Escape::kNone || (escape == Escape::kHtml && !for_html)) continue;
    if (escape == Escape::kSeparator && !(for_html && IsSeparator(text.substr(i)))) continue;
    out->append(text, copied, i - copied);
    copied = i + 1;
    if (escape == Escape::kShort) {
      out->push_back('\\');
      out->push_back(ShortEscape(text[i]));
    } else if (escape == Escape::kSeparator) {
      *out += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      copied = i + 3;
    } else {
      AppendUnicode(text[i], out);
    }
  }
  out->append(text, copied);
  out->push_back('"');
}

template <typename Number>
void AppendDigits(Number number, std::string* out) {
  char buffer[32];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), number).ptr);
}

void AppendValue(double value, std::string* out) {
  // Most samples are counts. Beyond 2^53 not every integer is a double; -0 is no integer.
  constexpr double kIntegers = 9007199254740992;
  if (std::fabs(value) < kIntegers && (value != 0 || !std::signbit(value))) {
    const auto integer = static_cast<int64_t>(value);
    if (static_cast<double>(integer) == value) return AppendDigits(integer, out);
  }
  *out += FormatValue(value);
}

}  // namespace

void JsonWriter::Begin(char bracket) {
  Separate();
  out_.push_back(bracket);
  follows_ = false;
}

void JsonWriter::End(char bracket) {
  out_.push_back(bracket);
  follows_ = true;
}

void JsonWriter::Key(std::string_view name) {
  Separate();
  out_.push_back('"');
  out_ += name;
  out_ += "\":";
  follows_ = false;
}

void JsonWriter::EscapedKey(std::string_view name) {
  Separate();
  AppendQuoted(name, false, &out_);
  out_.push_back(':');
  follows_ = false;
}

void JsonWriter::Text(std::string_view text) {
  Separate();
  AppendQuoted(text, true, &out_);
}

void JsonWriter::LabelText(std::string_view text) {
  Separate();
  AppendQuoted(text, false, &out_);
}

void JsonWriter::Int(int64_t number) {
  Separate();
  AppendDigits(number, &out_);
}

void JsonWriter::Number(double number) {
  Separate();
  AppendValue(number, &out_);
}

void JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
}

void JsonWriter::SampleValue(double value) {
  Separate();
  out_.push_back('"');
  AppendValue(value, &out_);
  out_.push_back('"');
}

void JsonWriter::SampleTime(int64_t time_ms) {
  Separate();
  uint64_t magnitude = time_ms;
  if (time_ms < 0) {
    out_.push_back('-');
    magnitude = 0 - magnitude;
  }
  AppendDigits(magnitude / 1000, &out_);
  const auto rest = static_cast<int>(magnitude % 1000);
  if (rest == 0) return;
  out_.push_back('.');
  out_.push_back(static_cast<char>('0' + rest / 100));
  out_.push_back(static_cast<char>('0' + rest / 10 % 10));
  out_.push_back(static_cast<char>('0' + rest % 10));
}

}  // namespace vigil
