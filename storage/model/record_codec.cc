// SPDX-License-Identifier: Apache-2.0
#include "storage/model/record_codec.h"

#include <limits>
#include <utility>

#include "base/status.h"

namespace vigil::storage {
namespace {

// Presence bits. Persisted in journals: never renumber.
enum LogBit : uint64_t {
  kLogObserved = 1 << 0,
  kLogSeverity = 1 << 1,
  kLogSeverityText = 1 << 2,
  kLogEventName = 1 << 3,
  kLogBody = 1 << 4,
  kLogAttributes = 1 << 5,
  kLogTrace = 1 << 6,
  kLogSpan = 1 << 7,
  kLogFlags = 1 << 8,
  kLogDropped = 1 << 9,
  kLogAllBits = (1 << 10) - 1,
};

enum SpanBit : uint64_t {
  kSpanParent = 1 << 0,
  kSpanTraceState = 1 << 1,
  kSpanStatus = 1 << 2,
  kSpanStatusMessage = 1 << 3,
  kSpanAttributes = 1 << 4,
  kSpanEvents = 1 << 5,
  kSpanLinks = 1 << 6,
  kSpanFlags = 1 << 7,
  kSpanDropped = 1 << 8,
  kSpanAllBits = (1 << 9) - 1,
};

void AppendTime(int64_t time_ns, std::string* out) {
  AppendFixed64(static_cast<uint64_t>(time_ns), out);
}

int64_t ReadTime(ByteReader* reader, std::string_view field) {
  return static_cast<int64_t>(reader->ReadFixed64(field));
}

template <typename Id>
Id ReadId(ByteReader* reader, std::string_view field) {
  return Id::FromBytes(reader->ReadBytes(sizeof(Id), field));
}

uint32_t ReadU32(ByteReader* reader, std::string_view field) {
  return static_cast<uint32_t>(reader->ReadVarintUpTo(std::numeric_limits<uint32_t>::max(), field));
}

uint8_t ReadU8(ByteReader* reader, std::string_view field) {
  return static_cast<uint8_t>(reader->ReadVarintUpTo(std::numeric_limits<uint8_t>::max(), field));
}

std::string ReadString(ByteReader* reader, std::string_view field) {
  return std::string(reader->ReadText(field));
}

// Runs one of model/value.h's decoders on what `reader` has left.
template <typename T>
T ReadWith(absl::StatusOr<T> (*decode)(std::string_view*), ByteReader* reader,
           std::string_view field) {
  std::string_view rest = reader->rest();
  absl::StatusOr<T> decoded = decode(&rest);
  if (!decoded.ok()) {
    reader->Fail(field, MessageOf(decoded.status()));
    return T();
  }
  reader->ReadBytes(reader->remaining() - rest.size(), field);
  return *std::move(decoded);
}

Value ReadValue(ByteReader* reader, std::string_view field) {
  return ReadWith<Value>(&DecodeValue, reader, field);
}

Attributes ReadAttributes(ByteReader* reader, std::string_view field) {
  return ReadWith<Attributes>(&DecodeAttributes, reader, field);
}

// Members of a list; each takes a byte at least, so a count beyond the bytes left is a lie.
template <typename T>
std::vector<T> ReadList(ByteReader* reader, T (*read)(ByteReader*), std::string_view field) {
  std::vector<T> list;
  const uint64_t count = reader->ReadVarintUpTo(reader->remaining(), field);
  for (uint64_t i = 0; i < count && reader->ok(); ++i) list.push_back(read(reader));
  return list;
}

template <typename T>
absl::StatusOr<T> DecodeAll(std::string_view bytes, T (*read)(ByteReader*),
                            std::string_view field) {
  ByteReader reader(bytes);
  T decoded = read(&reader);
  reader.ExpectEnd(field);
  if (!reader.ok()) return reader.status();
  return decoded;
}

void AppendOrigin(const Origin& origin, std::string* out) {
  EncodeAttributes(origin.resource, out);
  AppendText(origin.scope_name, out);
  AppendText(origin.scope_version, out);
  EncodeAttributes(origin.scope_attributes, out);
}

Origin ReadOrigin(ByteReader* reader) {
  Origin origin;
  origin.resource = ReadAttributes(reader, "resource");
  origin.scope_name = ReadString(reader, "scope name");
  origin.scope_version = ReadString(reader, "scope version");
  origin.scope_attributes = ReadAttributes(reader, "scope attributes");
  return origin;
}

std::shared_ptr<const Origin> ReadOriginNumber(ByteReader* reader, const OriginTable& origins) {
  const uint64_t number = reader->ReadVarint("origin");
  if (reader->ok() && number >= origins.size()) reader->Fail("origin", "not in the table");
  return reader->ok() ? origins[number] : nullptr;
}

uint64_t ReadBits(ByteReader* reader, uint64_t all) {
  return reader->ReadVarintUpTo(all, "presence bits");
}

SpanEvent ReadEvent(ByteReader* reader) {
  SpanEvent event;
  event.time_ns = ReadTime(reader, "event time");
  event.name = ReadString(reader, "event name");
  event.attributes = ReadAttributes(reader, "event attributes");
  event.dropped_attributes_count = ReadU32(reader, "event's dropped attributes");
  return event;
}

void AppendEvents(const std::vector<SpanEvent>& events, std::string* out) {
  AppendVarint(events.size(), out);
  for (const SpanEvent& event : events) {
    AppendTime(event.time_ns, out);
    AppendText(event.name, out);
    EncodeAttributes(event.attributes, out);
    AppendVarint(event.dropped_attributes_count, out);
  }
}

std::vector<SpanEvent> ReadEvents(ByteReader* reader) {
  return ReadList(reader, &ReadEvent, "events");
}

SpanLink ReadLink(ByteReader* reader) {
  SpanLink link;
  link.trace_id = ReadId<TraceId>(reader, "link's trace id");
  link.span_id = ReadId<SpanId>(reader, "link's span id");
  link.trace_state = ReadString(reader, "link's trace state");
  link.attributes = ReadAttributes(reader, "link attributes");
  link.dropped_attributes_count = ReadU32(reader, "link's dropped attributes");
  link.flags = ReadU32(reader, "link flags");
  return link;
}

void AppendLinks(const std::vector<SpanLink>& links, std::string* out) {
  AppendVarint(links.size(), out);
  for (const SpanLink& link : links) {
    out->append(link.trace_id.AsBytes());
    out->append(link.span_id.AsBytes());
    AppendText(link.trace_state, out);
    EncodeAttributes(link.attributes, out);
    AppendVarint(link.dropped_attributes_count, out);
    AppendVarint(link.flags, out);
  }
}

std::vector<SpanLink> ReadLinks(ByteReader* reader) { return ReadList(reader, &ReadLink, "links"); }

uint64_t BitsOf(const LogRecord& record) {
  uint64_t bits = 0;
  if (record.observed_time_ns != 0) bits |= kLogObserved;
  if (record.severity_number != 0) bits |= kLogSeverity;
  if (!record.severity_text.empty()) bits |= kLogSeverityText;
  if (!record.event_name.empty()) bits |= kLogEventName;
  if (record.body.data.index() != 0) bits |= kLogBody;
  if (!record.attributes.empty()) bits |= kLogAttributes;
  if (!record.trace_id.empty()) bits |= kLogTrace;
  if (!record.span_id.empty()) bits |= kLogSpan;
  if (record.flags != 0) bits |= kLogFlags;
  if (record.dropped_attributes_count != 0) bits |= kLogDropped;
  return bits;
}

uint64_t BitsOf(const Span& span) {
  uint64_t bits = 0;
  if (!span.parent_span_id.empty()) bits |= kSpanParent;
  if (!span.trace_state.empty()) bits |= kSpanTraceState;
  if (span.status != SpanStatus::kUnset) bits |= kSpanStatus;
  if (!span.status_message.empty()) bits |= kSpanStatusMessage;
  if (!span.attributes.empty()) bits |= kSpanAttributes;
  if (!span.events.empty()) bits |= kSpanEvents;
  if (!span.links.empty()) bits |= kSpanLinks;
  if (span.flags != 0) bits |= kSpanFlags;
  if (span.dropped_attributes_count != 0 || span.dropped_events_count != 0 ||
      span.dropped_links_count != 0) {
    bits |= kSpanDropped;
  }
  return bits;
}

// What every span has, in front of what the bits announce.
void ReadSpanCore(ByteReader* reader, Span* span) {
  span->trace_id = ReadId<TraceId>(reader, "trace id");
  span->span_id = ReadId<SpanId>(reader, "span id");
  span->name = ReadString(reader, "name");
  span->kind = ReadU8(reader, "kind");
  span->start_ns = ReadTime(reader, "start");
  span->end_ns = ReadTime(reader, "end");
  if (!reader->ok()) return;
  if (span->trace_id.empty() || span->span_id.empty()) reader->Fail("span", "has no id");
  if (span->end_ns < span->start_ns) reader->Fail("span", "ends before it starts");
}

}  // namespace

uint64_t OriginTableBuilder::NumberOf(const Origin* origin) {
  const auto [known, is_new] = by_address_.try_emplace(origin, 0);
  if (is_new) {
    std::string bytes = EncodeOrigin(*origin);
    const auto [entry, is_distinct] = by_bytes_.try_emplace(bytes, by_bytes_.size());
    if (is_distinct) encoded_ += bytes;
    known->second = entry->second;
  }
  return known->second;
}

void OriginTableBuilder::AppendTo(std::string* out) const {
  AppendVarint(by_bytes_.size(), out);
  *out += encoded_;
}

OriginTable ReadOriginTable(ByteReader* reader) {
  OriginTable origins;
  const uint64_t count = reader->ReadVarintUpTo(reader->remaining(), "number of origins");
  for (uint64_t i = 0; i < count && reader->ok(); ++i) {
    origins.push_back(std::make_shared<const Origin>(ReadOrigin(reader)));
  }
  return origins;
}

void AppendLogRecord(const LogRecord& record, OriginTableBuilder* origins, std::string* out) {
  const uint64_t bits = BitsOf(record);
  AppendVarint(bits, out);
  AppendTime(record.time_ns, out);
  if (bits & kLogObserved) AppendTime(record.observed_time_ns, out);
  if (bits & kLogSeverity) AppendVarint(record.severity_number, out);
  if (bits & kLogSeverityText) AppendText(record.severity_text, out);
  if (bits & kLogEventName) AppendText(record.event_name, out);
  if (bits & kLogBody) EncodeValue(record.body, out);
  if (bits & kLogAttributes) EncodeAttributes(record.attributes, out);
  if (bits & kLogTrace) out->append(record.trace_id.AsBytes());
  if (bits & kLogSpan) out->append(record.span_id.AsBytes());
  if (bits & kLogFlags) AppendVarint(record.flags, out);
  if (bits & kLogDropped) AppendVarint(record.dropped_attributes_count, out);
  AppendVarint(origins->NumberOf(record.origin.get()), out);
}

LogRecord ReadLogRecord(ByteReader* reader, const OriginTable& origins) {
  LogRecord record;
  const uint64_t bits = ReadBits(reader, kLogAllBits);
  record.time_ns = ReadTime(reader, "time");
  if (bits & kLogObserved) record.observed_time_ns = ReadTime(reader, "observed time");
  if (bits & kLogSeverity) record.severity_number = ReadU8(reader, "severity number");
  if (bits & kLogSeverityText) record.severity_text = ReadString(reader, "severity text");
  if (bits & kLogEventName) record.event_name = ReadString(reader, "event name");
  if (bits & kLogBody) record.body = ReadValue(reader, "body");
  if (bits & kLogAttributes) record.attributes = ReadAttributes(reader, "attributes");
  if (bits & kLogTrace) record.trace_id = ReadId<TraceId>(reader, "trace id");
  if (bits & kLogSpan) record.span_id = ReadId<SpanId>(reader, "span id");
  if (bits & kLogFlags) record.flags = ReadU32(reader, "flags");
  if (bits & kLogDropped) record.dropped_attributes_count = ReadU32(reader, "dropped attributes");
  record.origin = ReadOriginNumber(reader, origins);
  return record;
}

void AppendSpan(const Span& span, OriginTableBuilder* origins, std::string* out) {
  const uint64_t bits = BitsOf(span);
  AppendVarint(bits, out);
  out->append(span.trace_id.AsBytes());
  out->append(span.span_id.AsBytes());
  AppendText(span.name, out);
  AppendVarint(span.kind, out);
  AppendTime(span.start_ns, out);
  AppendTime(span.end_ns, out);
  if (bits & kSpanParent) out->append(span.parent_span_id.AsBytes());
  if (bits & kSpanTraceState) AppendText(span.trace_state, out);
  if (bits & kSpanStatus) AppendVarint(static_cast<uint64_t>(span.status), out);
  if (bits & kSpanStatusMessage) AppendText(span.status_message, out);
  if (bits & kSpanAttributes) EncodeAttributes(span.attributes, out);
  if (bits & kSpanEvents) AppendEvents(span.events, out);
  if (bits & kSpanLinks) AppendLinks(span.links, out);
  if (bits & kSpanFlags) AppendVarint(span.flags, out);
  if (bits & kSpanDropped) {
    AppendVarint(span.dropped_attributes_count, out);
    AppendVarint(span.dropped_events_count, out);
    AppendVarint(span.dropped_links_count, out);
  }
  AppendVarint(origins->NumberOf(span.origin.get()), out);
}

Span ReadSpan(ByteReader* reader, const OriginTable& origins) {
  Span span;
  const uint64_t bits = ReadBits(reader, kSpanAllBits);
  ReadSpanCore(reader, &span);
  if (bits & kSpanParent) span.parent_span_id = ReadId<SpanId>(reader, "parent span id");
  if (bits & kSpanTraceState) span.trace_state = ReadString(reader, "trace state");
  if (bits & kSpanStatus) {
    span.status = static_cast<SpanStatus>(
        reader->ReadVarintUpTo(static_cast<uint64_t>(SpanStatus::kError), "status"));
  }
  if (bits & kSpanStatusMessage) span.status_message = ReadString(reader, "status message");
  if (bits & kSpanAttributes) span.attributes = ReadAttributes(reader, "attributes");
  if (bits & kSpanEvents) span.events = ReadEvents(reader);
  if (bits & kSpanLinks) span.links = ReadLinks(reader);
  if (bits & kSpanFlags) span.flags = ReadU32(reader, "flags");
  if (bits & kSpanDropped) {
    span.dropped_attributes_count = ReadU32(reader, "dropped attributes");
    span.dropped_events_count = ReadU32(reader, "dropped events");
    span.dropped_links_count = ReadU32(reader, "dropped links");
  }
  span.origin = ReadOriginNumber(reader, origins);
  return span;
}

std::string EncodeOrigin(const Origin& origin) {
  std::string bytes;
  AppendOrigin(origin, &bytes);
  return bytes;
}

absl::StatusOr<Origin> DecodeOrigin(std::string_view bytes) {
  return DecodeAll<Origin>(bytes, &ReadOrigin, "origin");
}

std::string EncodeEvents(const std::vector<SpanEvent>& events) {
  std::string bytes;
  AppendEvents(events, &bytes);
  return bytes;
}

absl::StatusOr<std::vector<SpanEvent>> DecodeEvents(std::string_view bytes) {
  return DecodeAll<std::vector<SpanEvent>>(bytes, &ReadEvents, "events");
}

std::string EncodeLinks(const std::vector<SpanLink>& links) {
  std::string bytes;
  AppendLinks(links, &bytes);
  return bytes;
}

absl::StatusOr<std::vector<SpanLink>> DecodeLinks(std::string_view bytes) {
  return DecodeAll<std::vector<SpanLink>>(bytes, &ReadLinks, "links");
}

}  // namespace vigil::storage
