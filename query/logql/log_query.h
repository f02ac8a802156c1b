// SPDX-License-Identifier: Apache-2.0
//
// Log queries: the part of LogQL that finds lines, as opposed to counting them.
//
//   {service_name="gateway"} |= "timeout" or "deadline" | json | status>=500 and latency > 1.5s
//
// A selector of streams, then filters on the text (|= != |~ !~), the parsers json and logfmt, and
// filters on fields: text, numbers, durations, bytes, combined with and, or and parentheses. What
// LogQL has beyond that is recognised and refused.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "query/logql/pipeline.h"
#include "storage/series/matcher.h"

namespace vigil::logql {

// Longer queries are refused.
inline constexpr size_t kMaxLogQueryBytes = 128 << 10;
// Parentheses of field filters: the parser recurses.
inline constexpr int kMaxFilterNesting = 100;
// Regular expressions of one query: each costs some kilobytes once compiled.
inline constexpr int kMaxLogRegexes = 1000;

struct LogQuery {
  // Of the stream's labels; at least one of them does not match the empty string.
  std::vector<storage::Matcher> matchers;
  Pipeline pipeline;
};

// InvalidArgument reads "parse error at line L, col C: ...".
absl::StatusOr<LogQuery> ParseLogQuery(std::string_view query);

}  // namespace vigil::logql
