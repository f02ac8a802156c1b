// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `vigil rules`, a file each.
#pragma once

namespace CLI {
class App;
}

namespace vigil::cli {

void AddRulesList(CLI::App* rules, int* exit_status);
void AddRulesCheck(CLI::App* rules, int* exit_status);
void AddRulesExpand(CLI::App* rules, int* exit_status);
void AddRulesTest(CLI::App* rules, int* exit_status);

}  // namespace vigil::cli
