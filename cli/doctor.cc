// SPDX-License-Identifier: Apache-2.0
//
// `vigil doctor`: verifies a data directory that nobody serves, and repairs it.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/log.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "storage/offline/doctor.h"

namespace vigil::cli {
namespace {

struct DoctorOptions {
  std::string directory;
  bool repair = false;
};

std::string Summary(const storage::Diagnosis& diagnosis) {
  std::string text;
  for (const storage::Finding& finding : diagnosis.findings()) {
    text += fmt::format("{}: {}\n", finding.place, Printable(finding.text));
  }
  if (diagnosis.damages() > diagnosis.findings().size()) {
    text += fmt::format("{} more\n", diagnosis.damages() - diagnosis.findings().size());
  }
  if (!text.empty()) text += "\n";
  Table table({"in order", "count"});
  for (const auto& [name, count] : {std::pair("tables", diagnosis.tables),
                                    {"series", diagnosis.series},
                                    {"metric blocks", diagnosis.metric_blocks},
                                    {"samples in them", diagnosis.samples},
                                    {"log blocks", diagnosis.log_blocks},
                                    {"log records in them", diagnosis.log_records},
                                    {"span blocks", diagnosis.span_blocks},
                                    {"spans in them", diagnosis.spans},
                                    {"journal entries", diagnosis.journal_entries}}) {
    table.Add({name, fmt::to_string(count)});
  }
  text += table.ToText(StandardOutput());
  if (diagnosis.clean()) return text + "no damage found\n";
  text += fmt::format("{} damages found", diagnosis.damages());
  if (diagnosis.samples_lost > 0) {
    text +=
        fmt::format("; broken blocks held {} samples by their own word", diagnosis.samples_lost);
  }
  return text + "\n";
}

int Fail(const absl::Status& status) {
  fmt::print(stderr, "error: {}\n", MessageOf(status));
  return kExitRefused;
}

int Run(const DoctorOptions& options) {
  // What the library says of damage is told below, in order.
  SetLogLevel(LogLevel::kError);
  if (!options.repair) {
    const absl::StatusOr<storage::Diagnosis> diagnosis = storage::Examine(options.directory);
    if (!diagnosis.ok()) return Fail(diagnosis.status());
    Print(Summary(*diagnosis));
    return diagnosis->clean() ? kExitOk : kExitRefused;
  }
  const absl::StatusOr<storage::Repair> repair = storage::RepairDirectory(options.directory);
  if (!repair.ok()) return Fail(repair.status());
  Print(Summary(repair->diagnosis));
  if (repair->kept_as.empty()) return kExitOk;
  Print(fmt::format("repaired; what was there before is in {}\n", repair->kept_as));
  return kExitRefused;
}

}  // namespace

void AddDoctor(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* const command = program->add_subcommand(
      "doctor", "Verify a data directory that no server uses; exit status 1 when it is damaged");
  command->add_option("data-dir", options->directory, "The directory")->required();
  command->add_flag(
      "--repair", options->repair,
      "Put a copy without what is broken in its place; what was there stays beside it");
  command->footer(
      "Examples:\n"
      "  vigil doctor ./vigil-data\n"
      "  vigil doctor ./vigil-data --repair");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
