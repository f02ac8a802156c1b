// SPDX-License-Identifier: Apache-2.0
//
// What standard output can show: its size, colours, characters beyond ASCII.
#pragma once

#include <functional>

namespace vigil::cli {

struct Terminal {
  // Whether people look on. Programs that read get no colours, and nothing is cut unless COLUMNS
  // asks for it.
  bool interactive = false;
  // Columns; 0: any number.
  int width = 0;
  int height = 24;
  bool color = false;
  // The locale's characters are UTF-8.
  bool unicode = true;
};

// The size of a window as the terminal tells it; 0 what it does not know.
struct WindowSize {
  int width = 0;
  int height = 0;
};

// The value of an environment variable, nullptr without it.
using Environment = std::function<const char*(const char* name)>;

// Colours need a terminal that is not "dumb" and no NO_COLOR. Where no locale is set at all (as in
// most containers) the terminal is taken to show UTF-8, as all do today.
Terminal DescribeTerminal(bool is_terminal, WindowSize window, const Environment& environment);

// Standard output, as it is now.
Terminal StandardOutput();

}  // namespace vigil::cli
