// SPDX-License-Identifier: Apache-2.0
#include "server/api/otlp_json.h"

#include <memory>

#include <absl/strings/escaping.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <opentelemetry/proto/collector/logs/v1/logs_service.pb.h>
#include <opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb.h>

#include "base/status.h"

namespace vigil::server {
namespace {

namespace otlp = opentelemetry::proto;
using collector::OtlpSignal;
using google::protobuf::Message;

std::unique_ptr<Message> NewRequest(OtlpSignal signal) {
  switch (signal) {
    case OtlpSignal::kMetrics:
      return std::make_unique<otlp::collector::metrics::v1::ExportMetricsServiceRequest>();
    case OtlpSignal::kLogs:
      return std::make_unique<otlp::collector::logs::v1::ExportLogsServiceRequest>();
    case OtlpSignal::kTraces:
      return std::make_unique<otlp::collector::trace::v1::ExportTraceServiceRequest>();
  }
  return nullptr;
}

std::unique_ptr<Message> NewResponse(OtlpSignal signal) {
  switch (signal) {
    case OtlpSignal::kMetrics:
      return std::make_unique<otlp::collector::metrics::v1::ExportMetricsServiceResponse>();
    case OtlpSignal::kLogs:
      return std::make_unique<otlp::collector::logs::v1::ExportLogsServiceResponse>();
    case OtlpSignal::kTraces:
      return std::make_unique<otlp::collector::trace::v1::ExportTraceServiceResponse>();
  }
  return nullptr;
}

// Protobuf has read the hexadecimal digits of an id as base64, which all of them are. Written as
// base64 they are themselves again.
void MendId(std::string* id) { *id = absl::HexStringToBytes(absl::Base64Escape(*id)); }

bool IsId(const google::protobuf::FieldDescriptor& field) {
  return field.type() == google::protobuf::FieldDescriptor::TYPE_BYTES &&
         (field.name() == "trace_id" || field.name() == "span_id" ||
          field.name() == "parent_span_id");
}

// Mends the ids of a message and of all within it.
void MendIds(Message* message) {
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const google::protobuf::FieldDescriptor* const field : fields) {
    if (IsId(*field)) {
      std::string id = reflection.GetString(*message, field);
      MendId(&id);
      reflection.SetString(message, field, id);
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        MendIds(reflection.MutableMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
        MendIds(reflection.MutableRepeatedMessage(message, field, i));
      }
    }
  }
}

}  // namespace

absl::StatusOr<std::string> OtlpRequestFromJson(OtlpSignal signal, std::string_view json) {
  const std::unique_ptr<Message> request = NewRequest(signal);
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const google::protobuf::util::Status parsed = google::protobuf::util::JsonStringToMessage(
      {json.data(),
       static_cast<google::protobuf::stringpiece_internal::StringPiece::size_type>(json.size())},
      request.get(), options);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("the body is not OTLP as JSON: {}", parsed.message().ToString()));
  }
  MendIds(request.get());
  return request->SerializeAsString();
}

std::string OtlpResponseToJson(OtlpSignal signal, const std::string& response) {
  const std::unique_ptr<Message> message = NewResponse(signal);
  std::string json;
  VIGIL_CHECK(message->ParseFromString(response));
  VIGIL_CHECK(google::protobuf::util::MessageToJsonString(*message, &json).ok());
  return json;
}

}  // namespace vigil::server
