// SPDX-License-Identifier: Apache-2.0
//
// `vigil rules backtest`: what rules would have done over the data that the server keeps.
#pragma once

namespace CLI {
class App;
}

namespace vigil::cli {

// Adds the command to `vigil rules`.
void AddRulesBacktest(CLI::App* rules, int* exit_status);

}  // namespace vigil::cli
