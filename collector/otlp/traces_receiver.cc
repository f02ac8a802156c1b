// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/traces_receiver.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <opentelemetry/proto/trace/v1/trace.pb.h>

#include "base/metrics.h"
#include "base/status.h"
#include "collector/otlp/attributes.h"
#include "collector/otlp/envelopes.h"
#include "collector/otlp/unix_nanos.h"

namespace vigil::collector {
namespace {

namespace trace = opentelemetry::proto::trace::v1;

storage::SpanEvent ToEvent(const trace::Span::Event& message) {
  storage::SpanEvent event;
  event.time_ns = ToUnixNanos(message.time_unix_nano());
  event.name = message.name();
  event.attributes = ToAttributes(message.attributes());
  event.dropped_attributes_count = message.dropped_attributes_count();
  return event;
}

storage::SpanLink ToLink(const trace::Span::Link& message) {
  storage::SpanLink link;
  link.trace_id = storage::TraceId::FromBytes(message.trace_id());
  link.span_id = storage::SpanId::FromBytes(message.span_id());
  link.trace_state = message.trace_state();
  link.attributes = ToAttributes(message.attributes());
  link.dropped_attributes_count = message.dropped_attributes_count();
  link.flags = message.flags();
  return link;
}

storage::SpanStatus ToStatus(trace::Status::StatusCode code) {
  switch (code) {
    case trace::Status::STATUS_CODE_OK:
      return storage::SpanStatus::kOk;
    case trace::Status::STATUS_CODE_ERROR:
      return storage::SpanStatus::kError;
    default:
      return storage::SpanStatus::kUnset;
  }
}

storage::Span ToSpan(const trace::Span& message) {
  storage::Span span;
  span.trace_id = storage::TraceId::FromBytes(message.trace_id());
  span.span_id = storage::SpanId::FromBytes(message.span_id());
  span.parent_span_id = storage::SpanId::FromBytes(message.parent_span_id());
  span.trace_state = message.trace_state();
  span.name = message.name();
  // Unspecified counts as internal, and so does a kind of the future.
  const bool known = trace::Span::SpanKind_IsValid(message.kind()) &&
                     message.kind() != trace::Span::SPAN_KIND_UNSPECIFIED;
  span.kind = static_cast<uint8_t>(known ? message.kind() : trace::Span::SPAN_KIND_INTERNAL);
  span.start_ns = ToUnixNanos(message.start_time_unix_nano());
  // A clock that was set back during the span must not give it a negative duration.
  span.end_ns = std::max(span.start_ns, ToUnixNanos(message.end_time_unix_nano()));
  span.status = ToStatus(message.status().code());
  span.status_message = message.status().message();
  span.attributes = ToAttributes(message.attributes());
  for (const trace::Span::Event& event : message.events()) span.events.push_back(ToEvent(event));
  for (const trace::Span::Link& link : message.links()) span.links.push_back(ToLink(link));
  span.flags = message.flags();
  span.dropped_attributes_count = message.dropped_attributes_count();
  span.dropped_events_count = message.dropped_events_count();
  span.dropped_links_count = message.dropped_links_count();
  return span;
}

}  // namespace

absl::StatusOr<ExportOutcome> TracesReceiver::Export(storage::TenantId tenant,
                                                     std::string_view request) {
  static Counter& received =
      GetCounter("vigil_received_records_total", "Records that were stored.", "signal=\"traces\"");
  Rejections rejections;
  std::vector<storage::Span> spans;
  trace::Span message;
  VIGIL_RETURN_IF_ERROR(
      ForEachRecord(request, [&](const RecordEnvelope& envelope, std::string_view bytes) {
        if (!envelope.fault.ok()) return rejections.Add(1, MessageOf(envelope.fault));
        if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
          return rejections.Add(1, "a span is malformed or has text that is not UTF-8");
        }
        storage::Span span = ToSpan(message);
        if (span.trace_id.empty() || span.span_id.empty()) {
          return rejections.Add(1, "a span has no valid trace id (16 bytes) or span id (8 bytes)");
        }
        // It would be kept under 1970 and gone with the next look at what is too old.
        if (span.start_ns == 0) return rejections.Add(1, "a span has no start time");
        span.origin = envelope.origin;
        spans.push_back(std::move(span));
      }));
  const auto count = static_cast<int64_t>(spans.size());
  if (count > 0) {
    VIGIL_ASSIGN_OR_RETURN(const storage::WriteResult result,
                           storage_.WriteSpans(tenant, std::move(spans), DigestToken(request)));
    rejections.Add(result);
    if (!result.duplicate) received.Add(count - result.rejected);
  }
  return rejections.Outcome();
}

}  // namespace vigil::collector
