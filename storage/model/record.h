// SPDX-License-Identifier: Apache-2.0
//
// Log records and spans. Times are Unix nanoseconds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/model/ids.h"
#include "storage/model/value.h"

namespace vigil::storage {

// Where telemetry comes from: OTLP's resource and instrumentation scope. Shared by all the records
// that came under it.
struct Origin {
  Attributes resource;
  std::string scope_name;
  std::string scope_version;
  Attributes scope_attributes;
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct LogRecord {
  // The record's own time, else the observed one, else when it was received; never 0.
  int64_t time_ns = 0;
  int64_t observed_time_ns = 0;  // 0 if not given.
  // As OTLP: 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal, 0 not given.
  uint8_t severity_number = 0;
  std::string severity_text;
  std::string event_name;
  Value body;
  Attributes attributes;
  TraceId trace_id;
  SpanId span_id;
  uint32_t flags = 0;
  uint32_t dropped_attributes_count = 0;
  std::shared_ptr<const Origin> origin;  // Never null.
};

struct SpanEvent {
  int64_t time_ns = 0;
  std::string name;
  Attributes attributes;
  uint32_t dropped_attributes_count = 0;
  friend bool operator==(const SpanEvent&, const SpanEvent&) = default;
};

struct SpanLink {
  TraceId trace_id;
  SpanId span_id;
  std::string trace_state;
  Attributes attributes;
  uint32_t dropped_attributes_count = 0;
  uint32_t flags = 0;
  friend bool operator==(const SpanLink&, const SpanLink&) = default;
};

enum class SpanStatus : uint8_t { kUnset = 0, kOk = 1, kError = 2 };

struct Span {
  TraceId trace_id;       // Never none.
  SpanId span_id;         // Never none.
  SpanId parent_span_id;  // None for a root.
  std::string trace_state;
  std::string name;
  uint8_t kind = 0;  // OTLP's SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
  int64_t start_ns = 0;
  int64_t end_ns = 0;  // Never before start_ns.
  SpanStatus status = SpanStatus::kUnset;
  std::string status_message;
  Attributes attributes;
  std::vector<SpanEvent> events;
  std::vector<SpanLink> links;
  uint32_t flags = 0;
  uint32_t dropped_attributes_count = 0;
  uint32_t dropped_events_count = 0;
  uint32_t dropped_links_count = 0;
  std::shared_ptr<const Origin> origin;  // Never null.
};

}  // namespace vigil::storage
