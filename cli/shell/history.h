// SPDX-License-Identifier: Apache-2.0
//
// What was asked in earlier sessions: a file of one question a line, the newest last. Sessions that
// run side by side add to it one after the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "cli/text/terminal.h"

namespace vigil::cli {

// Questions that are remembered over sessions.
inline constexpr size_t kMaxHistory = 5000;

// $XDG_STATE_HOME/vigil/history, or that below ~/.local/state; "" where there is no home.
std::string HistoryPath(const Environment& environment);

// The newest kMaxHistory questions; none if the file cannot be read.
std::vector<std::string> LoadHistory(const std::string& path);

// Adds a question, making the file and its folder, for their owner alone, if need be. Requires: it
// is one line.
absl::Status AddToHistory(const std::string& path, std::string_view question);

}  // namespace vigil::cli
