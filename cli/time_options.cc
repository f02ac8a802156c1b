// SPDX-License-Identifier: Apache-2.0
#include "cli/time_options.h"

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::cli {
namespace {

absl::Status EndsBeforeItsStart() {
  return absl::InvalidArgumentError("the end of the time range lies before its start");
}

}  // namespace

void TimeOptions::AddTo(CLI::App* command) {
  CLI::Option* const start_option =
      command
          ->add_option("--start", start,
                       "Begin: RFC 3339, Unix seconds, or a distance from now such as -1h")
          ->type_name("TIME");
  command->add_option("--end", end, "End, likewise (default: now)")->type_name("TIME");
  command->add_option("--last", last, "The range that ends now, for example 1h")
      ->type_name("DURATION")
      ->excludes(start_option);
}

absl::StatusOr<TimeRange> TimeOptions::Resolve(int64_t now_ms, int64_t default_ms) const {
  TimeRange range;
  range.end_ms = now_ms;
  if (!end.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(range.end_ms, ParseInstantMs(end, now_ms), "--end");
  }
  int64_t length_ms = default_ms;
  if (!last.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(length_ms, ParseDurationMs(last), "--last");
  }
  range.start_ms = range.end_ms - length_ms;
  if (!start.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(range.start_ms, ParseInstantMs(start, now_ms), "--start");
  }
  if (range.end_ms < range.start_ms) return EndsBeforeItsStart();
  return range;
}

void OpenTimeOptions::AddTo(CLI::App* command, std::string_view what) {
  command
      ->add_option("--from", from,
                   fmt::format("Begin: RFC 3339, Unix seconds, or a distance from now such as -1h "
                               "(default: the first {})",
                               what))
      ->type_name("TIME");
  command->add_option("--to", to, fmt::format("End, likewise (default: the last {})", what))
      ->type_name("TIME");
}

absl::StatusOr<OpenTimeRange> OpenTimeOptions::Resolve(int64_t now_ms) const {
  OpenTimeRange range;
  if (!from.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(range.start_ms, ParseInstantMs(from, now_ms), "--from");
  }
  if (!to.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(range.end_ms, ParseInstantMs(to, now_ms), "--to");
  }
  if (range.start_ms.has_value() && range.end_ms.has_value() && *range.end_ms < *range.start_ms) {
    return EndsBeforeItsStart();
  }
  return range;
}

}  // namespace vigil::cli
