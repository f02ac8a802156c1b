// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `vigil`. Each is a file of its own, which adds itself to the program's command
// line and, when it is the one that was called, leaves its exit status in `*exit_status`.
#pragma once

namespace CLI {
class App;
}

namespace vigil::cli {

void AddServe(CLI::App* program, int* exit_status);
void AddQuery(CLI::App* program, int* exit_status);
void AddShell(CLI::App* program, int* exit_status);
void AddLogs(CLI::App* program, int* exit_status);
void AddTrace(CLI::App* program, int* exit_status);
void AddSeries(CLI::App* program, int* exit_status);
void AddLabels(CLI::App* program, int* exit_status);
void AddExemplars(CLI::App* program, int* exit_status);
void AddAlerts(CLI::App* program, int* exit_status);
void AddReceivers(CLI::App* program, int* exit_status);
void AddRules(CLI::App* program, int* exit_status);
void AddSilence(CLI::App* program, int* exit_status);
void AddRoute(CLI::App* program, int* exit_status);
void AddStatus(CLI::App* program, int* exit_status);
void AddCompact(CLI::App* program, int* exit_status);
void AddDemo(CLI::App* program, int* exit_status);
void AddSnapshot(CLI::App* program, int* exit_status);
void AddRestore(CLI::App* program, int* exit_status);
void AddExport(CLI::App* program, int* exit_status);
void AddImport(CLI::App* program, int* exit_status);
void AddDelete(CLI::App* program, int* exit_status);
void AddDoctor(CLI::App* program, int* exit_status);
void AddCardinality(CLI::App* program, int* exit_status);
void AddCompletion(CLI::App* program, int* exit_status);

}  // namespace vigil::cli
