// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_block.h"

#include <string_view>
#include <utility>

#include "base/status.h"
#include "storage/block/row_block_builder.h"
#include "storage/model/record_codec.h"
#include "storage/records/origin_column.h"
#include "storage/records/row_access.h"

namespace vigil::storage {
namespace {

constexpr std::string_view kStart = "start";
constexpr std::string_view kDuration = "duration";
constexpr std::string_view kTraceId = "trace_id";
constexpr std::string_view kSpanId = "span_id";
constexpr std::string_view kParent = "parent_span_id";
constexpr std::string_view kTraceState = "trace_state";
constexpr std::string_view kName = "name";
constexpr std::string_view kKind = "kind";
constexpr std::string_view kStatus = "status";
constexpr std::string_view kStatusMessage = "status_message";
constexpr std::string_view kEvents = "events";
constexpr std::string_view kLinks = "links";
constexpr std::string_view kFlags = "flags";
constexpr std::string_view kDroppedAttributes = "dropped_attributes";
constexpr std::string_view kDroppedEvents = "dropped_events";
constexpr std::string_view kDroppedLinks = "dropped_links";

// Puts spans into a builder, row by row. What is empty, zero or none gets no entry.
class Writer {
 public:
  Writer() : attributes_(&builder_), origins_(&builder_) {}

  std::string Write(std::span<const Span* const> rows) {
    for (const Span* span : rows) attributes_.Count(span->attributes);
    attributes_.Plan();
    for (const Span* span : rows) {
      builder_.AddRow();
      WriteIdentity(*span);
      WriteTexts(*span);
      WriteNumbers(*span);
      if (!span->events.empty()) builder_.SetString(events_, EncodeEvents(span->events));
      if (!span->links.empty()) builder_.SetString(links_, EncodeLinks(span->links));
      attributes_.Write(span->attributes);
      origins_.Write(span->origin.get());
    }
    return builder_.Finish(kStart);
  }

 private:
  RowBlockBuilder::Column Add(std::string_view name, ColumnType type) {
    return builder_.AddColumn(name, type);
  }

  void WriteIdentity(const Span& span) {
    builder_.SetId(trace_id_, span.trace_id);
    builder_.SetId(span_id_, span.span_id);
    if (!span.parent_span_id.empty()) builder_.SetId(parent_, span.parent_span_id);
    builder_.SetInt(start_, span.start_ns);
    // Unsigned, so that even the longest duration, from one end of int64 to the other, comes back.
    builder_.SetInt(duration_, static_cast<int64_t>(static_cast<uint64_t>(span.end_ns) -
                                                    static_cast<uint64_t>(span.start_ns)));
  }

  void WriteTexts(const Span& span) {
    if (!span.trace_state.empty()) builder_.SetString(trace_state_, span.trace_state);
    if (!span.name.empty()) builder_.SetString(name_, span.name);
    if (!span.status_message.empty()) builder_.SetString(status_message_, span.status_message);
  }

  void WriteNumbers(const Span& span) {
    SetUnlessZero(kind_, span.kind);
    SetUnlessZero(status_, static_cast<int64_t>(span.status));
    SetUnlessZero(flags_, span.flags);
    SetUnlessZero(dropped_attributes_, span.dropped_attributes_count);
    SetUnlessZero(dropped_events_, span.dropped_events_count);
    SetUnlessZero(dropped_links_, span.dropped_links_count);
  }

  void SetUnlessZero(RowBlockBuilder::Column column, int64_t value) {
    if (value != 0) builder_.SetInt(column, value);
  }

  RowBlockBuilder builder_;
  const RowBlockBuilder::Column trace_id_ = Add(kTraceId, ColumnType::kId16);
  const RowBlockBuilder::Column span_id_ = Add(kSpanId, ColumnType::kId8);
  const RowBlockBuilder::Column parent_ = Add(kParent, ColumnType::kId8);
  const RowBlockBuilder::Column start_ = Add(kStart, ColumnType::kInt);
  const RowBlockBuilder::Column duration_ = Add(kDuration, ColumnType::kInt);
  const RowBlockBuilder::Column trace_state_ = Add(kTraceState, ColumnType::kString);
  const RowBlockBuilder::Column name_ = Add(kName, ColumnType::kString);
  const RowBlockBuilder::Column kind_ = Add(kKind, ColumnType::kInt);
  const RowBlockBuilder::Column status_ = Add(kStatus, ColumnType::kInt);
  const RowBlockBuilder::Column status_message_ = Add(kStatusMessage, ColumnType::kString);
  const RowBlockBuilder::Column flags_ = Add(kFlags, ColumnType::kInt);
  const RowBlockBuilder::Column dropped_attributes_ = Add(kDroppedAttributes, ColumnType::kInt);
  const RowBlockBuilder::Column dropped_events_ = Add(kDroppedEvents, ColumnType::kInt);
  const RowBlockBuilder::Column dropped_links_ = Add(kDroppedLinks, ColumnType::kInt);
  const RowBlockBuilder::Column events_ = Add(kEvents, ColumnType::kString);
  const RowBlockBuilder::Column links_ = Add(kLinks, ColumnType::kString);
  AttributeColumnsWriter attributes_;
  OriginColumnWriter origins_;
};

// A column of lists that `decode` understands, one for each row.
template <typename T>
absl::StatusOr<std::vector<T>> ReadDecoded(const RowBlockReader& reader, std::string_view name,
                                           absl::StatusOr<T> (*decode)(std::string_view)) {
  VIGIL_ASSIGN_OR_RETURN(const StringColumn column, reader.ReadStrings(name));
  std::vector<T> lists(reader.rows());
  for (size_t row = 0; row < reader.rows(); ++row) {
    if (!column.Has(row)) continue;
    VIGIL_ASSIGN_OR_RETURN_WITH(lists[row], decode(column[row]), std::string(name));
  }
  return lists;
}

template <typename Number>
absl::StatusOr<IntColumn> ReadRange(const RowBlockReader& reader, std::string_view name) {
  VIGIL_ASSIGN_OR_RETURN(IntColumn column, reader.ReadInts(name));
  VIGIL_RETURN_IF_ERROR(RequireRange<Number>(column, name));
  return column;
}

}  // namespace

std::string EncodeSpanBlock(std::span<const Span* const> rows) { return Writer().Write(rows); }

absl::StatusOr<SpanBlockRows> SpanBlockRows::Read(const RowBlockReader& reader) {
  SpanBlockRows rows;
  VIGIL_ASSIGN_OR_RETURN(rows.starts, reader.ReadInts(kStart));
  VIGIL_ASSIGN_OR_RETURN(rows.trace_ids, reader.ReadTraceIds(kTraceId));
  VIGIL_ASSIGN_OR_RETURN(rows.span_ids, reader.ReadSpanIds(kSpanId));
  VIGIL_RETURN_IF_ERROR(RequireEveryRow(rows.starts, reader.rows(), kStart));
  VIGIL_RETURN_IF_ERROR(RequireEveryRow(rows.trace_ids, reader.rows(), kTraceId));
  VIGIL_RETURN_IF_ERROR(RequireEveryRow(rows.span_ids, reader.rows(), kSpanId));
  return rows;
}

absl::StatusOr<SpanBlock> SpanBlock::Read(const RowBlockReader& reader, SpanBlockRows rows) {
  SpanBlock block;
  block.rows_ = std::move(rows);
  VIGIL_RETURN_IF_ERROR(block.ReadNames(reader));
  VIGIL_RETURN_IF_ERROR(block.ReadNumbers(reader));
  VIGIL_RETURN_IF_ERROR(block.ReadLists(reader));
  return block;
}

absl::Status SpanBlock::ReadNames(const RowBlockReader& reader) {
  VIGIL_ASSIGN_OR_RETURN(parents_, reader.ReadSpanIds(kParent));
  VIGIL_ASSIGN_OR_RETURN(trace_states_, reader.ReadStrings(kTraceState));
  VIGIL_ASSIGN_OR_RETURN(names_, reader.ReadStrings(kName));
  VIGIL_ASSIGN_OR_RETURN(status_messages_, reader.ReadStrings(kStatusMessage));
  return absl::OkStatus();
}

absl::Status SpanBlock::ReadNumbers(const RowBlockReader& reader) {
  VIGIL_ASSIGN_OR_RETURN(durations_, reader.ReadInts(kDuration));
  VIGIL_RETURN_IF_ERROR(RequireEveryRow(durations_, reader.rows(), kDuration));
  VIGIL_ASSIGN_OR_RETURN(kinds_, ReadRange<uint8_t>(reader, kKind));
  VIGIL_ASSIGN_OR_RETURN(statuses_, ReadRange<uint8_t>(reader, kStatus));
  VIGIL_ASSIGN_OR_RETURN(flags_, ReadRange<uint32_t>(reader, kFlags));
  VIGIL_ASSIGN_OR_RETURN(dropped_attributes_, ReadRange<uint32_t>(reader, kDroppedAttributes));
  VIGIL_ASSIGN_OR_RETURN(dropped_events_, ReadRange<uint32_t>(reader, kDroppedEvents));
  VIGIL_ASSIGN_OR_RETURN(dropped_links_, ReadRange<uint32_t>(reader, kDroppedLinks));
  for (const int64_t status : statuses_.values) {
    if (status > static_cast<int64_t>(SpanStatus::kError)) {
      return absl::DataLossError("column status: unknown");
    }
  }
  return absl::OkStatus();
}

absl::Status SpanBlock::ReadLists(const RowBlockReader& reader) {
  VIGIL_ASSIGN_OR_RETURN(events_, ReadDecoded(reader, kEvents, &DecodeEvents));
  VIGIL_ASSIGN_OR_RETURN(links_, ReadDecoded(reader, kLinks, &DecodeLinks));
  VIGIL_ASSIGN_OR_RETURN(origins_, ReadOriginColumn(reader));
  VIGIL_ASSIGN_OR_RETURN(attributes_, AttributeColumns::Read(reader));
  return absl::OkStatus();
}

Span SpanBlock::Row(size_t row) const {
  // Columns hold T() where a row has no entry, which is what such a span has.
  Span span;
  span.trace_id = rows_.trace_ids[row];
  span.span_id = rows_.span_ids[row];
  span.parent_span_id = parents_[row];
  span.trace_state = trace_states_[row];
  span.name = names_[row];
  span.kind = static_cast<uint8_t>(kinds_[row]);
  span.start_ns = rows_.starts[row];
  span.end_ns = static_cast<int64_t>(static_cast<uint64_t>(span.start_ns) +
                                     static_cast<uint64_t>(durations_[row]));
  span.status = static_cast<SpanStatus>(statuses_[row]);
  span.status_message = status_messages_[row];
  span.attributes = attributes_.Row(row);
  span.events = events_[row];
  span.links = links_[row];
  span.flags = static_cast<uint32_t>(flags_[row]);
  span.dropped_attributes_count = static_cast<uint32_t>(dropped_attributes_[row]);
  span.dropped_events_count = static_cast<uint32_t>(dropped_events_[row]);
  span.dropped_links_count = static_cast<uint32_t>(dropped_links_[row]);
  span.origin = origins_[row];
  return span;
}

}  // namespace vigil::storage
