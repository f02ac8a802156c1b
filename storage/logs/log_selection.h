// SPDX-License-Identifier: Apache-2.0
//
// What to read of the logs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/functional/function_ref.h>

#include "storage/model/ids.h"
#include "storage/model/record.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"

namespace vigil::storage {

// Half-open, nanoseconds.
struct TimeRangeNs {
  int64_t start_ns = 0;
  int64_t end_ns = 0;
};

// What to read, and hints that let blocks be skipped unread.
struct LogSelection {
  std::vector<Matcher> stream_matchers;
  TimeRangeNs range;
  // Texts that must all occur in the record's body (its text form); checked against token filters
  // only, so the visitor still sees records without them.
  std::vector<std::string> required_substrings;
  // Only records of this trace, if it is not none. Exact.
  TraceId trace_id;
  bool newest_first = true;
};

// Gets each record with the labels of its stream and the record's number, which is unique in the
// stream and rises with arrival. Returns false to stop.
using LogVisitor =
    absl::FunctionRef<bool(const Labels& stream, uint64_t number, const LogRecord& record)>;

}  // namespace vigil::storage
