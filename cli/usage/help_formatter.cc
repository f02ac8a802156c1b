// SPDX-License-Identifier: Apache-2.0
#include "cli/usage/help_formatter.h"

#include <string_view>

#include <fmt/format.h>

namespace vigil::cli {
namespace {

constexpr size_t kColumnWidth = 34;

}  // namespace

HelpFormatter::HelpFormatter() {
  column_width(kColumnWidth);
  label("SUBCOMMAND", "COMMAND");
  label("Positionals", "Arguments");
}

std::string HelpFormatter::make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const {
  // The name of the group that CLI11 puts commands into.
  constexpr std::string_view kGroup = "\nSubcommands:\n";
  std::string text = CLI::Formatter::make_subcommands(app, mode);
  const size_t at = text.find(kGroup);
  return at == std::string::npos ? text : text.replace(at, kGroup.size(), "\nCommands:\n");
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_items_expected_max() == 0) return "";
  // CLI11 writes "TEXT:{a,b}": the values say all. Limits are told when they are passed.
  const std::string type = option->get_type_name();
  const size_t values = type.find('{');
  if (values != std::string::npos) return " " + type.substr(values);
  // HOST:PORT is the only type with a colon of its own.
  const std::string name =
      type.starts_with("HOST:PORT") ? "HOST:PORT" : type.substr(0, type.find(':'));
  const bool says_nothing = name.empty() || (option->get_positional() && name == "TEXT");
  const bool many = option->get_expected_max() >= CLI::detail::expected_max_vector_size;
  return (says_nothing ? "" : " " + name) + (many ? " ..." : "");
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::string text = option->get_description();
  if (!option->get_default_str().empty()) {
    text += fmt::format(" (default: {})", option->get_default_str());
  }
  if (!option->get_envname().empty()) text += fmt::format(" [{}]", option->get_envname());
  return text;
}

}  // namespace vigil::cli
