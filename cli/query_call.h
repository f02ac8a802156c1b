// SPDX-License-Identifier: Apache-2.0
//
// A PromQL question as people put it, at an instant or over a range, and the way to its answer.
// What `vigil query` and `vigil shell` share.
#pragma once

#include <string>

#include "cli/client.h"
#include "cli/plot/unit.h"
#include "cli/text/terminal.h"
#include "cli/time_options.h"

namespace vigil::cli {

struct QueryCall {
  std::string query;
  std::string time;   // The instant; now if empty.
  TimeOptions range;  // Over which; with none, and without step and plot, it is an instant.
  std::string step;   // Of a range; if empty, as fits the terminal.
  bool plot = false;
  bool explain = false;       // How the answer came about, instead of the answer.
  std::string unit = "auto";  // Of a plot.

  bool is_range() const { return plot || range.given() || !step.empty(); }
};

// Names of units for `QueryCall::unit`.
inline constexpr const char* kUnitNames[] = {"auto", "none", "bytes", "seconds", "percent"};

// Asks the server now. Times that are no times are told with kExitUsage. A call that is interrupted
// (see interrupt.h) is given up.
Reply AskQuery(const QueryCall& call, const Client& client, const Terminal& terminal);

}  // namespace vigil::cli
