// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/canvas.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace vigil::cli {
namespace {

// Dots of a character, from top to bottom in its left and its right column.
constexpr std::array<std::array<uint8_t, 4>, 2> kDots = {
    {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};
// ANSI colours that are told apart on light and dark grounds, the strongest first.
constexpr std::array<int, Canvas::kMaxOwners> kColors = {36, 33, 35, 32, 31, 34,
                                                         96, 93, 95, 92, 91, 94};
constexpr int kNoColor = 0;
constexpr int kGroundColor = 90;
constexpr std::array<std::string_view, Canvas::kMaxOwners> kMarks = {"●", "▲", "■", "◆", "○", "△",
                                                                     "□", "◇", "✚", "★", "▼", "✖"};
constexpr std::string_view kLetters = "*+ox#%@&$=~^";
// Marks stand so far apart on a line.
constexpr int kMarkDistance = 12;

// U+2800 plus the dots, in UTF-8.
std::string Braille(uint8_t dots) {
  return {'\xE2', static_cast<char>(0xA0 | (dots >> 6)), static_cast<char>(0x80 | (dots & 0x3F))};
}

}  // namespace

Canvas::Canvas(int width, int height)
    : width_(width), height_(height), characters_(static_cast<size_t>(width) * height) {}

void Canvas::Set(int x, int y, int owner) {
  if (x < 0 || y < 0 || x >= dots_across() || y >= dots_down()) return;
  Character& character = characters_[y / kDotsDown * width_ + x / kDotsAcross];
  character.dots |= kDots[x % kDotsAcross][y % kDotsDown];
  if (character.counts[owner] < UINT8_MAX) ++character.counts[owner];
}

// Bresenham's.
void Canvas::Line(int x0, int y0, int x1, int y1, int owner) {
  const int dx = std::abs(x1 - x0);
  const int dy = -std::abs(y1 - y0);
  const int step_x = x0 < x1 ? 1 : -1;
  const int step_y = y0 < y1 ? 1 : -1;
  int error = dx + dy;
  while (true) {
    Set(x0, y0, owner);
    if (x0 == x1 && y0 == y1) return;
    const int doubled = 2 * error;
    if (doubled >= dy) {
      error += dy;
      x0 += step_x;
    }
    if (doubled <= dx) {
      error += dx;
      y0 += step_y;
    }
  }
}

int Canvas::OwnerOf(const Character& character) const {
  if (character.dots == 0) return -1;
  const auto most = std::max_element(character.counts.begin(), character.counts.end());
  return static_cast<int>(most - character.counts.begin());
}

bool Canvas::IsMarked(int x, int owner) const {
  // Each owner's marks stand elsewhere, so that lines that lie on each other show both.
  return (x + owner * 5) % kMarkDistance == kMarkDistance / 2;
}

std::string Canvas::Row(int y, const CanvasStyle& style, std::string_view ground) const {
  std::string row;
  const int ground_color = ground == " " ? kNoColor : kGroundColor;
  int current = kNoColor;
  for (int x = 0; x < width_; ++x) {
    const Character& character = characters_[y * width_ + x];
    const int owner = OwnerOf(character);
    const int color = owner < 0 ? ground_color : kColors[owner];
    if (style.color && color != current) row += fmt::format("\x1b[{}m", color);
    current = color;
    if (owner < 0) {
      row += ground;
    } else if (!style.unicode) {
      row += kLetters[owner];
    } else if (style.marked && IsMarked(x, owner)) {
      row += kMarks[owner];
    } else {
      row += Braille(character.dots);
    }
  }
  if (style.color && current != kNoColor) row += fmt::format("\x1b[{}m", kNoColor);
  return row;
}

std::string Canvas::Mark(int owner, const CanvasStyle& style) {
  if (!style.unicode) {
    return style.color ? fmt::format("\x1b[{}m{}\x1b[0m", kColors[owner], kLetters[owner])
                       : std::string(1, kLetters[owner]);
  }
  if (style.color) return fmt::format("\x1b[{}m●\x1b[0m", kColors[owner]);
  return std::string(kMarks[owner]);
}

}  // namespace vigil::cli
