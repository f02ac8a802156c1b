// SPDX-License-Identifier: Apache-2.0
//
// Log records as lines with fields.
#pragma once

#include <string>
#include <string_view>

#include "query/logql/log_line.h"
#include "storage/model/record.h"

namespace vigil::logql {

// An attribute's name as a field's: other characters than letters, digits and "_" become "_", runs
// of them one; a leading digit gets "key_" before it. "" when nothing is left.
std::string FieldName(std::string_view attribute);

// "trace", "debug", "info", "warn", "error", "fatal" by the severity number, else by what the
// severity text says, else "unknown".
std::string_view DetectedLevel(const storage::LogRecord& record);

// Sets what `record` says beyond its body. Attributes of the resource that are labels of the stream
// are left out. Of equal names the more particular counts: those of the record before the scope's
// before the resource's, and the record's own members (trace_id, event_name, ...) before all.
void SetRecordFields(const storage::LogRecord& record, LogLine* line);

}  // namespace vigil::logql
