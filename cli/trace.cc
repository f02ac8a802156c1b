// SPDX-License-Identifier: Apache-2.0
//
// `vigil trace ID`: the spans of one trace as a tree.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/strings.h"
#include "cli/client.h"
#include "cli/command.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

namespace common = opentelemetry::proto::common::v1;
using Json = nlohmann::ordered_json;

std::string ValueText(const common::AnyValue& value) {
  switch (value.value_case()) {
    case common::AnyValue::kStringValue:
      return value.string_value();
    case common::AnyValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case common::AnyValue::kIntValue:
      return fmt::to_string(value.int_value());
    case common::AnyValue::kDoubleValue:
      return FormatValue(value.double_value());
    case common::AnyValue::VALUE_NOT_SET:
      return "";
    default: {
      std::string json;
      const auto status = google::protobuf::util::MessageToJsonString(value, &json);
      return status.ok() ? json : "";
    }
  }
}

template <typename Attributes>
std::string AttributesText(const Attributes& attributes) {
  std::string text;
  for (const common::KeyValue& attribute : attributes) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", attribute.key(),
                        Printable(ValueText(attribute.value())));
  }
  return text;
}

template <typename Attributes>
Json AttributesJson(const Attributes& attributes) {
  Json object = Json::object();
  for (const common::KeyValue& attribute : attributes) {
    object[attribute.key()] = ValueText(attribute.value());
  }
  return object;
}

std::string_view StatusName(uint32_t code) {
  return code == 2 ? "ERROR" : code == 1 ? "OK" : "UNSET";
}

std::string DurationText(int64_t duration_ns) {
  if (duration_ns >= 1'000'000'000) return fmt::format("{:.3f}s", duration_ns / 1e9);
  if (duration_ns >= 1'000'000) return fmt::format("{:.2f}ms", duration_ns / 1e6);
  return fmt::format("{:.1f}us", duration_ns / 1e3);
}

std::string ServiceOf(const v1::TraceSpan& span) {
  for (const common::KeyValue& attribute : span.resource()) {
    if (attribute.key() == "service.name") return ValueText(attribute.value());
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
    return std::move(text_);
  }

 private:
  void PrintBelow(const std::string& parent, int depth) {
    const auto found = children_.find(parent);
    // Ids that form a ring must not hang the printer.
    if (found == children_.end() || !visited_.insert(parent).second) return;
    for (const v1::TraceSpan* span : found->second) {
      PrintSpan(*span, depth);
      PrintBelow(span->span_id(), depth + 1);
    }
  }

  void PrintSpan(const v1::TraceSpan& span, int depth) {
    const std::string indent(depth * 2, ' ');
    text_ +=
        fmt::format("{}{} [{}] +{} {} {}{}\n", indent, Printable(span.name()),
                    Printable(ServiceOf(span)), DurationText(span.start_ns() - begin_ns_),
                    DurationText(span.end_ns() - span.start_ns()), StatusName(span.status_code()),
                    span.status_message().empty() ? "" : ": " + Printable(span.status_message()));
    const std::string attributes = AttributesText(span.attributes());
    if (!attributes.empty()) text_ += fmt::format("{}  {}\n", indent, attributes);
    for (const v1::TraceEvent& event : span.events()) {
      text_ += fmt::format("{}  * {} +{} {}\n", indent, Printable(event.name()),
                           DurationText(event.time_ns() - begin_ns_),
                           AttributesText(event.attributes()));
    }
  }

  std::map<std::string, std::vector<const v1::TraceSpan*>> children_;
  std::set<std::string> visited_;
  int64_t begin_ns_ = 0;
  std::string text_;
};

Json SpanJson(const v1::TraceSpan& span) {
  Json object;
  object["traceId"] = ToHex(span.trace_id());
  object["spanId"] = ToHex(span.span_id());
  object["parentSpanId"] = ToHex(span.parent_span_id());
  object["name"] = span.name();
  object["kind"] = span.kind();
  object["startTimeUnixNano"] = fmt::to_string(span.start_ns());
  object["endTimeUnixNano"] = fmt::to_string(span.end_ns());
  object["status"] = {{"code", StatusName(span.status_code())}, {"message", span.status_message()}};
  object["attributes"] = AttributesJson(span.attributes());
  object["resource"] = AttributesJson(span.resource());
  object["scope"] = span.scope_name();
  object["events"] = Json::array();
  for (const v1::TraceEvent& event : span.events()) {
    object["events"].push_back({{"timeUnixNano", fmt::to_string(event.time_ns())},
                                {"name", event.name()},
                                {"attributes", AttributesJson(event.attributes())}});
  }
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

int Run(const ClientOptions& options, const std::string& trace_id) {
  const Client client(options);
  const std::unique_ptr<v1::QueryService::Stub> stub = v1::QueryService::NewStub(client.channel());
  v1::TraceRequest request;
  request.set_trace_id(trace_id);
  v1::TraceResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status = stub->Trace(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  const Answer answer = {
      .json = [&response] { return ToJson(response); },
      .table = [&response] { return ToTable(response); },
      .text = [&response](const Terminal&) { return TreePrinter(response).Print(); }};
  return Deliver(client.Show(answer, StandardOutput()));
}

}  // namespace

void AddTrace(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<ClientOptions>();
  auto trace_id = std::make_shared<std::string>();
  CLI::App* const command = program->add_subcommand("trace", "Show the spans of one trace");
  command->add_option("id", *trace_id, "The trace's id, 32 hexadecimal digits")->required();
  options->AddTo(command);
  command->footer(
      "Example:\n"
      "  vigil trace 4bf92f3577b34da6a3ce929d0e0e4736");
  command->callback([options, trace_id, exit_status] { *exit_status = Run(*options, *trace_id); });
}

}  // namespace vigil::cli
