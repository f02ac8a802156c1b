// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/format_value.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "alerting/template/go_format.h"
#include "alerting/template/literal.h"
#include "storage/series/labels.h"

namespace vigil::text_template {
namespace {

size_t CountCodePoints(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

void AppendPadded(const FormatSpec& spec, std::string_view text, std::string* out) {
  const size_t length = CountCodePoints(text);
  const size_t width = std::max(0, spec.width.value_or(0));
  const size_t padding = width > length ? width - length : 0;
  if (spec.minus) {
    out->append(text).append(padding, ' ');
  } else {
    out->append(padding, spec.zero ? '0' : ' ').append(text);
  }
}

// Zeros go between sign and digits, spaces before the sign.
void AppendNumber(const FormatSpec& spec, std::string_view sign, std::string_view digits,
                  std::string* out) {
  const size_t length = sign.size() + digits.size();
  const size_t width = std::max(0, spec.width.value_or(0));
  if (spec.zero && !spec.minus && width > length) {
    out->append(sign).append(width - length, '0').append(digits);
  } else {
    FormatSpec blank = spec;
    blank.zero = false;
    AppendPadded(blank, fmt::format("{}{}", sign, digits), out);
  }
}

std::string_view SignText(const FormatSpec& spec, bool negative) {
  if (negative) return "-";
  return spec.plus ? "+" : spec.space ? " " : "";
}

void AppendBadVerb(const FormatSpec& spec, const Value& value, std::string* out) {
  if (value.IsNil()) {
    *out += fmt::format("%!{}(<nil>)", spec.verb);
  } else {
    *out += fmt::format("%!{}({}={})", spec.verb, TypeName(value), ToText(value));
  }
}

std::string QuoteText(const FormatSpec& spec, std::string_view text) {
  const bool raw = spec.sharp && text.find_first_of("`\n\r") == std::string_view::npos;
  if (raw) return fmt::format("`{}`", text);
  std::string quoted = storage::Quote(text);
  if (!spec.plus) return quoted;
  std::string ascii;
  for (std::string_view rest = quoted; !rest.empty();) {
    const uint32_t code_point = TakeUtf8(&rest);
    ascii += code_point < 0x80      ? std::string(1, static_cast<char>(code_point))
             : code_point < 0x10000 ? fmt::format("\\u{:04x}", code_point)
                                    : fmt::format("\\U{:08x}", code_point);
  }
  return ascii;
}

std::string HexText(const FormatSpec& spec, std::string_view text, bool upper) {
  std::string hex;
  const std::string_view prefix = !spec.sharp ? "" : upper ? "0X" : "0x";
  if (spec.sharp && !text.empty()) hex += prefix;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (spec.space && i > 0) hex.append(" ").append(prefix);
    hex += upper ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
  }
  return hex;
}

std::string_view FirstCodePoints(std::string_view text, std::optional<int> limit) {
  if (!limit.has_value()) return text;
  std::string_view rest = text;
  for (int i = 0; i < *limit && !rest.empty(); ++i) TakeUtf8(&rest);
  return text.substr(0, text.size() - rest.size());
}

void AppendString(const FormatSpec& spec, const Value& value, std::string* out) {
  const std::string_view text = FirstCodePoints(value.AsString(), spec.precision);
  switch (spec.verb_char()) {
    case 'v':
      AppendPadded(spec, spec.sharp ? storage::Quote(text) : std::string(text), out);
      return;
    case 's':
      AppendPadded(spec, text, out);
      return;
    case 'q':
      AppendPadded(spec, QuoteText(spec, text), out);
      return;
    case 'x':
    case 'X': {
      const std::string_view bytes =
          std::string_view(value.AsString()).substr(0, spec.precision.value_or(kMaxWidth * 1000));
      AppendPadded(spec, HexText(spec, bytes, spec.verb_char() == 'X'), out);
      return;
    }
    default:
      AppendBadVerb(spec, value, out);
  }
}

std::string IntDigits(uint64_t magnitude, char verb, bool sharp) {
  switch (verb) {
    case 'b':
      return fmt::format("{}{:b}", sharp ? "0b" : "", magnitude);
    case 'o':
      return fmt::format("{}{:o}", sharp ? "0" : "", magnitude);
    case 'O':
      return fmt::format("0o{:o}", magnitude);
    case 'x':
      return fmt::format("{}{:x}", sharp ? "0x" : "", magnitude);
    case 'X':
      return fmt::format("{}{:X}", sharp ? "0X" : "", magnitude);
    default:
      return fmt::format("{}", magnitude);
  }
}

void AppendInt(const FormatSpec& spec, const Value& value, std::string* out) {
  const int64_t number = value.AsInt();
  const char verb = spec.verb_char();
  const uint32_t code_point = number < 0 || number > 0x10FFFF ? 0xFFFD : number;
  std::string text;
  if (verb == 'c') {
    AppendUtf8(code_point, &text);
    return AppendPadded(spec, text, out);
  }
  if (verb == 'q') {
    AppendUtf8(code_point, &text);
    std::string quoted = code_point == '\''  ? "'\\''"
                         : code_point == '"' ? "'\"'"
                                             : QuoteText(spec, text);
    quoted.front() = quoted.back() = '\'';
    return AppendPadded(spec, quoted, out);
  }
  if (verb == 'U') return AppendPadded(spec, fmt::format("U+{:04X}", number), out);
  if (verb == '\0' || std::string_view("vdboOxX").find(verb) == std::string_view::npos) {
    return AppendBadVerb(spec, value, out);
  }
  const bool negative = number < 0;
  const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(number) : number;
  std::string digits = IntDigits(magnitude, verb, spec.sharp);
  FormatSpec numeric = spec;
  if (spec.precision.has_value()) {
    // A precision is the least number of digits, and switches zero padding off.
    numeric.zero = false;
    if (*spec.precision == 0 && number == 0) digits.clear();
    const size_t least = *spec.precision;
    if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  }
  AppendNumber(numeric, SignText(spec, negative), digits, out);
}

void AppendFloat(const FormatSpec& spec, const Value& value, std::string* out) {
  const double number = value.AsFloat();
  char verb = spec.verb_char();
  int precision = 6;
  if (verb == 'v' || verb == 'g' || verb == 'G') {
    precision = kShortest;
    if (verb == 'v') verb = 'g';
  } else if (verb == '\0' || std::string_view("eEfF").find(verb) == std::string_view::npos) {
    return AppendBadVerb(spec, value, out);
  }
  const std::string text = FormatFloat(std::fabs(number), verb, spec.precision.value_or(precision));
  if (std::isfinite(number)) {
    return AppendNumber(spec, SignText(spec, std::signbit(number)), text, out);
  }
  FormatSpec blank =
      spec;  // Infinities and NaN are not padded with zeros; only they lose their "+".
  blank.zero = false;
  const bool negative = std::isinf(number) && number < 0;
  const std::string_view digits = std::isnan(number) ? "NaN" : "Inf";
  const bool bare_plus = std::isinf(number) && !negative && !spec.space;
  AppendNumber(blank, bare_plus ? "+" : SignText(spec, negative), digits, out);
}

void AppendMembers(const FormatSpec& spec, const Value& value, std::string* out) {
  if (value.kind() == Kind::kList) {
    *out += '[';
    for (size_t i = 0; i < value.AsList().size() && out->size() <= kMaxFormattedBytes; ++i) {
      if (i > 0) *out += ' ';
      AppendValue(spec, value.AsList()[i], out);
    }
    *out += ']';
    return;
  }
  *out += "map[";
  bool first = true;
  for (const auto& [key, item] : value.AsMap().entries) {
    if (out->size() > kMaxFormattedBytes) break;
    if (!std::exchange(first, false)) *out += ' ';
    AppendValue(spec, Value(key), out);
    *out += ':';
    AppendValue(spec, item, out);
  }
  *out += ']';
}

}  // namespace

void AppendValue(const FormatSpec& spec, const Value& value, std::string* out) {
  const char verb = spec.verb_char();
  if (verb == 'T') return AppendPadded(spec, TypeName(value), out);
  if (verb == 'v' && spec.plus) {
    // "%+v" asks for field names in structs, not for signs.
    FormatSpec unsigned_spec = spec;
    unsigned_spec.plus = false;
    return AppendValue(unsigned_spec, value, out);
  }
  switch (value.kind()) {
    case Kind::kNil:
      if (verb == 'v') return AppendPadded(spec, "<nil>", out);
      return AppendBadVerb(spec, value, out);
    case Kind::kBool:
      if (verb != 't' && verb != 'v') return AppendBadVerb(spec, value, out);
      return AppendPadded(spec, value.AsBool() ? "true" : "false", out);
    case Kind::kInt:
      return AppendInt(spec, value, out);
    case Kind::kFloat:
      return AppendFloat(spec, value, out);
    case Kind::kString:
      return AppendString(spec, value, out);
    case Kind::kList:
    case Kind::kMap:
      return AppendMembers(spec, value, out);
    case Kind::kObject: {
      // Texts of the object's own making for text verbs, what it is underneath for the others.
      const bool as_text = std::string_view("vsqxX").find(verb) != std::string_view::npos;
      if (as_text) return AppendString(spec, Value(value.AsObject().ToText()), out);
      const Value underlying = value.AsObject().Underlying();
      if (underlying.IsNil()) return AppendBadVerb(spec, value, out);
      return AppendValue(spec, underlying, out);
    }
    case Kind::kFunction:
      return AppendBadVerb(spec, value, out);
  }
}

}  // namespace vigil::text_template
