// SPDX-License-Identifier: Apache-2.0
//
// Runs log queries on the store.
#pragma once

#include <cstdint>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include "query/logql/log_query.h"
#include "storage/storage.h"

namespace vigil::logql {

// A line that the query keeps. Valid during the visit only.
struct LogResult {
  const storage::Labels& stream;
  const storage::LogRecord& record;
  // Unique in the stream; rises with arrival.
  uint64_t number = 0;
  // The record's body as text, and its fields with what the pipeline added.
  const LogLine& line;
};

// Returns false to stop.
using LogResultVisitor = absl::FunctionRef<bool(const LogResult& result)>;

// Visits the lines of `range` that `query` keeps in time order, at most `limit` of them unless it
// is 0. Errors are the store's.
absl::Status RunLogQuery(storage::Storage& storage, storage::TenantId tenant, const LogQuery& query,
                         storage::TimeRangeNs range, uint32_t limit, bool newest_first,
                         LogResultVisitor visit);

}  // namespace vigil::logql
