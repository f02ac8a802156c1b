// SPDX-License-Identifier: Apache-2.0
#include "cli/text/terminal.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

Terminal Describe(bool is_terminal, WindowSize window,
                  std::map<std::string, std::string> variables) {
  return DescribeTerminal(is_terminal, window, [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(TerminalTest, AFileHasNoSizeAndNoColors) {
  const Terminal file = Describe(false, {}, {{"LANG", "en_US.UTF-8"}, {"TERM", "xterm"}});
  EXPECT_FALSE(file.interactive);
  EXPECT_EQ(file.width, 0);
  EXPECT_FALSE(file.color);
  EXPECT_TRUE(file.unicode);
  EXPECT_EQ(Describe(false, {}, {{"COLUMNS", "100"}}).width, 100) << "unless it is asked for";
}

TEST(TerminalTest, AWindowTellsItsSize) {
  const Terminal window = Describe(true, {120, 40}, {{"COLUMNS", "99"}, {"TERM", "xterm"}});
  EXPECT_TRUE(window.interactive);
  EXPECT_EQ(window.width, 120);
  EXPECT_EQ(window.height, 40);
  EXPECT_TRUE(window.color);
  const Terminal unknown = Describe(true, {}, {});
  EXPECT_EQ(unknown.width, 80);
  EXPECT_EQ(unknown.height, 24);
  EXPECT_EQ(Describe(true, {}, {{"COLUMNS", "-3"}, {"LINES", "many"}}).width, 80);
}

TEST(TerminalTest, ColorsCanBeRefused) {
  EXPECT_FALSE(Describe(true, {80, 24}, {{"NO_COLOR", "1"}}).color);
  EXPECT_TRUE(Describe(true, {80, 24}, {{"NO_COLOR", ""}}).color) << "empty means nothing";
  EXPECT_FALSE(Describe(true, {80, 24}, {{"TERM", "dumb"}}).color);
}

TEST(TerminalTest, TheLocaleSaysWhetherThereIsMoreThanAscii) {
  EXPECT_TRUE(Describe(true, {}, {}).unicode);
  EXPECT_TRUE(Describe(true, {}, {{"LANG", "C.utf8"}}).unicode);
  EXPECT_FALSE(Describe(true, {}, {{"LANG", "C"}}).unicode);
  EXPECT_FALSE(Describe(true, {}, {{"LANG", "C.UTF-8"}, {"LC_ALL", "POSIX"}}).unicode);
  EXPECT_TRUE(Describe(true, {}, {{"LANG", "de_DE.ISO-8859-1"}, {"LC_CTYPE", "C.UTF-8"}}).unicode);
}

}  // namespace
}  // namespace vigil::cli
