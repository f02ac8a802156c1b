// SPDX-License-Identifier: Apache-2.0
//
// Log records as a row block and back. The columns are listed in docs/format/records.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/block/row_block_reader.h"
#include "storage/logs/log_stream.h"
#include "storage/model/record.h"
#include "storage/records/attribute_columns.h"

namespace vigil::storage {

// The block of `rows`, which are all of one stream and sorted by time, then number.
std::string EncodeLogBlock(std::span<const NumberedRecord* const> rows);

// What must be read of a block to know which of its rows are wanted.
struct LogBlockRows {
  IntColumn times;
  IntColumn numbers;
  TraceIdColumn trace_ids;

  static absl::StatusOr<LogBlockRows> Read(const RowBlockReader& reader);
};

// A decoded block. Thread-safe as const.
class LogBlock {
 public:
  static absl::StatusOr<LogBlock> Read(const RowBlockReader& reader, LogBlockRows rows);

  const LogBlockRows& rows() const { return rows_; }
  LogRecord Record(size_t row) const;

 private:
  absl::Status ReadBody(const RowBlockReader& reader);
  absl::Status ReadSeverity(const RowBlockReader& reader);
  absl::Status ReadRest(const RowBlockReader& reader);

  LogBlockRows rows_;
  IntColumn observed_;
  IntColumn severity_number_;
  StringColumn severity_text_;
  StringColumn event_name_;
  StringColumn body_text_;
  ValueColumn body_value_;
  SpanIdColumn span_ids_;
  IntColumn flags_;
  IntColumn dropped_;
  std::vector<std::shared_ptr<const Origin>> origins_;
  AttributeColumns attributes_;
};

}  // namespace vigil::storage
