// SPDX-License-Identifier: Apache-2.0
#include "storage/records/memory_size.h"

#include <string>
#include <variant>

namespace vigil::storage {
namespace {

// What a string keeps outside of its own object; short ones are kept inside.
size_t HeapSize(const std::string& text) {
  static const size_t kInside = std::string().capacity();
  return text.capacity() > kInside ? text.capacity() + 1 : 0;
}

size_t HeapSize(const Value& value);

size_t HeapSize(const Attributes& attributes) {
  size_t bytes = attributes.capacity() * sizeof(Attribute);
  for (const Attribute& attribute : attributes) {
    bytes += HeapSize(attribute.name) + HeapSize(attribute.value);
  }
  return bytes;
}

size_t HeapSize(const ValueList& list) {
  size_t bytes = list.capacity() * sizeof(Value);
  for (const Value& value : list) bytes += HeapSize(value);
  return bytes;
}

struct ValueHeapSize {
  size_t operator()(const std::string& text) const { return HeapSize(text); }
  size_t operator()(const Bytes& bytes) const { return HeapSize(bytes.data); }
  size_t operator()(const ValueList& list) const { return HeapSize(list); }
  size_t operator()(const Attributes& map) const { return HeapSize(map); }
  template <typename Plain>
  size_t operator()(const Plain&) const {
    return 0;
  }
};

size_t HeapSize(const Value& value) { return std::visit(ValueHeapSize(), value.data); }

}  // namespace

size_t MemorySize(const Origin& origin) {
  return sizeof(origin) + HeapSize(origin.resource) + HeapSize(origin.scope_name) +
         HeapSize(origin.scope_version) + HeapSize(origin.scope_attributes);
}

size_t MemorySize(const LogRecord& record) {
  return sizeof(record) + HeapSize(record.severity_text) + HeapSize(record.event_name) +
         HeapSize(record.body) + HeapSize(record.attributes);
}

size_t MemorySize(const Span& span) {
  size_t bytes = sizeof(span) + HeapSize(span.trace_state) + HeapSize(span.name) +
                 HeapSize(span.status_message) + HeapSize(span.attributes) +
                 span.events.capacity() * sizeof(SpanEvent) +
                 span.links.capacity() * sizeof(SpanLink);
  for (const SpanEvent& event : span.events) {
    bytes += HeapSize(event.name) + HeapSize(event.attributes);
  }
  for (const SpanLink& link : span.links) {
    bytes += HeapSize(link.trace_state) + HeapSize(link.attributes);
  }
  return bytes;
}

}  // namespace vigil::storage
