// SPDX-License-Identifier: Apache-2.0
//
// What holds for the questions of an interactive session, and the commands that change it or do
// something else: `\range 1h`, `\format csv`, `\help`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "cli/output.h"
#include "cli/query_call.h"

namespace vigil::cli {

struct ShellSettings {
  std::string range;  // "1h"; empty: questions are about an instant.
  std::string step;   // Empty: as fits the terminal.
  std::string unit = "auto";
  bool plot = false;
  OutputFormat format = OutputFormat::kTable;

  // The call for a question under these settings.
  QueryCall CallFor(std::string_view query) const;
};

struct ShellCommand {
  std::string_view name;  // With its backslash.
  std::string_view argument;
  std::string_view help;
  std::vector<std::string_view> values = {};  // What the argument may be, if that is known.
  bool takes_query = false;
};

const std::vector<ShellCommand>& ShellCommands();

// nullptr if there is none of that name.
const ShellCommand* FindShellCommand(std::string_view name);

// Changes what the command `name` is to change and returns what holds now, to be told. Without an
// argument nothing changes. InvalidArgument when the argument is none; NotFound for a command that
// is not about settings.
absl::StatusOr<std::string> ApplySetting(std::string_view name, std::string_view argument,
                                         ShellSettings* settings);

// All commands with their help.
std::string ShellHelp();

}  // namespace vigil::cli
