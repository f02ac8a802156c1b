// SPDX-License-Identifier: Apache-2.0
//
// Candidates of a completion as a list below the line.
#pragma once

#include <string>
#include <vector>

#include "cli/shell/completion.h"
#include "cli/text/terminal.h"

namespace vigil::cli {

// Few are listed one a line with what they are, many in columns; what does not fit on the terminal
// is counted.
std::string CandidateList(const std::vector<Candidate>& candidates, const Terminal& terminal);

}  // namespace vigil::cli
