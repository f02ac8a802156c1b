// SPDX-License-Identifier: Apache-2.0
//
// The drawing area of a chart: dots of several owners, printed as braille characters (two by four
// dots each), or as plain ones.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::cli {

// How owners are told apart.
struct CanvasStyle {
  bool color = false;   // By colour.
  bool unicode = true;  // Braille; else a letter of its own for each owner.
  bool marked = false;  // Without colours: by marks on the lines.
};

class Canvas {
 public:
  static constexpr int kDotsAcross = 2;
  static constexpr int kDotsDown = 4;
  static constexpr int kMaxOwners = 12;

  // In characters.
  Canvas(int width, int height);

  int dots_across() const { return width_ * kDotsAcross; }
  int dots_down() const { return height_ * kDotsDown; }

  // Dots count from the top left. What lies outside is left out. Requires: 0 <= owner < kMaxOwners.
  void Set(int x, int y, int owner);
  void Line(int x0, int y0, int x1, int y1, int owner);

  // One row of characters; a character belongs to who has the most dots in it. Where there is
  // nothing stands `ground`, a faint one unless it is a space.
  std::string Row(int y, const CanvasStyle& style, std::string_view ground) const;

  // What stands for an owner in a legend.
  static std::string Mark(int owner, const CanvasStyle& style);

 private:
  struct Character {
    uint8_t dots = 0;
    std::array<uint8_t, kMaxOwners> counts = {};
  };

  // -1 for a character without dots.
  int OwnerOf(const Character& character) const;
  bool IsMarked(int x, int owner) const;

  const int width_;
  const int height_;
  std::vector<Character> characters_;
};

}  // namespace vigil::cli
