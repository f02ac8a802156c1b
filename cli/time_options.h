// SPDX-License-Identifier: Apache-2.0
//
// How commands are told a time range: --start and --end, or --last; those that take all of the time
// unless told otherwise, --from and --to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>
#include <CLI/App.hpp>

#include "base/duration.h"

namespace vigil::cli {

struct TimeOptions {
  std::string start;
  std::string end;
  std::string last;

  void AddTo(CLI::App* command);
  bool given() const { return !start.empty() || !end.empty() || !last.empty(); }

  // The range they name; what is not named is [now - default_ms, now]. InvalidArgument for a text
  // that is no time, or an end before its start.
  absl::StatusOr<TimeRange> Resolve(int64_t now_ms, int64_t default_ms) const;
};

// An end that is not set is open.
struct OpenTimeRange {
  std::optional<int64_t> start_ms;
  std::optional<int64_t> end_ms;
};

struct OpenTimeOptions {
  std::string from;
  std::string to;

  // `what` the range has in it, as its first and last is where it begins and ends by itself.
  void AddTo(CLI::App* command, std::string_view what = "sample");

  // InvalidArgument for a text that is no time, or an end before its start.
  absl::StatusOr<OpenTimeRange> Resolve(int64_t now_ms) const;
};

}  // namespace vigil::cli
