// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/convert.h"

#include <string>
#include <type_traits>
#include <variant>

#include "proto/vigil/v1/query.pb.h"
#include "query/exec/histogram/histogram_buckets.h"

namespace vigil::server {
namespace {

namespace common = opentelemetry::proto::common::v1;

void ToMessage(const storage::Histogram& histogram, v1::HistogramValue* message) {
  message->set_count(histogram.count);
  message->set_sum(histogram.sum);
  for (const exec::Bucket& bucket : exec::BucketsOf(histogram, exec::ZeroBucket::kWhole)) {
    v1::HistogramBucket* const added = message->add_buckets();
    added->set_boundaries(exec::BoundariesOf(bucket));
    added->set_lower(bucket.lower);
    added->set_upper(bucket.upper);
    added->set_count(bucket.count);
  }
}

void ToMessage(const exec::SeriesResult& series, v1::MatrixSeries* message) {
  ToMessages(series.labels, message->mutable_labels());
  const storage::SampleColumns& samples = series.samples;
  message->mutable_times_ms()->Add(samples.times_ms.begin(), samples.times_ms.end());
  message->mutable_values()->Add(samples.values.begin(), samples.values.end());
  message->mutable_histogram_times_ms()->Add(samples.histogram_times_ms.begin(),
                                             samples.histogram_times_ms.end());
  for (const auto& histogram : samples.histograms) {
    ToMessage(*histogram, message->add_histograms());
  }
}

void ToMessage(const exec::VectorElement& element, v1::VectorElement* message) {
  ToMessages(element.labels, message->mutable_labels());
  message->set_time_ms(element.time_ms);
  if (element.histogram != nullptr) {
    ToMessage(*element.histogram, message->mutable_histogram());
  } else {
    message->set_value(element.value);
  }
}

// Fills in the `result` of a response from each kind of value.
struct ResultWriter {
  void operator()(const exec::ScalarResult& scalar) const {
    response->mutable_scalar()->set_time_ms(scalar.time_ms);
    response->mutable_scalar()->set_value(scalar.value);
  }
  void operator()(const exec::StringResult& text) const {
    response->mutable_text()->set_time_ms(text.time_ms);
    response->mutable_text()->set_value(text.value);
  }
  void operator()(const exec::VectorResult& vector) const {
    v1::Vector* const message = response->mutable_vector();
    for (const exec::VectorElement& element : vector) ToMessage(element, message->add_elements());
  }
  void operator()(const exec::MatrixResult& matrix) const {
    v1::Matrix* const message = response->mutable_matrix();
    for (const exec::SeriesResult& series : matrix) ToMessage(series, message->add_series());
  }

  v1::QueryResponse* response;
};

void ToMessage(const storage::Value& value, common::AnyValue* message);

void ToMessages(const storage::Attributes& attributes,
                google::protobuf::RepeatedPtrField<common::KeyValue>* messages) {
  for (const storage::Attribute& attribute : attributes) {
    common::KeyValue* const message = messages->Add();
    message->set_key(attribute.name);
    ToMessage(attribute.value, message->mutable_value());
  }
}

struct ValueWriter {
  void operator()(std::monostate) const {}
  void operator()(const std::string& text) const { message->set_string_value(text); }
  void operator()(bool flag) const { message->set_bool_value(flag); }
  void operator()(int64_t number) const { message->set_int_value(number); }
  void operator()(double number) const { message->set_double_value(number); }
  void operator()(const storage::Bytes& bytes) const { message->set_bytes_value(bytes.data); }
  void operator()(const storage::ValueList& list) const {
    common::ArrayValue* const array = message->mutable_array_value();
    for (const storage::Value& item : list) ToMessage(item, array->add_values());
  }
  void operator()(const storage::Attributes& map) const {
    ToMessages(map, message->mutable_kvlist_value()->mutable_values());
  }

  common::AnyValue* message;
};

void ToMessage(const storage::Value& value, common::AnyValue* message) {
  std::visit(ValueWriter{message}, value.data);
}

// An id on the wire: empty if there is none.
template <typename Id>
std::string IdBytes(const Id& id) {
  return id.empty() ? std::string() : std::string(id.AsBytes());
}

void ToMessage(const storage::SpanEvent& event, v1::TraceEvent* message) {
  message->set_time_ns(event.time_ns);
  message->set_name(event.name);
  ToMessages(event.attributes, message->mutable_attributes());
  message->set_dropped_attributes_count(event.dropped_attributes_count);
}

void ToMessage(const storage::SpanLink& link, v1::TraceLink* message) {
  message->set_trace_id(IdBytes(link.trace_id));
  message->set_span_id(IdBytes(link.span_id));
  message->set_trace_state(link.trace_state);
  ToMessages(link.attributes, message->mutable_attributes());
  message->set_dropped_attributes_count(link.dropped_attributes_count);
  message->set_flags(link.flags);
}

}  // namespace

void ToMessages(const storage::Labels& labels,
                google::protobuf::RepeatedPtrField<v1::Label>* messages) {
  for (const storage::LabelView& label : labels) {
    v1::Label* const message = messages->Add();
    message->set_name(std::string(label.name));
    message->set_value(std::string(label.value));
  }
}

void ToMessage(const exec::QueryStatistics& statistics, v1::Explanation* message) {
  for (const exec::PlanNode& node : statistics.plan) {
    v1::PlanNode* const added = message->add_nodes();
    added->set_text(node.text);
    added->set_depth(static_cast<uint32_t>(node.depth));
    added->set_series(node.series);
    added->set_time_ns(node.time_ns);
    added->set_streamed(node.streamed);
  }
  message->set_preparation_ns(statistics.preparation_ns);
  message->set_evaluation_ns(statistics.evaluation_ns);
  message->set_sorting_ns(statistics.sorting_ns);
  message->set_samples_read(statistics.samples_read);
  message->set_peak_samples(statistics.peak_samples);
  message->set_blocks(statistics.read.blocks);
  message->set_block_bytes(statistics.read.bytes);
}

void ToMessage(const exec::QueryResult& result, v1::QueryResponse* message) {
  std::visit(ResultWriter{message}, result.value);
  for (const std::string& warning : result.warnings) message->add_warnings(warning);
  for (const std::string& info : result.infos) message->add_infos(info);
}

void ToMessage(const storage::Span& span, v1::TraceSpan* message) {
  message->set_trace_id(IdBytes(span.trace_id));
  message->set_span_id(IdBytes(span.span_id));
  message->set_parent_span_id(IdBytes(span.parent_span_id));
  message->set_trace_state(span.trace_state);
  message->set_name(span.name);
  message->set_kind(span.kind);
  message->set_start_ns(span.start_ns);
  message->set_end_ns(span.end_ns);
  message->set_status_code(static_cast<uint32_t>(span.status));
  message->set_status_message(span.status_message);
  ToMessages(span.attributes, message->mutable_attributes());
  ToMessages(span.origin->resource, message->mutable_resource());
  message->set_scope_name(span.origin->scope_name);
  message->set_scope_version(span.origin->scope_version);
  ToMessages(span.origin->scope_attributes, message->mutable_scope_attributes());
  for (const storage::SpanEvent& event : span.events) ToMessage(event, message->add_events());
  for (const storage::SpanLink& link : span.links) ToMessage(link, message->add_links());
  message->set_flags(span.flags);
  message->set_dropped_attributes_count(span.dropped_attributes_count);
  message->set_dropped_events_count(span.dropped_events_count);
  message->set_dropped_links_count(span.dropped_links_count);
}

}  // namespace vigil::server
