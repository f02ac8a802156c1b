// SPDX-License-Identifier: Apache-2.0
#include "cli/text/display.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::cli {
namespace {

struct CodePoints {
  char32_t first;
  char32_t last;
};

// Unicode's combining marks and invisible characters, as far as terminals agree on them.
constexpr std::array<CodePoints, 21> kZeroWidth = {{
    {0x0300, 0x036F},   {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF}, {0x05C1, 0x05C2},
    {0x05C4, 0x05C5},   {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0670, 0x0670}, {0x06D6, 0x06DC},
    {0x093C, 0x093C},   {0x0941, 0x0948}, {0x094D, 0x094D}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A},
    {0x0E47, 0x0E4E},   {0x200B, 0x200F}, {0x20D0, 0x20F0}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
    {0xE0100, 0xE01EF},
}};

// East Asian wide and full-width characters, and pictures.
constexpr std::array<CodePoints, 16> kDoubleWidth = {{
    {0x1100, 0x115F},
    {0x231A, 0x231B},
    {0x23E9, 0x23EC},
    {0x2E80, 0x303E},
    {0x3041, 0x33FF},
    {0x3400, 0x4DBF},
    {0x4E00, 0xA4CF},
    {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F},
    {0x1F680, 0x1FAFF},
    {0x20000, 0x3FFFD},
}};

// What changes the direction of writing: text could pose as other text.
constexpr std::array<CodePoints, 4> kDirections = {
    {{0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}}};

template <size_t kCount>
bool IsIn(const std::array<CodePoints, kCount>& table, char32_t c) {
  return std::any_of(table.begin(), table.end(),
                     [c](const CodePoints& range) { return c >= range.first && c <= range.last; });
}

// The character at the front of `text`, which is moved behind it. Bytes that are not UTF-8 come out
// as something, one at least.
char32_t TakeCharacter(std::string_view* text) {
  const auto first = static_cast<unsigned char>(text->front());
  size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  length = std::min(length, text->size());
  char32_t c = length == 1 ? first : first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) c = c << 6 | (static_cast<unsigned char>((*text)[i]) & 0x3F);
  text->remove_prefix(length);
  return c;
}

size_t WidthOf(char32_t c) {
  if (c < 0x300) return 1;
  return IsIn(kZeroWidth, c) ? 0 : IsIn(kDoubleWidth, c) ? 2 : 1;
}

}  // namespace

std::string Printable(std::string_view text) {
  const std::string valid = ReplaceInvalidUtf8(text);
  std::string clean;
  for (std::string_view rest = valid; !rest.empty();) {
    const std::string_view before = rest;
    const char32_t c = TakeCharacter(&rest);
    if (c == '\n') {
      clean += "\\n";
    } else if (c == '\t') {
      clean += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      clean += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
    } else if ((c >= 0x80 && c < 0xA0) || IsIn(kDirections, c)) {
      clean += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      clean += before.substr(0, before.size() - rest.size());
    }
  }
  return clean;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) width += WidthOf(TakeCharacter(&text));
  return width;
}

std::string_view Front(std::string_view text, size_t width) {
  std::string_view rest = text;
  for (size_t used = 0; !rest.empty();) {
    std::string_view behind = rest;
    used += WidthOf(TakeCharacter(&behind));
    if (used > width) break;
    rest = behind;
  }
  return text.substr(0, text.size() - rest.size());
}

std::string_view Back(std::string_view text, size_t width) {
  size_t left = DisplayWidth(text);
  // An accent does not stay behind without its letter.
  while (!text.empty() && left > width) left -= WidthOf(TakeCharacter(&text));
  for (std::string_view rest = text; !rest.empty() && WidthOf(TakeCharacter(&rest)) == 0;) {
    text = rest;
  }
  return text;
}

std::string Shorten(std::string_view text, size_t width, bool unicode) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const std::string_view ellipsis = unicode ? "\u2026" : "..";
  const size_t dots = unicode ? 1 : 2;
  if (width <= dots) return std::string(width, '.');
  const size_t tail_width = (width - dots) / 3;
  return fmt::format("{}{}{}", Front(text, width - dots - tail_width), ellipsis,
                     Back(text, tail_width));
}

std::string PadRight(std::string_view text, size_t width) {
  const size_t used = DisplayWidth(text);
  return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string PadLeft(std::string_view text, size_t width) {
  const size_t used = DisplayWidth(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

std::string Plural(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string ReadableBytes(double bytes) {
  constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  // What would be printed as 1024 of a unit is one of the next.
  while (std::fabs(bytes) >= 1023.95 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.4g} {}", bytes, kUnits[unit]);
}

}  // namespace vigil::cli
