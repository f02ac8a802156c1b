// SPDX-License-Identifier: Apache-2.0
//
// The program `vigil`.
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "server/app.h"

namespace {

// What is wrong with the command line. CLI11 calls a command missing when there is an unknown one.
std::string UsageFault(const CLI::App& program, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = program.remaining();
  if (!program.get_subcommands().empty() || unknown.empty()) return error.what();
  return fmt::format("\"{}\" is neither a command nor an option of vigil", unknown.front());
}

}  // namespace

int main(int argc, char** argv) {
  using namespace vigil::cli;  // The table below reads better so.
  CLI::App program("vigil keeps watch over applications built on large language models.", "vigil");
  program.set_version_flag("--version", fmt::format("vigil {}", vigil::server::kVersion));
  program.require_subcommand(1);
  program.failure_message(CLI::FailureMessage::help);
  int exit_status = kExitOk;
  for (const auto add : {AddServe, AddQuery, AddLogs, AddTrace, AddSeries, AddLabels, AddExemplars,
                         AddAlerts, AddRules, AddStatus, AddCompact, AddSnapshot, AddRestore,
                         AddExport, AddImport, AddDelete, AddDoctor, AddCardinality, AddDemo}) {
    add(&program, &exit_status);
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "error: {}\nsee `vigil --help`, or `vigil COMMAND --help`\n",
               UsageFault(program, error));
    return kExitUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return kExitRefused;
  }
  return exit_status;
}
