// SPDX-License-Identifier: Apache-2.0
#include "server/api/otlp_json.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>

#include <absl/strings/escaping.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <opentelemetry/proto/collector/logs/v1/logs_service.pb.h>
#include <opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb.h>

#include "base/status.h"
#include "base/strings.h"

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

bool IsIdKey(std::string_view key) {
  static constexpr std::string_view kKeys[] = {"traceId",  "spanId",  "parentSpanId",
                                               "trace_id", "span_id", "parent_span_id"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

// The code unit of the escape "\uXXXX" at the beginning of `text`; -1 if there is none.
int CodeUnit(std::string_view text) {
  std::string bytes;
  if (!text.starts_with("\\u") || text.size() < 6 || !FromHex(text.substr(2, 4), &bytes)) return -1;
  return static_cast<uint8_t>(bytes[0]) << 8 | static_cast<uint8_t>(bytes[1]);
}

// Appends the inside of a JSON string. Halves of surrogate pairs that stand alone, which is what
// JavaScript makes of a text that was cut in the middle of a character, become U+FFFD.
void AppendMended(std::string_view text, std::string* out) {
  constexpr size_t kEscapeBytes = 6;
  const auto is_high = [](int unit) { return unit >= 0xD800 && unit <= 0xDBFF; };
  const auto is_low = [](int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; };
  while (!text.empty()) {
    const size_t plain = std::min(text.find('\\'), text.size());
    out->append(text.substr(0, plain));
    text.remove_prefix(plain);
    const int unit = CodeUnit(text);
    const bool pair = is_high(unit) && is_low(CodeUnit(text.substr(kEscapeBytes)));
    const bool half = !pair && (is_high(unit) || is_low(unit));
    const size_t escape = std::min(pair ? 2 * kEscapeBytes : half ? kEscapeBytes : 2, text.size());
    out->append(half ? "\\ufffd" : text.substr(0, escape));
    text.remove_prefix(escape);
  }
}

// The end of the JSON string whose inside begins at `begin`: where its closing quote is, or the
// end of `json`.
size_t EndOfString(std::string_view json, size_t begin) {
  size_t at = begin;
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return std::min(at, json.size());
}

// `json` as protobuf reads it: with ids in base64. One that is not hexadecimal becomes none, which
// costs its record at most, where protobuf would refuse the request.
std::string ForProtobuf(std::string_view json) {
  constexpr std::string_view kSpace = " \t\r\n";
  constexpr std::string_view kSpaceAndColon = " \t\r\n:";
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  bool of_id = false;  // The value that comes is an id.
  size_t at = 0;
  while (at < json.size()) {
    const size_t quote = std::min(json.find('"', at), json.size());
    const std::string_view between = json.substr(at, quote - at);
    of_id &= between.find_first_not_of(kSpaceAndColon) == std::string_view::npos;
    out.append(between);
    if (quote == json.size()) break;
    const size_t end = EndOfString(json, quote + 1);
    const std::string_view inside = json.substr(quote + 1, end - quote - 1);
    const size_t next = json.find_first_not_of(kSpace, end + 1);
    const bool is_key = next != std::string_view::npos && json[next] == ':';
    out += '"';
    std::string id;
    if (is_key || !of_id) {
      AppendMended(inside, &out);
    } else if (FromHex(inside, &id)) {
      out += absl::Base64Escape(id);
    }
    out.append(json.substr(end, 1));
    of_id = is_key && IsIdKey(inside);
    at = std::min(end + 1, json.size());
  }
  return out;
}

}  // namespace

absl::StatusOr<std::string> OtlpRequestFromJson(OtlpSignal signal, std::string_view json) {
  const std::unique_ptr<Message> request = NewRequest(signal);
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const google::protobuf::util::Status parsed =
      google::protobuf::util::JsonStringToMessage(ForProtobuf(json), request.get(), options);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("the body is not OTLP as JSON: {}", parsed.message().ToString()));
  }
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
