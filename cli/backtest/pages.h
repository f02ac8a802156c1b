// SPDX-License-Identifier: Apache-2.0
//
// What `vigil rules backtest` says of pages: whom the alert manager would have told, how often, at
// which times, and how two sides differ in it.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "cli/backtest/verdicts.h"
#include "cli/text/terminal.h"

namespace vigil::cli {

// The section for people, with an empty line before it; "" if pages were not counted.
std::string PagesText(const Verdicts& verdicts, const Terminal& terminal);

// Of one side. Requires: the pages of that side were counted.
nlohmann::ordered_json JsonPages(const v1::BacktestPages& pages, const Verdicts& verdicts);

// Of the tested side; 0 if they were not counted.
int64_t CountPages(const Verdicts& verdicts);
// Whether the tested side pages more than the other one. Both must have been counted.
bool PagesMore(const Verdicts& verdicts);

}  // namespace vigil::cli
