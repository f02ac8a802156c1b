// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_block.h"

#include <string_view>
#include <utility>
#include <variant>

#include "base/status.h"
#include "storage/block/row_block_builder.h"
#include "storage/records/origin_column.h"
#include "storage/records/row_access.h"

namespace vigil::storage {
namespace {

constexpr std::string_view kTime = "time";
constexpr std::string_view kNumber = "number";
constexpr std::string_view kObserved = "observed";
constexpr std::string_view kSeverityNumber = "severity_number";
constexpr std::string_view kSeverityText = "severity_text";
constexpr std::string_view kEventName = "event_name";
constexpr std::string_view kBody = "body";
constexpr std::string_view kTraceId = "trace_id";
constexpr std::string_view kSpanId = "span_id";
constexpr std::string_view kFlags = "flags";
constexpr std::string_view kDropped = "dropped_attributes";

// Puts records into a builder, row by row. What is empty, zero or none gets no entry.
class Writer {
 public:
  Writer() : attributes_(&builder_), origins_(&builder_) {}

  std::string Write(std::span<const NumberedRecord* const> rows) {
    for (const NumberedRecord* row : rows) attributes_.Count(row->record.attributes);
    attributes_.Plan();
    for (const NumberedRecord* row : rows) {
      builder_.AddRow();
      builder_.SetInt(time_, row->record.time_ns);
      builder_.SetInt(number_, static_cast<int64_t>(row->number));
      WriteFields(row->record);
      WriteBody(row->record.body);
      attributes_.Write(row->record.attributes);
      origins_.Write(row->record.origin.get());
      AddTokens(row->record);
    }
    return builder_.Finish(kTime);
  }

 private:
  RowBlockBuilder::Column Add(std::string_view name, ColumnType type) {
    return builder_.AddColumn(name, type);
  }

  void WriteFields(const LogRecord& record) {
    if (record.observed_time_ns != 0) builder_.SetInt(observed_, record.observed_time_ns);
    if (record.severity_number != 0) builder_.SetInt(severity_number_, record.severity_number);
    if (!record.severity_text.empty()) builder_.SetString(severity_text_, record.severity_text);
    if (!record.event_name.empty()) builder_.SetString(event_name_, record.event_name);
    if (!record.trace_id.empty()) builder_.SetId(trace_id_, record.trace_id);
    if (!record.span_id.empty()) builder_.SetId(span_id_, record.span_id);
    if (record.flags != 0) builder_.SetInt(flags_, record.flags);
    if (record.dropped_attributes_count != 0) {
      builder_.SetInt(dropped_, record.dropped_attributes_count);
    }
  }

  void WriteBody(const Value& body) {
    if (const auto* text = std::get_if<std::string>(&body.data)) {
      builder_.SetString(body_text_, *text);
    } else if (!std::holds_alternative<std::monostate>(body.data)) {
      builder_.SetValue(body_value_, body);
    }
  }

  void AddTokens(const LogRecord& record) {
    if (const auto* text = std::get_if<std::string>(&record.body.data)) {
      builder_.AddTokens(*text);
    } else {
      builder_.AddTokens(ToText(record.body));
    }
    for (const Attribute& attribute : record.attributes) {
      if (const auto* text = std::get_if<std::string>(&attribute.value.data)) {
        builder_.AddTokens(*text);
      }
    }
    // An id in hex is one token.
    if (!record.trace_id.empty()) builder_.AddTokens(record.trace_id.ToText());
  }

  RowBlockBuilder builder_;
  const RowBlockBuilder::Column time_ = Add(kTime, ColumnType::kInt);
  const RowBlockBuilder::Column number_ = Add(kNumber, ColumnType::kInt);
  const RowBlockBuilder::Column observed_ = Add(kObserved, ColumnType::kInt);
  const RowBlockBuilder::Column severity_number_ = Add(kSeverityNumber, ColumnType::kInt);
  const RowBlockBuilder::Column severity_text_ = Add(kSeverityText, ColumnType::kString);
  const RowBlockBuilder::Column event_name_ = Add(kEventName, ColumnType::kString);
  const RowBlockBuilder::Column body_text_ = Add(kBody, ColumnType::kString);
  const RowBlockBuilder::Column body_value_ = Add(kBody, ColumnType::kValue);
  const RowBlockBuilder::Column trace_id_ = Add(kTraceId, ColumnType::kId16);
  const RowBlockBuilder::Column span_id_ = Add(kSpanId, ColumnType::kId8);
  const RowBlockBuilder::Column flags_ = Add(kFlags, ColumnType::kInt);
  const RowBlockBuilder::Column dropped_ = Add(kDropped, ColumnType::kInt);
  AttributeColumnsWriter attributes_;
  OriginColumnWriter origins_;
};

}  // namespace

std::string EncodeLogBlock(std::span<const NumberedRecord* const> rows) {
  return Writer().Write(rows);
}

absl::StatusOr<LogBlockRows> LogBlockRows::Read(const RowBlockReader& reader) {
  LogBlockRows rows;
  VIGIL_ASSIGN_OR_RETURN(rows.times, reader.ReadInts(kTime));
  VIGIL_ASSIGN_OR_RETURN(rows.numbers, reader.ReadInts(kNumber));
  VIGIL_ASSIGN_OR_RETURN(rows.trace_ids, reader.ReadTraceIds(kTraceId));
  VIGIL_RETURN_IF_ERROR(RequireEveryRow(rows.times, reader.rows(), kTime));
  VIGIL_RETURN_IF_ERROR(RequireEveryRow(rows.numbers, reader.rows(), kNumber));
  VIGIL_RETURN_IF_ERROR(RequireRange<uint64_t>(rows.numbers, kNumber));
  return rows;
}

absl::StatusOr<LogBlock> LogBlock::Read(const RowBlockReader& reader, LogBlockRows rows) {
  LogBlock block;
  block.rows_ = std::move(rows);
  VIGIL_RETURN_IF_ERROR(block.ReadBody(reader));
  VIGIL_RETURN_IF_ERROR(block.ReadSeverity(reader));
  VIGIL_RETURN_IF_ERROR(block.ReadRest(reader));
  return block;
}

absl::Status LogBlock::ReadBody(const RowBlockReader& reader) {
  VIGIL_ASSIGN_OR_RETURN(body_text_, reader.ReadStrings(kBody));
  VIGIL_ASSIGN_OR_RETURN(body_value_, reader.ReadValues(kBody));
  return absl::OkStatus();
}

absl::Status LogBlock::ReadSeverity(const RowBlockReader& reader) {
  VIGIL_ASSIGN_OR_RETURN(severity_number_, reader.ReadInts(kSeverityNumber));
  VIGIL_RETURN_IF_ERROR(RequireRange<uint8_t>(severity_number_, kSeverityNumber));
  VIGIL_ASSIGN_OR_RETURN(severity_text_, reader.ReadStrings(kSeverityText));
  return absl::OkStatus();
}

absl::Status LogBlock::ReadRest(const RowBlockReader& reader) {
  VIGIL_ASSIGN_OR_RETURN(observed_, reader.ReadInts(kObserved));
  VIGIL_ASSIGN_OR_RETURN(event_name_, reader.ReadStrings(kEventName));
  VIGIL_ASSIGN_OR_RETURN(span_ids_, reader.ReadSpanIds(kSpanId));
  VIGIL_ASSIGN_OR_RETURN(flags_, reader.ReadInts(kFlags));
  VIGIL_RETURN_IF_ERROR(RequireRange<uint32_t>(flags_, kFlags));
  VIGIL_ASSIGN_OR_RETURN(dropped_, reader.ReadInts(kDropped));
  VIGIL_RETURN_IF_ERROR(RequireRange<uint32_t>(dropped_, kDropped));
  VIGIL_ASSIGN_OR_RETURN(origins_, ReadOriginColumn(reader));
  VIGIL_ASSIGN_OR_RETURN(attributes_, AttributeColumns::Read(reader));
  return absl::OkStatus();
}

LogRecord LogBlock::Record(size_t row) const {
  // Columns hold T() where a row has no entry, which is what such a record has.
  LogRecord record;
  record.time_ns = rows_.times[row];
  record.observed_time_ns = observed_[row];
  record.severity_number = static_cast<uint8_t>(severity_number_[row]);
  record.severity_text = severity_text_[row];
  record.event_name = event_name_[row];
  if (body_text_.Has(row)) {
    record.body.data = std::string(body_text_[row]);
  } else {
    record.body = body_value_[row];
  }
  record.attributes = attributes_.Row(row);
  record.trace_id = rows_.trace_ids[row];
  record.span_id = span_ids_[row];
  record.flags = static_cast<uint32_t>(flags_[row]);
  record.dropped_attributes_count = static_cast<uint32_t>(dropped_[row]);
  record.origin = origins_[row];
  return record;
}

}  // namespace vigil::storage
