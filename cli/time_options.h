// SPDX-License-Identifier: Apache-2.0
//
// How commands are told a time range: --start and --end, or --last.
#pragma once

#include <cstdint>
#include <string>

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

}  // namespace vigil::cli
