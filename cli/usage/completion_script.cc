// SPDX-License-Identifier: Apache-2.0
#include "cli/usage/completion_script.h"

#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace vigil::cli {
namespace {

struct OptionWords {
  std::string long_name;   // Without dashes; "" if there is none.
  std::string short_name;  // A letter, or "".
  std::string help;
  bool takes_value = false;
  std::vector<std::string> values;  // If they are known.
};

struct CommandWords {
  std::string name;
  std::string help;
  std::vector<OptionWords> options;
  std::vector<CommandWords> commands;
};

// The words of "TEXT:{table,json,csv}".
std::vector<std::string> ValuesOf(const std::string& type) {
  std::vector<std::string> values;
  const size_t begin = type.find('{');
  const size_t end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return values;
  std::string word;
  for (size_t i = begin + 1; i <= end; ++i) {
    if (type[i] != ',' && i != end) {
      word += type[i];
    } else if (!word.empty()) {
      values.push_back(std::exchange(word, ""));
    }
  }
  return values;
}

CommandWords WordsOf(const CLI::App& command) {
  CommandWords words{command.get_name(), command.get_description(), {}, {}};
  for (const CLI::Option* const option : command.get_options()) {
    if (!option->nonpositional()) continue;
    OptionWords& added = words.options.emplace_back();
    if (!option->get_lnames().empty()) added.long_name = option->get_lnames().front();
    if (!option->get_snames().empty()) added.short_name = option->get_snames().front();
    added.help = option->get_description();
    added.takes_value = option->get_items_expected_max() > 0;
    added.values = ValuesOf(option->get_type_name());
  }
  for (const CLI::App* const inner :
       command.get_subcommands([](const CLI::App*) { return true; })) {
    words.commands.push_back(WordsOf(*inner));
  }
  return words;
}

// In single quotes for any of the shells.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string OptionList(const CommandWords& command) {
  std::vector<std::string> names;
  for (const OptionWords& option : command.options) {
    if (!option.long_name.empty()) names.push_back("--" + option.long_name);
    if (!option.short_name.empty()) names.push_back("-" + option.short_name);
  }
  for (const CommandWords& inner : command.commands) names.push_back(inner.name);
  return Joined(names);
}

// A branch of the script for each command, those of commands under "outer inner".
void AppendBashCases(const CommandWords& command, const std::string& path, std::string* script) {
  *script += fmt::format("    {}) words={} ;;\n", Quoted(path), Quoted(OptionList(command)));
  for (const CommandWords& inner : command.commands) {
    AppendBashCases(inner, path.empty() ? inner.name : path + " " + inner.name, script);
  }
}

// Options with known values mean the same wherever they are.
void CollectValues(const CommandWords& command, std::vector<OptionWords>* all) {
  for (const OptionWords& option : command.options) {
    bool is_new = !option.values.empty();
    for (const OptionWords& other : *all) is_new = is_new && other.long_name != option.long_name;
    if (is_new) all->push_back(option);
  }
  for (const CommandWords& inner : command.commands) CollectValues(inner, all);
}

std::string ZshText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string ZshOption(const OptionWords& option) {
  const std::string value = !option.takes_value ? ""
                            : option.values.empty()
                                ? ":value:_default"
                                : fmt::format(":value:({})", Joined(option.values));
  const std::string help = fmt::format("[{}]{}", ZshText(option.help), value);
  if (option.long_name.empty()) return Quoted(fmt::format("-{}{}", option.short_name, help));
  if (option.short_name.empty()) return Quoted(fmt::format("--{}{}", option.long_name, help));
  return fmt::format("{{-{0},--{1}}}{2}", option.short_name, option.long_name, Quoted(help));
}

void AppendZshCases(const CommandWords& command, const std::string& path, std::string* script) {
  *script += fmt::format("    {})\n", Quoted(path));
  if (command.commands.empty()) {
    *script += "      _arguments -S";
    for (const OptionWords& option : command.options)
      *script += " \\\n        " + ZshOption(option);
    *script += " \\\n        '*: :_default'\n      ;;\n";
    return;
  }
  *script += "      commands=(";
  for (const CommandWords& inner : command.commands) {
    *script += "\n        " + Quoted(inner.name + ":" + ZshText(inner.help));
  }
  *script += ")\n      _describe command commands\n      ;;\n";
  for (const CommandWords& inner : command.commands) {
    AppendZshCases(inner, path.empty() ? inner.name : path + " " + inner.name, script);
  }
}

// Two levels of commands are all there are.
std::string FishCondition(const std::vector<std::string>& path) {
  std::string condition;
  for (const std::string& name : path) {
    condition +=
        fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", name);
  }
  return path.empty() ? "__fish_use_subcommand" : condition;
}

void AppendFish(const CommandWords& command, const std::vector<std::string>& path,
                std::string* script) {
  const std::string condition = Quoted(FishCondition(path));
  for (const OptionWords& option : command.options) {
    std::string line = fmt::format("complete -c vigil -n {}", condition);
    if (!option.long_name.empty()) line += " -l " + option.long_name;
    if (!option.short_name.empty()) line += " -s " + option.short_name;
    if (option.takes_value) line += " -r";
    if (!option.values.empty()) line += " -f -a " + Quoted(Joined(option.values));
    *script += line + " -d " + Quoted(option.help) + "\n";
  }
  for (const CommandWords& inner : command.commands) {
    *script += fmt::format("complete -c vigil -f -n {} -a {} -d {}\n", condition, inner.name,
                           Quoted(inner.help));
    std::vector<std::string> inner_path = path;
    inner_path.push_back(inner.name);
    AppendFish(inner, inner_path, script);
  }
}

}  // namespace

std::string BashCompletion(const CLI::App& program) {
  const CommandWords words = WordsOf(program);
  std::string script =
      "# Completion of vigil for bash: source <(vigil completion bash)\n"
      "_vigil() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path= "
      "words=\n"
      "  COMPREPLY=()\n"
      "  case $previous in\n";
  std::vector<OptionWords> with_values;
  CollectValues(words, &with_values);
  for (const OptionWords& option : with_values) {
    script += fmt::format("    {}--{}) words={} ;;\n",
                          option.short_name.empty() ? "" : fmt::format("-{}|", option.short_name),
                          option.long_name, Quoted(Joined(option.values)));
  }
  std::string nested;
  for (const CommandWords& inner : words.commands) {
    if (!inner.commands.empty()) nested += (nested.empty() ? "" : "|") + inner.name;
  }
  script +=
      "  esac\n"
      "  if [ -n \"$words\" ]; then\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  [ \"$COMP_CWORD\" -gt 1 ] && path=${COMP_WORDS[1]}\n"
      "  case $path in\n"
      "    " +
      nested +
      ") [ \"$COMP_CWORD\" -gt 2 ] && path=\"$path ${COMP_WORDS[2]}\" ;;\n"
      "  esac\n"
      "  case $path in\n";
  AppendBashCases(words, "", &script);
  return script +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -o default -F _vigil vigil\n";
}

std::string ZshCompletion(const CLI::App& program) {
  const CommandWords words = WordsOf(program);
  std::string nested;
  for (const CommandWords& inner : words.commands) {
    if (!inner.commands.empty()) nested += (nested.empty() ? "" : "|") + inner.name;
  }
  std::string script =
      "#compdef vigil\n"
      "# Completion of vigil for zsh: source <(vigil completion zsh)\n"
      "_vigil() {\n"
      "  local -a commands\n"
      "  local path_=\n"
      "  (( CURRENT > 2 )) && path_=$words[2]\n"
      "  case $path_ in\n"
      "    " +
      nested +
      ") (( CURRENT > 3 )) && path_=\"$path_ $words[3]\" ;;\n"
      "  esac\n"
      "  case $path_ in\n";
  AppendZshCases(words, "", &script);
  return script +
         "  esac\n"
         "}\n"
         "compdef _vigil vigil\n";
}

std::string FishCompletion(const CLI::App& program) {
  std::string script = "# Completion of vigil for fish: vigil completion fish | source\n";
  AppendFish(WordsOf(program), {}, &script);
  return script;
}

}  // namespace vigil::cli
