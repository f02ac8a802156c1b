// SPDX-License-Identifier: Apache-2.0
#include "cli/trace_output.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/strings.h"
#include "cli/text/any_value.h"
#include "cli/text/display.h"

namespace vigil::cli {
namespace {

namespace common = opentelemetry::proto::common::v1;
using Json = nlohmann::ordered_json;

template <typename Attributes>
std::string AttributesText(const Attributes& attributes) {
  std::string text;
  for (const common::KeyValue& attribute : attributes) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", attribute.key(),
                        Printable(AnyValueText(attribute.value())));
  }
  return text;
}

template <typename Attributes>
Json AttributesJson(const Attributes& attributes) {
  Json object = Json::object();
  for (const common::KeyValue& attribute : attributes) {
    object[attribute.key()] = AnyValueText(attribute.value());
  }
  return object;
}

std::string_view StatusName(uint32_t code) {
  return code == 2 ? "ERROR" : code == 1 ? "OK" : "UNSET";
}

// Unspecified counts as internal.
std::string_view KindName(uint32_t kind) {
  static constexpr std::string_view kNames[] = {"INTERNAL", "INTERNAL", "SERVER",
                                                "CLIENT",   "PRODUCER", "CONSUMER"};
  return kind < std::size(kNames) ? kNames[kind] : "";
}

std::string DurationText(int64_t duration_ns) {
  if (duration_ns >= 1'000'000'000) return fmt::format("{:.3f}s", duration_ns / 1e9);
  if (duration_ns >= 1'000'000) return fmt::format("{:.2f}ms", duration_ns / 1e6);
  return fmt::format("{:.1f}us", duration_ns / 1e3);
}

std::string ServiceOf(const v1::TraceSpan& span) {
  for (const common::KeyValue& attribute : span.resource()) {
    if (attribute.key() == "service.name") return AnyValueText(attribute.value());
  }
  return "";
}

// Prints spans below their parents.
class TreePrinter {
 public:
  explicit TreePrinter(const v1::TraceResponse& trace) {
    std::set<std::string> ids;
    for (const v1::TraceSpan& span : trace.spans()) ids.insert(span.span_id());
    begin_ns_ = INT64_MAX;
    for (const v1::TraceSpan& span : trace.spans()) {
      // A span whose parent did not arrive stands at the top.
      const bool has_parent = ids.contains(span.parent_span_id());
      children_[has_parent ? span.parent_span_id() : std::string()].push_back(&span);
      begin_ns_ = std::min(begin_ns_, span.start_ns());
    }
  }

  std::string Print() {
    PrintBelow("", 0);
    // What is left are rings of spans that are each other's parents, or their own, and what hangs
    // below: each begins somewhere.
    for (const auto& [parent, children] : children_) {
      for (const v1::TraceSpan* const span : children) PrintSpanAndBelow(*span, 0);
    }
    return std::move(text_);
  }

 private:
  void PrintBelow(const std::string& parent, int depth) {
    const auto found = children_.find(parent);
    if (found == children_.end()) return;
    for (const v1::TraceSpan* const span : found->second) PrintSpanAndBelow(*span, depth);
  }

  // Once for each span: a ring must not hang the printer.
  void PrintSpanAndBelow(const v1::TraceSpan& span, int depth) {
    if (!printed_.insert(&span).second) return;
    PrintSpan(span, depth);
    PrintBelow(span.span_id(), depth + 1);
  }

  void PrintSpan(const v1::TraceSpan& span, int depth) {
    const std::string indent(depth * 2, ' ');
    text_ += fmt::format(
        "{}{} [{}] {} +{} {} {}{}\n", indent, Printable(span.name()), Printable(ServiceOf(span)),
        KindName(span.kind()), DurationText(span.start_ns() - begin_ns_),
        DurationText(span.end_ns() - span.start_ns()), StatusName(span.status_code()),
        span.status_message().empty() ? "" : ": " + Printable(span.status_message()));
    const std::string attributes = AttributesText(span.attributes());
    if (!attributes.empty()) text_ += fmt::format("{}  {}\n", indent, attributes);
    for (const v1::TraceEvent& event : span.events()) {
      text_ += fmt::format("{}  * {} +{} {}\n", indent, Printable(event.name()),
                           DurationText(event.time_ns() - begin_ns_),
                           AttributesText(event.attributes()));
    }
    for (const v1::TraceLink& link : span.links()) {
      text_ += fmt::format("{}  -> {}/{} {}\n", indent, ToHex(link.trace_id()),
                           ToHex(link.span_id()), AttributesText(link.attributes()));
    }
  }

  std::map<std::string, std::vector<const v1::TraceSpan*>> children_;
  std::set<const v1::TraceSpan*> printed_;
  int64_t begin_ns_ = 0;
  std::string text_;
};

Json EventJson(const v1::TraceEvent& event) {
  return {{"timeUnixNano", fmt::to_string(event.time_ns())},
          {"name", event.name()},
          {"attributes", AttributesJson(event.attributes())},
          {"droppedAttributesCount", event.dropped_attributes_count()}};
}

Json LinkJson(const v1::TraceLink& link) {
  return {{"traceId", ToHex(link.trace_id())},
          {"spanId", ToHex(link.span_id())},
          {"traceState", link.trace_state()},
          {"flags", link.flags()},
          {"attributes", AttributesJson(link.attributes())},
          {"droppedAttributesCount", link.dropped_attributes_count()}};
}

Json SpanJson(const v1::TraceSpan& span) {
  Json object;
  object["traceId"] = ToHex(span.trace_id());
  object["spanId"] = ToHex(span.span_id());
  object["parentSpanId"] = ToHex(span.parent_span_id());
  object["traceState"] = span.trace_state();
  object["flags"] = span.flags();
  object["name"] = span.name();
  object["kind"] = span.kind();
  object["startTimeUnixNano"] = fmt::to_string(span.start_ns());
  object["endTimeUnixNano"] = fmt::to_string(span.end_ns());
  object["status"] = {{"code", StatusName(span.status_code())}, {"message", span.status_message()}};
  object["attributes"] = AttributesJson(span.attributes());
  object["resource"] = AttributesJson(span.resource());
  object["scope"] = span.scope_name();
  object["scopeVersion"] = span.scope_version();
  object["scopeAttributes"] = AttributesJson(span.scope_attributes());
  object["events"] = Json::array();
  for (const v1::TraceEvent& event : span.events()) object["events"].push_back(EventJson(event));
  object["links"] = Json::array();
  for (const v1::TraceLink& link : span.links()) object["links"].push_back(LinkJson(link));
  object["droppedAttributesCount"] = span.dropped_attributes_count();
  object["droppedEventsCount"] = span.dropped_events_count();
  object["droppedLinksCount"] = span.dropped_links_count();
  return object;
}

Json ToJson(const v1::TraceResponse& trace) {
  Json spans = Json::array();
  for (const v1::TraceSpan& span : trace.spans()) spans.push_back(SpanJson(span));
  return {{"spans", std::move(spans)}};
}

Table ToTable(const v1::TraceResponse& trace) {
  Table table({"span_id", "parent_span_id", "service", "name", "start", "duration_ms", "status"});
  for (const v1::TraceSpan& span : trace.spans()) {
    table.Add({ToHex(span.span_id()), ToHex(span.parent_span_id()), ServiceOf(span), span.name(),
               FormatInstantNs(span.start_ns()),
               FormatValue((span.end_ns() - span.start_ns()) / 1e6),
               StatusName(span.status_code())});
  }
  return table;
}

}  // namespace

Answer AnswerOf(const v1::TraceResponse& trace) {
  return {.json = [&trace] { return ToJson(trace); },
          .table = [&trace] { return ToTable(trace); },
          .text = [&trace](const Terminal&) { return TreePrinter(trace).Print(); }};
}

}  // namespace vigil::cli
