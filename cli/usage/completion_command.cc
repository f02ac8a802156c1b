// SPDX-License-Identifier: Apache-2.0
//
// `vigil completion`: a script that teaches a shell to complete vigil's commands and options.
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/usage/completion_script.h"

namespace vigil::cli {

void AddCompletion(CLI::App* program, int* exit_status) {
  auto shell = std::make_shared<std::string>();
  CLI::App* const command = program->add_subcommand(
      "completion", "Print a script that teaches a shell to complete vigil's commands");
  command->add_option("shell", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n"
      "  source <(vigil completion bash)\n"
      "  vigil completion fish | source");
  command->callback([program, shell, exit_status] {
    Print(*shell == "bash"  ? BashCompletion(*program)
          : *shell == "zsh" ? ZshCompletion(*program)
                            : FishCompletion(*program));
    *exit_status = kExitOk;
  });
}

}  // namespace vigil::cli
