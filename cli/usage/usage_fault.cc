// SPDX-License-Identifier: Apache-2.0
#include "cli/usage/usage_fault.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace vigil::cli {
namespace {

// Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before;
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = std::exchange(above, row);
  }
  return above[b.size()];
}

// The command that was called, down to its own commands, and how it is called.
struct Called {
  const CLI::App* app;
  std::string name;
};

Called CalledCommand(const CLI::App& program) {
  Called called{&program, program.get_name()};
  while (true) {
    const std::vector<CLI::App*> inner = called.app->get_subcommands();
    if (inner.empty()) return called;
    called.app = inner.front();
    called.name += " " + called.app->get_name();
  }
}

std::vector<std::string> OptionNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* const option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<std::string> CommandNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* const one : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(one->get_name());
  }
  return names;
}

std::string DidYouMean(const std::string& nearest) {
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

std::string FaultOf(const Called& called, const std::vector<std::string>& unknown,
                    const CLI::ParseError& error) {
  const std::vector<std::string> commands = CommandNames(*called.app);
  if (unknown.empty()) {
    // CLI11 speaks of a subcommand.
    if (!commands.empty()) return fmt::format("{} needs a command", called.name);
    return error.what();
  }
  const std::string& word = unknown.front();
  if (word.size() > 1 && word[0] == '-') {
    const std::string option = word.substr(0, word.find('='));
    return fmt::format("{} has no option {}{}", called.name, option,
                       DidYouMean(Nearest(option, OptionNames(*called.app))));
  }
  if (!commands.empty()) {
    return fmt::format("{} has no command {}{}", called.name, word,
                       DidYouMean(Nearest(word, commands)));
  }
  return fmt::format(
      "\"{}\" is too much: {} takes no further argument; a query with blanks goes "
      "into quotes",
      word, called.name);
}

}  // namespace

std::string Nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string nearest;
  // A third of the letters may be wrong.
  size_t least = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& one : known) {
    const size_t distance = Distance(word, one);
    if (distance < least) {
      least = distance;
      nearest = one;
    }
  }
  if (!nearest.empty()) return nearest;
  // Or the end is missing.
  for (const std::string& one : known) {
    if (word.size() >= 3 && one.starts_with(word)) return one;
  }
  return "";
}

std::string UsageFault(const CLI::App& program, const CLI::ParseError& error) {
  const Called called = CalledCommand(program);
  return fmt::format("error: {}\nsee `{} --help`\n",
                     FaultOf(called, program.remaining(/*recurse=*/true), error), called.name);
}

}  // namespace vigil::cli
