// SPDX-License-Identifier: Apache-2.0
#include "cli/rules/rules.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/backtest/backtest_command.h"
#include "cli/command.h"

namespace vigil::cli {

void AddRules(CLI::App* program, int* exit_status) {
  CLI::App* const rules =
      program->add_subcommand("rules", "Rules: list, check, expand, test, or try on stored data");
  rules->require_subcommand(1);
  AddRulesList(rules, exit_status);
  AddRulesCheck(rules, exit_status);
  AddRulesExpand(rules, exit_status);
  AddRulesTest(rules, exit_status);
  AddRulesBacktest(rules, exit_status);
}

}  // namespace vigil::cli
