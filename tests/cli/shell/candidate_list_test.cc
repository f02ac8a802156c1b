// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/candidate_list.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "cli/text/display.h"

namespace vigil::cli {
namespace {

using ::testing::HasSubstr;

Terminal TerminalOf(int width, int height) {
  Terminal terminal;
  terminal.width = width;
  terminal.height = height;
  return terminal;
}

TEST(CandidateListTest, FewAreListedWithTheirNotes) {
  EXPECT_EQ(CandidateList({{"rate", "(", "(range vector)"}, {"round", "(", "(instant vector)"}},
                          TerminalOf(80, 24)),
            "rate   (range vector)\n"
            "round  (instant vector)\n");
  EXPECT_EQ(CandidateList({{"up", "", ""}}, TerminalOf(80, 24)), "up\n");
}

TEST(CandidateListTest, ManyStandInColumns) {
  std::vector<Candidate> many;
  for (char c = 'a'; c < 'a' + 15; ++c) many.push_back({std::string(4, c), "", "note"});
  EXPECT_EQ(CandidateList(many, TerminalOf(30, 24)),
            "aaaa  dddd  gggg  jjjj  mmmm\n"
            "bbbb  eeee  hhhh  kkkk  nnnn\n"
            "cccc  ffff  iiii  llll  oooo\n");
}

TEST(CandidateListTest, FitsTheTerminal) {
  std::vector<Candidate> many;
  for (int i = 0; i < 500; ++i)
    many.push_back({"metric_of_some_length_" + std::to_string(i), "", ""});
  for (int width = 20; width < 250; width += 23) {
    const std::string list = CandidateList(many, TerminalOf(width, 24));
    const std::vector<std::string_view> lines = Split(Trim(list), '\n');
    EXPECT_LE(lines.size(), 21u);
    for (const std::string_view line : lines) {
      EXPECT_LT(DisplayWidth(line), static_cast<size_t>(width));
    }
  }
  EXPECT_THAT(CandidateList(many, TerminalOf(80, 24)), HasSubstr("more)\n"));
}

TEST(CandidateListTest, NamesCannotSteerTheTerminal) {
  EXPECT_THAT(CandidateList({{"\x1b[2J", "", ""}}, TerminalOf(80, 24)), HasSubstr("\\x1b[2J"));
}

}  // namespace
}  // namespace vigil::cli
