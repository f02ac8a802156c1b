// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/canvas.h"

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

constexpr CanvasStyle kBraille = {.color = false, .unicode = true, .marked = false};

TEST(CanvasTest, EachDotHasItsPlace) {
  Canvas canvas(1, 1);
  EXPECT_EQ(canvas.Row(0, kBraille, "."), ".");
  canvas.Set(0, 0, 0);
  EXPECT_EQ(canvas.Row(0, kBraille, " "), "⠁");
  canvas.Set(1, 3, 0);
  EXPECT_EQ(canvas.Row(0, kBraille, " "), "⢁");
  for (int x = 0; x < 2; ++x) {
    for (int y = 0; y < 4; ++y) canvas.Set(x, y, 0);
  }
  EXPECT_EQ(canvas.Row(0, kBraille, " "), "⣿");
}

TEST(CanvasTest, WhatLiesOutsideIsLeftOut) {
  Canvas canvas(2, 1);
  canvas.Set(-1, 0, 0);
  canvas.Set(0, 4, 0);
  canvas.Set(4, 0, 0);
  canvas.Set(0, -1, 0);
  EXPECT_EQ(canvas.Row(0, kBraille, " "), "  ");
}

TEST(CanvasTest, LinesHaveNoHoles) {
  Canvas canvas(2, 2);
  canvas.Line(0, 7, 3, 0, 0);
  EXPECT_EQ(canvas.Row(0, kBraille, " "), " ⡜");
  EXPECT_EQ(canvas.Row(1, kBraille, " "), "⡜ ");
}

TEST(CanvasTest, ACharacterBelongsToWhoHasMostOfIt) {
  Canvas canvas(1, 1);
  canvas.Set(0, 0, 0);
  canvas.Set(0, 1, 1);
  canvas.Set(0, 2, 1);
  const CanvasStyle colors = {.color = true, .unicode = true, .marked = false};
  EXPECT_EQ(canvas.Row(0, colors, " "), "\x1b[33m⠇\x1b[0m");
  const CanvasStyle ascii = {.color = false, .unicode = false, .marked = true};
  EXPECT_EQ(canvas.Row(0, ascii, " "), "+");
  EXPECT_EQ(Canvas::Mark(1, ascii), "+");
  EXPECT_EQ(Canvas::Mark(1, kBraille), "▲");
  EXPECT_EQ(Canvas::Mark(1, colors), "\x1b[33m●\x1b[0m");
}

TEST(CanvasTest, MarksTellLinesApartWithoutColors) {
  Canvas canvas(24, 1);
  canvas.Line(0, 0, 47, 0, 1);
  const CanvasStyle marked = {.color = false, .unicode = true, .marked = true};
  EXPECT_EQ(canvas.Row(0, marked, " "), "⠉▲⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉▲⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉");
}

}  // namespace
}  // namespace vigil::cli
