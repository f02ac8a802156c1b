// SPDX-License-Identifier: Apache-2.0
#include "cli/text/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace vigil::cli {
namespace {

// Beyond, a number in the environment is a slip.
constexpr long kMaxCells = 10'000;
constexpr int kUsualWidth = 80;
constexpr int kUsualHeight = 24;

std::string_view TextOf(const Environment& environment, const char* name) {
  const char* const value = environment(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

int NumberOf(const Environment& environment, const char* name) {
  const char* const value = environment(name);
  const long number = value == nullptr ? 0 : std::strtol(value, nullptr, 10);
  return number > 0 && number <= kMaxCells ? static_cast<int>(number) : 0;
}

bool IsUtf8(const Environment& environment) {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string locale = ToLower(TextOf(environment, name));
    if (locale.empty()) continue;
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return true;
}

}  // namespace

Terminal DescribeTerminal(bool is_terminal, WindowSize window, const Environment& environment) {
  Terminal terminal;
  terminal.interactive = is_terminal;
  terminal.width = window.width > 0 ? window.width : NumberOf(environment, "COLUMNS");
  terminal.height = window.height > 0 ? window.height : NumberOf(environment, "LINES");
  if (terminal.width == 0 && is_terminal) terminal.width = kUsualWidth;
  if (terminal.height == 0) terminal.height = kUsualHeight;
  terminal.color = is_terminal && TextOf(environment, "NO_COLOR").empty() &&
                   TextOf(environment, "TERM") != "dumb";
  terminal.unicode = IsUtf8(environment);
  return terminal;
}

Terminal StandardOutput() {
  const bool is_terminal = ::isatty(STDOUT_FILENO) != 0;
  winsize window = {};
  if (is_terminal) ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
  return DescribeTerminal(is_terminal, {window.ws_col, window.ws_row},
                          [](const char* name) { return std::getenv(name); });
}

}  // namespace vigil::cli
