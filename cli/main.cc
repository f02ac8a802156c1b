// SPDX-License-Identifier: Apache-2.0
//
// The program `vigil`.
#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/usage/help_formatter.h"
#include "cli/usage/usage_fault.h"
#include "cli/watch.h"
#include "server/app.h"

int main(int argc, char** argv) {
  using namespace vigil::cli;  // The table below reads better so.
  CLI::App program("vigil keeps watch over applications built on large language models.", "vigil");
  program.set_version_flag("--version", fmt::format("vigil {}", vigil::server::kVersion));
  program.require_subcommand(1);
  program.formatter(std::make_shared<HelpFormatter>());
  int exit_status = kExitOk;
  for (const auto add :
       {AddServe,  AddQuery,     AddShell,   AddLogs,        AddTrace,   AddSeries,
        AddLabels, AddExemplars, AddAlerts,  AddReceivers,   AddRules,   AddSilence,
        AddRoute,  AddStatus,    AddCompact, AddSnapshot,    AddRestore, AddExport,
        AddImport, AddDelete,    AddDoctor,  AddCardinality, AddDemo,    AddCompletion}) {
    add(&program, &exit_status);
  }
  // The program's own examples are those of none of its commands.
  program.footer("`vigil COMMAND --help` tells more of each, with an example.");
  try {
    std::vector<std::string> arguments = WithWatchIntervals({argv + 1, argv + argc});
    // CLI11 takes them from the back.
    std::reverse(arguments.begin(), arguments.end());
    program.parse(std::move(arguments));
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    return Deliver({kExitUsage, "", UsageFault(program, error)});
  } catch (const std::exception& error) {
    return Deliver(Refusal(kExitRefused, error.what()));
  }
  return exit_status;
}
