// SPDX-License-Identifier: Apache-2.0
//
// Spans as a row block and back. The columns are listed in docs/format/records.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/block/row_block_reader.h"
#include "storage/model/ids.h"
#include "storage/model/record.h"
#include "storage/records/attribute_columns.h"

namespace vigil::storage {

// The block of `rows`, which are sorted by start.
std::string EncodeSpanBlock(std::span<const Span* const> rows);

// What must be read of a block to know which of its rows are wanted.
struct SpanBlockRows {
  IntColumn starts;
  TraceIdColumn trace_ids;
  SpanIdColumn span_ids;

  size_t size() const { return starts.values.size(); }
  static absl::StatusOr<SpanBlockRows> Read(const RowBlockReader& reader);
};

// A decoded block. Thread-safe as const.
class SpanBlock {
 public:
  static absl::StatusOr<SpanBlock> Read(const RowBlockReader& reader, SpanBlockRows rows);

  const SpanBlockRows& rows() const { return rows_; }
  Span Row(size_t row) const;

 private:
  absl::Status ReadNames(const RowBlockReader& reader);
  absl::Status ReadNumbers(const RowBlockReader& reader);
  absl::Status ReadLists(const RowBlockReader& reader);

  SpanBlockRows rows_;
  SpanIdColumn parents_;
  StringColumn trace_states_;
  StringColumn names_;
  StringColumn status_messages_;
  IntColumn durations_;
  IntColumn kinds_;
  IntColumn statuses_;
  IntColumn flags_;
  IntColumn dropped_attributes_;
  IntColumn dropped_events_;
  IntColumn dropped_links_;
  std::vector<std::vector<SpanEvent>> events_;
  std::vector<std::vector<SpanLink>> links_;
  std::vector<std::shared_ptr<const Origin>> origins_;
  AttributeColumns attributes_;
};

}  // namespace vigil::storage
