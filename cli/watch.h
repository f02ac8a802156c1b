// SPDX-License-Identifier: Apache-2.0
//
// `--watch`: a command that asks again and again and shows the newest answer in the same place.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include <CLI/App.hpp>

#include "cli/client.h"
#include "cli/text/terminal.h"

namespace vigil::cli {

inline constexpr int64_t kDefaultWatchMs = 2000;

struct WatchOptions {
  int64_t interval_ms = 0;  // 0: ask once.

  void AddTo(CLI::App* command);
};

// The arguments of the program with an interval behind each `--watch` that stands alone: so that
// `--watch up` watches the query "up" and `--watch 5s up` does so every five seconds.
std::vector<std::string> WithWatchIntervals(std::vector<std::string> arguments);

// Milliseconds of "5s" or of a bare number of seconds; at least 100 ms.
absl::StatusOr<int64_t> ParseWatchInterval(std::string_view text);

// Frames drawn over each other on a terminal.
class Screen {
 public:
  // What to write so that `frame` stands where the one before stood. What does not fit in the
  // height is left out and counted.
  std::string Redraw(std::string_view frame, const Terminal& terminal);

 private:
  int lines_ = 0;  // Of what stands there, below which the cursor is.
  int width_ = 0;
  int height_ = 0;
};

// One run of a command for a terminal of this size.
using AskOnce = std::function<Reply(const Terminal& terminal)>;

// Runs once and delivers the reply, or, with an interval, until Ctrl-C, which ends with status 0.
// A watch ends when its first run fails; later on it says what is wrong and tries again.
int RunOrWatch(const WatchOptions& options, std::string_view title, const AskOnce& run);

}  // namespace vigil::cli
