// SPDX-License-Identifier: Apache-2.0
//
// What `vigil rules backtest` says: tables and a timeline for people, JSON and CSV for programs.
#pragma once

#include <string>

#include "cli/backtest/verdicts.h"
#include "cli/output.h"

namespace vigil::cli {

// `verdicts` must outlive it.
Answer AnswerOf(const Verdicts& verdicts);

// What else there is to say, on standard error: rules that failed, spells that were left out.
std::string WarningsOf(const Verdicts& verdicts);

// Whether any of the tested rules' alerts fires; whether any of their evaluations failed.
bool AnythingFires(const Verdicts& verdicts);
bool AnythingFailed(const Verdicts& verdicts);

}  // namespace vigil::cli
