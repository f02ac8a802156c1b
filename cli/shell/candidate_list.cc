// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/candidate_list.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/text/display.h"

namespace vigil::cli {
namespace {

// More, and notes would cost more lines than they are worth.
constexpr size_t kMaxNoted = 12;
constexpr size_t kGap = 2;

std::string WithNotes(const std::vector<Candidate>& candidates, size_t width, bool unicode) {
  size_t name_width = 0;
  for (const Candidate& one : candidates) {
    name_width = std::max(name_width, DisplayWidth(Printable(one.text)));
  }
  std::string text;
  for (const Candidate& one : candidates) {
    std::string line = PadRight(Printable(one.text), name_width) + "  " + Printable(one.note);
    line.erase(line.find_last_not_of(' ') + 1);
    text += Shorten(line, width, unicode) + "\n";
  }
  return text;
}

}  // namespace

std::string CandidateList(const std::vector<Candidate>& candidates, const Terminal& terminal) {
  const size_t width = static_cast<size_t>(std::max(20, terminal.width)) - 1;
  if (candidates.size() <= kMaxNoted) return WithNotes(candidates, width, terminal.unicode);
  size_t widest = 0;
  for (const Candidate& one : candidates) {
    widest = std::max(widest, DisplayWidth(Printable(one.text)));
  }
  widest = std::min(widest, width);
  const size_t columns = std::max<size_t>(1, (width + kGap) / (widest + kGap));
  // The line that is edited, and the one that tells how many are left out, stay on the screen.
  const size_t most_lines = static_cast<size_t>(std::max(6, terminal.height)) - 4;
  const size_t shown = std::min(candidates.size(), columns * most_lines);
  const size_t lines = (shown + columns - 1) / columns;
  std::string text;
  for (size_t y = 0; y < lines; ++y) {
    std::string line;
    for (size_t x = 0; x * lines + y < shown; ++x) {
      const std::string name =
          Shorten(Printable(candidates[x * lines + y].text), widest, terminal.unicode);
      line += PadRight(name, widest + kGap);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  if (shown < candidates.size()) text += fmt::format("({} more)\n", candidates.size() - shown);
  return text;
}

}  // namespace vigil::cli
