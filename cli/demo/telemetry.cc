// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/telemetry.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vigil::cli {
namespace {

namespace common = opentelemetry::proto::common::v1;
namespace logs = opentelemetry::proto::logs::v1;
namespace metrics = opentelemetry::proto::metrics::v1;
namespace trace = opentelemetry::proto::trace::v1;

using Attributes = google::protobuf::RepeatedPtrField<common::KeyValue>;

void SetText(const std::string& key, const std::string& value, Attributes* attributes) {
  common::KeyValue* const attribute = attributes->Add();
  attribute->set_key(key);
  attribute->mutable_value()->set_string_value(value);
}

void SetNumber(const std::string& key, int64_t value, Attributes* attributes) {
  common::KeyValue* const attribute = attributes->Add();
  attribute->set_key(key);
  attribute->mutable_value()->set_int_value(value);
}

void SetLabels(const std::vector<std::string>& names, const std::vector<std::string>& values,
               Attributes* attributes) {
  for (size_t i = 0; i < names.size(); ++i) SetText(names[i], values[i], attributes);
}

// Envelopes are the same for all signals: the gateway's resource, one scope.
template <typename ResourceEnvelope>
void DescribeResource(ResourceEnvelope* envelope) {
  Attributes* const attributes = envelope->mutable_resource()->mutable_attributes();
  SetText("service.name", "llm-gateway", attributes);
  SetText("service.instance.id", "demo-1", attributes);
  SetText("deployment.environment", "demo", attributes);
}

metrics::Sum* AddCounter(const char* name, const char* unit, const char* help,
                         metrics::ScopeMetrics* scope) {
  metrics::Metric* const metric = scope->add_metrics();
  metric->set_name(name);
  metric->set_unit(unit);
  metric->set_description(help);
  metric->mutable_sum()->set_aggregation_temporality(metrics::AGGREGATION_TEMPORALITY_CUMULATIVE);
  metric->mutable_sum()->set_is_monotonic(true);
  return metric->mutable_sum();
}

}  // namespace

std::string DemoTelemetry::RandomId(size_t bytes) {
  std::string id;
  while (id.size() < bytes) {
    const uint64_t word = random_();
    id.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  return id;
}

void DemoTelemetry::Record(const std::vector<DemoRequest>& requests) {
  for (const DemoRequest& request : requests) {
    const double seconds = static_cast<double>(request.end_ns - request.start_ns) / 1e9;
    ++requests_[{request.model, request.error_status == 0 ? "ok" : "error", request.endpoint}];
    Duration& duration = durations_[{request.model, request.endpoint}];
    ++duration.buckets[std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin()];
    ++duration.count;
    duration.sum += seconds;
    tokens_[{request.model, "prompt"}] += request.prompt_tokens;
    tokens_[{request.model, "completion"}] += request.completion_tokens;
    cost_usd_[{request.model}] += request.cost_usd;
    const std::string trace_id = RandomId(16);
    const std::string span_id = RandomId(8);
    AddSpan(request, trace_id, span_id);
    AddLog(request, trace_id, span_id);
  }
}

void DemoTelemetry::AddSpan(const DemoRequest& request, const std::string& trace_id,
                            const std::string& span_id) {
  if (spans_.resource_spans().empty()) {
    DescribeResource(spans_.add_resource_spans());
    spans_.mutable_resource_spans(0)->add_scope_spans()->mutable_scope()->set_name("demo");
  }
  trace::Span* const span = spans_.mutable_resource_spans(0)->mutable_scope_spans(0)->add_spans();
  span->set_trace_id(trace_id);
  span->set_span_id(span_id);
  span->set_name("llm_request");
  span->set_kind(trace::Span::SPAN_KIND_SERVER);
  span->set_start_time_unix_nano(request.start_ns);
  span->set_end_time_unix_nano(request.end_ns);
  Attributes* const attributes = span->mutable_attributes();
  SetText("request_id", request.request_id, attributes);
  SetText("model", request.model, attributes);
  SetText("endpoint", request.endpoint, attributes);
  SetNumber("gen_ai.usage.input_tokens", request.prompt_tokens, attributes);
  SetNumber("gen_ai.usage.output_tokens", request.completion_tokens, attributes);
  if (request.error_status == 0) return;
  SetText("error.type", fmt::to_string(request.error_status), attributes);
  span->mutable_status()->set_code(trace::Status::STATUS_CODE_ERROR);
  span->mutable_status()->set_message(
      fmt::format("the provider answered HTTP {}", request.error_status));
}

void DemoTelemetry::AddLog(const DemoRequest& request, const std::string& trace_id,
                           const std::string& span_id) {
  if (logs_.resource_logs().empty()) {
    DescribeResource(logs_.add_resource_logs());
    logs_.mutable_resource_logs(0)->add_scope_logs()->mutable_scope()->set_name("demo");
  }
  const bool failed = request.error_status != 0;
  nlohmann::ordered_json body;
  body["message"] = failed ? "request failed" : "request served";
  body["request_id"] = request.request_id;
  body["model"] = request.model;
  body["latency_ms"] = (request.end_ns - request.start_ns) / 1'000'000;
  body["prompt_tokens"] = request.prompt_tokens;
  body["completion_tokens"] = request.completion_tokens;
  if (failed) body["provider_status"] = request.error_status;
  logs::LogRecord* const record =
      logs_.mutable_resource_logs(0)->mutable_scope_logs(0)->add_log_records();
  record->set_time_unix_nano(request.end_ns);
  record->set_severity_number(failed ? logs::SEVERITY_NUMBER_ERROR : logs::SEVERITY_NUMBER_INFO);
  record->set_severity_text(failed ? "ERROR" : "INFO");
  record->mutable_body()->set_string_value(body.dump());
  record->set_trace_id(trace_id);
  record->set_span_id(span_id);
  SetText("request_id", request.request_id, record->mutable_attributes());
  SetText("model", request.model, record->mutable_attributes());
}

opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest DemoTelemetry::Metrics(
    int64_t now_ns) const {
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest request;
  DescribeResource(request.add_resource_metrics());
  metrics::ScopeMetrics* const scope = request.mutable_resource_metrics(0)->add_scope_metrics();
  const auto stamp = [&](auto* point) {
    point->set_start_time_unix_nano(start_ns_);
    point->set_time_unix_nano(now_ns);
  };
  metrics::Sum* const requests =
      AddCounter("llm_requests_total", "", "Requests by outcome.", scope);
  for (const auto& [key, count] : requests_) {
    metrics::NumberDataPoint* const point = requests->add_data_points();
    stamp(point);
    point->set_as_int(count);
    SetLabels({"model", "status", "endpoint"}, key, point->mutable_attributes());
  }
  metrics::Sum* const tokens = AddCounter("llm_tokens_total", "", "Tokens by kind.", scope);
  for (const auto& [key, count] : tokens_) {
    metrics::NumberDataPoint* const point = tokens->add_data_points();
    stamp(point);
    point->set_as_int(count);
    SetLabels({"model", "type"}, key, point->mutable_attributes());
  }
  metrics::Sum* const cost = AddCounter("llm_cost_usd_total", "", "What requests cost.", scope);
  for (const auto& [key, usd] : cost_usd_) {
    metrics::NumberDataPoint* const point = cost->add_data_points();
    stamp(point);
    point->set_as_double(usd);
    SetLabels({"model"}, key, point->mutable_attributes());
  }
  metrics::Metric* const duration = scope->add_metrics();
  duration->set_name("llm_request_duration_seconds");
  duration->set_description("Time to the whole answer.");
  duration->mutable_histogram()->set_aggregation_temporality(
      metrics::AGGREGATION_TEMPORALITY_CUMULATIVE);
  for (const auto& [key, one] : durations_) {
    metrics::HistogramDataPoint* const point = duration->mutable_histogram()->add_data_points();
    stamp(point);
    point->set_count(one.count);
    point->set_sum(one.sum);
    point->mutable_bucket_counts()->Add(one.buckets.begin(), one.buckets.end());
    point->mutable_explicit_bounds()->Add(kBounds.begin(), kBounds.end());
    SetLabels({"model", "endpoint"}, key, point->mutable_attributes());
  }
  return request;
}

opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest DemoTelemetry::TakeLogs() {
  return std::exchange(logs_, {});
}

opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest DemoTelemetry::TakeSpans() {
  return std::exchange(spans_, {});
}

}  // namespace vigil::cli
