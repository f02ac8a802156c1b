// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "alerting/rules/rule_file.h"
#include "alerting/rules/rule_yaml.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/rules/rules.h"

namespace vigil::cli {
namespace {

// Prints the rules of the files as plain ones.
int RunExpand(const std::vector<std::string>& files) {
  const absl::StatusOr<std::vector<alerting::RuleGroup>> groups = alerting::LoadRuleFiles(files);
  if (!groups.ok()) {
    fmt::print(stderr, "{}\n", MessageOf(groups.status()));
    return kExitRefused;
  }
  std::fputs(alerting::WriteRuleYaml(*groups).c_str(), stdout);
  return kExitOk;
}

}  // namespace

void AddRulesExpand(CLI::App* rules, int* exit_status) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* const expand = rules->add_subcommand(
      "expand", "Print rule files as plain Prometheus rules; needs no server");
  expand->add_option("file", *files, "Rule files")->required();
  expand->footer(
      "Example:\n"
      "  vigil rules expand slo.yaml > plain.yaml");
  expand->callback([files, exit_status] { *exit_status = RunExpand(*files); });
}

}  // namespace vigil::cli
