// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/settings.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/status.h"

namespace vigil::cli {
namespace {

constexpr std::string_view kOff = "off";
constexpr std::string_view kAuto = "auto";

absl::Status Unexpected(std::string_view argument, std::string_view expected) {
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is not what goes there: write {}", argument, expected));
}

absl::Status CheckDuration(std::string_view argument) {
  VIGIL_ASSIGN_OR_RETURN(const int64_t duration_ms, ParseDurationMs(argument));
  return duration_ms > 0 ? absl::OkStatus()
                         : absl::InvalidArgumentError("a duration of nothing shows nothing");
}

absl::StatusOr<std::string> ApplyRange(std::string_view argument, ShellSettings* settings) {
  if (argument == kOff) {
    settings->range.clear();
    settings->plot = false;
  } else if (!argument.empty()) {
    VIGIL_RETURN_IF_ERROR(CheckDuration(argument));
    settings->range = argument;
  }
  return settings->range.empty() ? "questions are about now"
                                 : fmt::format("questions are about the last {}", settings->range);
}

absl::StatusOr<std::string> ApplyStep(std::string_view argument, ShellSettings* settings) {
  if (argument == kAuto) {
    settings->step.clear();
  } else if (!argument.empty()) {
    VIGIL_RETURN_IF_ERROR(CheckDuration(argument));
    settings->step = argument;
  }
  return settings->step.empty() ? "points of a range are as dense as the terminal shows"
                                : fmt::format("points of a range are {} apart", settings->step);
}

absl::StatusOr<std::string> ApplyFormat(std::string_view argument, ShellSettings* settings) {
  constexpr std::string_view kNames[] = {"table", "json", "csv"};
  if (!argument.empty()) {
    const auto found = std::find(std::begin(kNames), std::end(kNames), argument);
    if (found == std::end(kNames)) return Unexpected(argument, "table, json or csv");
    settings->format = static_cast<OutputFormat>(found - std::begin(kNames));
  }
  return fmt::format("answers are printed as {}", kNames[static_cast<size_t>(settings->format)]);
}

absl::StatusOr<std::string> ApplyUnit(std::string_view argument, ShellSettings* settings) {
  if (!argument.empty()) {
    if (std::find(std::begin(kUnitNames), std::end(kUnitNames), argument) == std::end(kUnitNames)) {
      return Unexpected(argument, "auto, none, bytes, seconds or percent");
    }
    settings->unit = argument;
  }
  return fmt::format("the unit of charts is {}", settings->unit);
}

absl::StatusOr<std::string> ApplyPlot(std::string_view argument, ShellSettings* settings) {
  if (argument.empty()) {
    settings->plot = !settings->plot;
  } else if (argument == "on" || argument == kOff) {
    settings->plot = argument == "on";
  } else {
    return Unexpected(argument, "on or off");
  }
  if (!settings->plot) return "answers are printed";
  return fmt::format("answers are drawn, over the last {}",
                     settings->range.empty() ? "1h" : settings->range);
}

}  // namespace

QueryCall ShellSettings::CallFor(std::string_view query) const {
  QueryCall call;
  call.query = query;
  call.range.last = range;
  if (!range.empty() || plot) call.step = step;
  call.plot = plot;
  call.unit = unit;
  return call;
}

const std::vector<ShellCommand>& ShellCommands() {
  static const auto* const commands = new std::vector<ShellCommand>{
      {.name = "\\plot",
       .argument = "[EXPR|on|off]",
       .help = "draw one answer, or all from now on",
       .takes_query = true},
      {.name = "\\explain",
       .argument = "EXPR",
       .help = "how an answer comes about: series, blocks, times",
       .takes_query = true},
      {.name = "\\range",
       .argument = "[DURATION|off]",
       .help = "ask about the time until now, such as 1h, or about now",
       .values = {"off", "5m", "15m", "1h", "6h", "1d"}},
      {.name = "\\step",
       .argument = "[DURATION|auto]",
       .help = "distance of points in a range",
       .values = {"auto", "15s", "1m", "5m"}},
      {.name = "\\format",
       .argument = "[table|json|csv]",
       .help = "how answers are printed",
       .values = {"table", "json", "csv"}},
      {.name = "\\unit",
       .argument = "[auto|none|bytes|seconds|percent]",
       .help = "what the values of charts count",
       .values = {"auto", "none", "bytes", "seconds", "percent"}},
      {.name = "\\metrics", .argument = "[TEXT]", .help = "names of metrics, with TEXT in them"},
      {.name = "\\labels",
       .argument = "[SELECTOR]",
       .help = "names of labels",
       .takes_query = true},
      {.name = "\\logs",
       .argument = "QUERY",
       .help = "the newest log records: {service_name=\"a\"} |= \"text\""},
      {.name = "\\help", .argument = "", .help = "this list"},
      {.name = "\\q", .argument = "", .help = "leave (so does Ctrl-D)"},
  };
  return *commands;
}

const ShellCommand* FindShellCommand(std::string_view name) {
  for (const ShellCommand& command : ShellCommands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

absl::StatusOr<std::string> ApplySetting(std::string_view name, std::string_view argument,
                                         ShellSettings* settings) {
  if (name == "\\range") return ApplyRange(argument, settings);
  if (name == "\\step") return ApplyStep(argument, settings);
  if (name == "\\format") return ApplyFormat(argument, settings);
  if (name == "\\unit") return ApplyUnit(argument, settings);
  if (name == "\\plot") return ApplyPlot(argument, settings);
  return absl::NotFoundError(fmt::format("{} is no setting", name));
}

std::string ShellHelp() {
  std::string text =
      "A PromQL expression is asked when it is complete; open brackets go on in the next line.\n"
      "Tab completes, Up and Down go through what was asked, Ctrl-R searches it, Ctrl-C gives up.\n"
      "\n";
  for (const ShellCommand& command : ShellCommands()) {
    text += fmt::format("  {:<42}{}\n", fmt::format("{} {}", command.name, command.argument),
                        command.help);
  }
  return text;
}

}  // namespace vigil::cli
