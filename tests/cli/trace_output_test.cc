// SPDX-License-Identifier: Apache-2.0
#include "cli/trace_output.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

constexpr int64_t kStartNs = 1'767'323'045'678'000'000;

template <typename Attributes>
void Add(const std::string& name, const std::string& text, Attributes* attributes) {
  auto* const attribute = attributes->Add();
  attribute->set_key(name);
  attribute->mutable_value()->set_string_value(text);
}

// A span of 2 ms that begins `after_ms` after the first.
v1::TraceSpan* AddSpan(const std::string& name, const std::string& id, const std::string& parent,
                       int64_t after_ms, v1::TraceResponse* trace) {
  v1::TraceSpan* const span = trace->add_spans();
  span->set_trace_id("0123456789abcdef");
  span->set_span_id(id);
  span->set_parent_span_id(parent);
  span->set_name(name);
  span->set_kind(1);
  span->set_start_ns(kStartNs + after_ms * 1'000'000);
  span->set_end_ns(span->start_ns() + 2'000'000);
  Add("service.name", "shop", span->mutable_resource());
  return span;
}

std::string Printed(const v1::TraceResponse& trace, OutputFormat format) {
  return Render(AnswerOf(trace), format, {});
}

v1::TraceResponse WholeSpan() {
  v1::TraceResponse trace;
  v1::TraceSpan* const span = AddSpan("GET /", "spanspan", "parentid", 0, &trace);
  span->set_kind(2);
  span->set_trace_state("a=b");
  span->set_flags(0x301);
  span->set_status_code(2);
  span->set_status_message("boom");
  span->set_scope_name("lib");
  span->set_scope_version("1.0");
  Add("s", "t", span->mutable_scope_attributes());
  Add("k", "v", span->mutable_attributes());
  span->set_dropped_attributes_count(1);
  span->set_dropped_events_count(2);
  span->set_dropped_links_count(3);
  v1::TraceEvent* const event = span->add_events();
  event->set_time_ns(kStartNs + 1'000'000);
  event->set_name("retry");
  Add("n", "1", event->mutable_attributes());
  event->set_dropped_attributes_count(4);
  v1::TraceLink* const link = span->add_links();
  link->set_trace_id("otherother012345");
  link->set_span_id("linklink");
  link->set_trace_state("c=d");
  link->set_flags(1);
  Add("l", "m", link->mutable_attributes());
  link->set_dropped_attributes_count(5);
  return trace;
}

TEST(TraceOutputTest, JsonHasAllOfASpan) {
  EXPECT_EQ(
      Printed(WholeSpan(), OutputFormat::kJson),
      R"({"status":"success","data":{"spans":[{"traceId":"30313233343536373839616263646566",)"
      R"("spanId":"7370616e7370616e","parentSpanId":"706172656e746964","traceState":"a=b",)"
      R"("flags":769,"name":"GET /","kind":2,"startTimeUnixNano":"1767323045678000000",)"
      R"("endTimeUnixNano":"1767323045680000000","status":{"code":"ERROR","message":"boom"},)"
      R"("attributes":{"k":"v"},"resource":{"service.name":"shop"},"scope":"lib",)"
      R"("scopeVersion":"1.0","scopeAttributes":{"s":"t"},"events":[{"timeUnixNano":)"
      R"("1767323045679000000","name":"retry","attributes":{"n":"1"},"droppedAttributesCount":4}],)"
      R"("links":[{"traceId":"6f746865726f74686572303132333435","spanId":"6c696e6b6c696e6b",)"
      R"("traceState":"c=d","flags":1,"attributes":{"l":"m"},"droppedAttributesCount":5}],)"
      R"("droppedAttributesCount":1,"droppedEventsCount":2,"droppedLinksCount":3}]}})"
      "\n");
}

TEST(TraceOutputTest, TextTellsKindEventsAndLinks) {
  EXPECT_EQ(Printed(WholeSpan(), OutputFormat::kTable),
            "GET / [shop] SERVER +0.0us 2.00ms ERROR: boom\n"
            "  k=v\n"
            "  * retry +1.00ms n=1\n"
            "  -> 6f746865726f74686572303132333435/6c696e6b6c696e6b l=m\n");
}

TEST(TraceOutputTest, SpansStandBelowTheirParents) {
  v1::TraceResponse trace;
  AddSpan("child", "child000", "root0000", 1, &trace);
  AddSpan("root", "root0000", "", 0, &trace);
  AddSpan("orphan", "orphan00", "missing0", 2, &trace);
  AddSpan("grandchild", "grandch0", "child000", 3, &trace);
  EXPECT_EQ(Printed(trace, OutputFormat::kTable),
            "root [shop] INTERNAL +0.0us 2.00ms UNSET\n"
            "  child [shop] INTERNAL +1.00ms 2.00ms UNSET\n"
            "    grandchild [shop] INTERNAL +3.00ms 2.00ms UNSET\n"
            "orphan [shop] INTERNAL +2.00ms 2.00ms UNSET\n");
}

TEST(TraceOutputTest, SpansThatFormRingsAreThereOnce) {
  v1::TraceResponse trace;
  AddSpan("self", "selfself", "selfself", 0, &trace);
  AddSpan("below", "belowbel", "selfself", 1, &trace);
  AddSpan("a", "aaaaaaaa", "bbbbbbbb", 2, &trace);
  AddSpan("b", "bbbbbbbb", "aaaaaaaa", 3, &trace);
  EXPECT_EQ(Printed(trace, OutputFormat::kTable),
            "b [shop] INTERNAL +3.00ms 2.00ms UNSET\n"
            "  a [shop] INTERNAL +2.00ms 2.00ms UNSET\n"
            "self [shop] INTERNAL +0.0us 2.00ms UNSET\n"
            "  below [shop] INTERNAL +1.00ms 2.00ms UNSET\n");
}

TEST(TraceOutputTest, CsvHasALineForEach) {
  EXPECT_EQ(
      Printed(WholeSpan(), OutputFormat::kCsv),
      "span_id,parent_span_id,service,name,start,duration_ms,status\r\n"
      "7370616e7370616e,706172656e746964,shop,GET /,2026-01-02T03:04:05.678000000Z,2,ERROR\r\n");
}

}  // namespace
}  // namespace vigil::cli
