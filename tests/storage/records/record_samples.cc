// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/records/record_samples.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "storage/model/record_codec.h"

namespace vigil::storage::testing {
namespace {

std::shared_ptr<const Origin> PlainOrigin() {
  static const auto origin = std::make_shared<const Origin>();
  return origin;
}

void SortByName(Attributes* attributes) {
  std::stable_sort(attributes->begin(), attributes->end(),
                   [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
}

}  // namespace

RecordSamples::RecordSamples(uint64_t seed) : random_(seed) {
  for (int i = 0; i < 4; ++i) {
    Origin origin = {NextAttributes(), Text(), Text(), NextAttributes()};
    origins_.push_back(std::make_shared<const Origin>(origin));
    // Equal ones at different addresses are one.
    origins_.push_back(std::make_shared<const Origin>(std::move(origin)));
  }
}

int64_t RecordSamples::Between(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random_);
}

std::string RecordSamples::Text() {
  if (OneIn(8)) return "";
  if (OneIn(8)) return std::string("\xff\x00\xc3", 3) + std::to_string(Between(0, 3));
  std::string text;
  for (int64_t words = Between(1, 4); words > 0; --words) {
    text += "word" + std::to_string(Between(0, 50)) + " ";
  }
  return text;
}

Value RecordSamples::NextValue(int depth) {
  switch (Between(0, depth < 2 ? 9 : 6)) {
    case 0:
      return {};
    case 1:
      return {OneIn(2)};
    case 2:
      return {Between(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max())};
    case 3:
      return {static_cast<double>(Between(-5, 5)) / 4};
    case 4:
      return {Bytes{Text()}};
    case 7: {
      ValueList list;
      for (int64_t i = Between(0, 3); i > 0; --i) list.push_back(NextValue(depth + 1));
      return {std::move(list)};
    }
    case 8:
      return {NextAttributes(depth + 1)};
    default:
      return {Text()};
  }
}

Attributes RecordSamples::NextAttributes(int depth) {
  Attributes attributes;
  for (int64_t i = Between(0, 5); i > 0; --i) {
    // Few names, so that types differ by record and names repeat within one; and rare ones.
    const std::string name = OneIn(10) ? Text() : "name" + std::to_string(Between(0, 7));
    attributes.push_back({name, NextValue(depth + 1)});
  }
  return attributes;
}

TraceId RecordSamples::NextTraceId() { return TraceIdOf(static_cast<uint8_t>(Between(1, 20))); }

LogRecord RecordSamples::NextLog(int64_t start_ns, int64_t end_ns) {
  LogRecord record;
  record.time_ns = Between(start_ns, end_ns - 1);
  if (OneIn(2)) record.observed_time_ns = record.time_ns + Between(-5, 5);
  if (OneIn(2)) record.severity_number = static_cast<uint8_t>(Between(0, 255));
  if (OneIn(2)) record.severity_text = Text();
  if (OneIn(4)) record.event_name = Text();
  record.body = OneIn(2) ? Value{Text()} : NextValue();
  record.attributes = NextAttributes();
  if (OneIn(2)) record.trace_id = NextTraceId();
  if (OneIn(2)) record.span_id = SpanIdOf(static_cast<uint8_t>(Between(1, 20)));
  if (OneIn(4)) record.flags = static_cast<uint32_t>(Between(0, 0xFFFFFFFF));
  if (OneIn(4)) record.dropped_attributes_count = static_cast<uint32_t>(Between(0, 0xFFFFFFFF));
  record.origin = origins_[static_cast<size_t>(Between(0, 7))];
  return record;
}

Span RecordSamples::NextSpan(int64_t start_ns, int64_t end_ns) {
  Span span;
  span.trace_id = NextTraceId();
  span.span_id = SpanIdOf(static_cast<uint8_t>(Between(1, 40)));
  if (OneIn(2)) span.parent_span_id = SpanIdOf(static_cast<uint8_t>(Between(1, 40)));
  if (OneIn(4)) span.trace_state = Text();
  span.name = Text();
  span.kind = static_cast<uint8_t>(Between(0, 255));
  span.start_ns = Between(start_ns, end_ns - 1);
  span.end_ns = OneIn(10) ? std::numeric_limits<int64_t>::max() : span.start_ns + Between(0, 1000);
  span.status = static_cast<SpanStatus>(Between(0, 2));
  if (OneIn(4)) span.status_message = Text();
  span.attributes = NextAttributes();
  for (int64_t i = Between(-3, 3); i > 0; --i) {
    span.events.push_back({Between(start_ns, end_ns), Text(), NextAttributes(), 7});
  }
  for (int64_t i = Between(-3, 2); i > 0; --i) {
    span.links.push_back({NextTraceId(), SpanId(), Text(), NextAttributes(), 0, 0xFFFFFFFF});
  }
  if (OneIn(4)) span.flags = static_cast<uint32_t>(Between(0, 0xFFFFFFFF));
  if (OneIn(4)) span.dropped_attributes_count = 1;
  if (OneIn(4)) span.dropped_events_count = 0xFFFFFFFF;
  if (OneIn(4)) span.dropped_links_count = 3;
  span.origin = origins_[static_cast<size_t>(Between(0, 7))];
  return span;
}

std::string Canonical(const LogRecord& record) {
  LogRecord sorted = record;
  SortByName(&sorted.attributes);
  OriginTableBuilder origins;
  std::string bytes;
  AppendLogRecord(sorted, &origins, &bytes);
  origins.AppendTo(&bytes);
  return bytes;
}

std::string Canonical(const Span& span) {
  Span sorted = span;
  SortByName(&sorted.attributes);
  OriginTableBuilder origins;
  std::string bytes;
  AppendSpan(sorted, &origins, &bytes);
  origins.AppendTo(&bytes);
  return bytes;
}

LogRecord PlainLog(int64_t time_ns, std::string body) {
  LogRecord record;
  record.time_ns = time_ns;
  record.body.data = std::move(body);
  record.origin = PlainOrigin();
  return record;
}

Span PlainSpan(uint8_t trace, uint8_t span, int64_t start_ns, std::string name) {
  Span plain;
  plain.trace_id = TraceIdOf(trace);
  plain.span_id = SpanIdOf(span);
  plain.start_ns = start_ns;
  plain.end_ns = start_ns + 1;
  plain.name = std::move(name);
  plain.origin = PlainOrigin();
  return plain;
}

TraceId TraceIdOf(uint8_t number) {
  TraceId id;
  id.bytes.front() = 0xAB;
  id.bytes.back() = number;
  return id;
}

SpanId SpanIdOf(uint8_t number) {
  SpanId id;
  id.bytes.back() = number;
  return id;
}

}  // namespace vigil::storage::testing
