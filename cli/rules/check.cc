// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "alerting/rules/rule_check.h"
#include "cli/client.h"
#include "cli/rules/rules.h"

namespace vigil::cli {
namespace {

struct CheckOptions {
  std::vector<std::string> files;
  std::string output = "text";
};

int RunCheck(const CheckOptions& options) {
  const std::vector<alerting::RuleFileCheck> checks = alerting::CheckRuleFiles(options.files);
  const bool ok = std::all_of(checks.begin(), checks.end(),
                              [](const alerting::RuleFileCheck& check) { return check.ok(); });
  if (options.output == "json") {
    Print(alerting::RuleCheckJson(checks));
  } else {
    std::fputs(alerting::RuleCheckText(checks).c_str(), ok ? stdout : stderr);
  }
  return ok ? kExitOk : kExitRefused;
}

}  // namespace

void AddRulesCheck(CLI::App* rules, int* exit_status) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* const check = rules->add_subcommand("check", "Check rule files; needs no server");
  check->add_option("file", options->files, "Rule files; patterns such as 'rules/*.yaml'")
      ->required();
  check->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  check->footer(
      "Mistakes make the exit status 1, warnings do not.\n"
      "Example:\n"
      "  vigil rules check rules/*.yaml");
  check->callback([options, exit_status] { *exit_status = RunCheck(*options); });
}

}  // namespace vigil::cli
