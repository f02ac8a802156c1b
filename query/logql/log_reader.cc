// SPDX-License-Identifier: Apache-2.0
#include "query/logql/log_reader.h"

#include <utility>

#include "query/logql/record_fields.h"

namespace vigil::logql {

absl::Status RunLogQuery(storage::Storage& storage, storage::TenantId tenant, const LogQuery& query,
                         storage::TimeRangeNs range, uint32_t limit, bool newest_first,
                         LogResultVisitor visit) {
  storage::LogSelection selection;
  selection.stream_matchers = query.matchers;
  selection.range = range;
  selection.required_substrings = query.pipeline.RequiredSubstrings();
  selection.newest_first = newest_first;
  uint32_t visited = 0;
  const auto process = [&](const storage::Labels& stream, uint64_t number,
                           const storage::LogRecord& record) {
    LogLine line(&stream);
    line.set_text(storage::ToText(record.body));
    // Most lines are dropped here, before anything is made of their attributes.
    if (!query.pipeline.AcceptsText(line.text())) return true;
    SetRecordFields(record, &line);
    if (!query.pipeline.ProcessFields(&line)) return true;
    const bool more = visit(LogResult{stream, record, number, line});
    return more && ++visited != limit;
  };
  return storage.ReadLogs(tenant, selection, process);
}

}  // namespace vigil::logql
