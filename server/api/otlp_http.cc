// SPDX-License-Identifier: Apache-2.0
#include "server/api/otlp_http.h"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <google/rpc/status.pb.h>

#include "base/json_writer.h"
#include "base/status.h"
#include "base/strings.h"
#include "server/api/otlp_json.h"
#include "server/api/write_failure.h"
#include "server/http/compression.h"

namespace vigil::server {
namespace {

using collector::OtlpSignal;

constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";

HttpResponse Failure(const absl::Status& status, bool json, int64_t retry_after_ms) {
  HttpResponse response = WriteFailure(status, retry_after_ms);
  response.content_type = json ? kJson : kProtobuf;
  const auto code = static_cast<int>(status.code());
  if (json) {
    JsonWriter writer(&response.body);
    writer.BeginObject();
    writer.Key("code");
    writer.Int(code);
    writer.Key("message");
    writer.Text(MessageOf(status));
    writer.EndObject();
  } else {
    google::rpc::Status message;
    message.set_code(code);
    message.set_message(std::string(MessageOf(status)));
    response.body = message.SerializeAsString();
  }
  return response;
}

// The media type without its parameters, in lower case.
std::string MediaType(const HttpRequest& request) {
  const std::string_view type = request.Header("content-type");
  return ToLower(Trim(type.substr(0, type.find(';'))));
}

// The request's body without its coding: the body itself, or `*decompressed`.
absl::StatusOr<std::string_view> Body(const HttpRequest& request, size_t max_bytes,
                                      std::string* decompressed) {
  const std::string coding = ToLower(Trim(request.Header("content-encoding")));
  if (coding.empty() || coding == "identity") return request.body;
  if (coding != "gzip") {
    return absl::UnimplementedError(
        fmt::format("content encoding \"{}\" is not taken: send gzip", coding));
  }
  VIGIL_ASSIGN_OR_RETURN(*decompressed, Decompress(request.body, max_bytes));
  return *decompressed;
}

absl::StatusOr<std::string> Export(collector::OtlpServices* services, OtlpSignal signal,
                                   const HttpRequest& request, bool json, size_t max_bytes) {
  if (services == nullptr) return absl::UnavailableError("the server is starting");
  if (!json && MediaType(request) != kProtobuf) {
    return absl::UnimplementedError(fmt::format("content type \"{}\" is not taken: send {} or {}",
                                                request.Header("content-type"), kProtobuf, kJson));
  }
  std::string decompressed;
  VIGIL_ASSIGN_OR_RETURN(std::string_view body, Body(request, max_bytes, &decompressed));
  std::string from_json;
  if (json) {
    VIGIL_ASSIGN_OR_RETURN(from_json, OtlpRequestFromJson(signal, body));
    body = from_json;
  }
  const std::string tenant(request.Header("x-scope-orgid"));
  VIGIL_ASSIGN_OR_RETURN(std::string response, services->Export(signal, tenant, body));
  return json ? OtlpResponseToJson(signal, response) : std::move(response);
}

}  // namespace

void AddOtlpHttp(std::function<collector::OtlpServices*()> services, const OtlpHttpOptions& options,
                 HttpRouter* router) {
  const auto add = [&](const char* path, OtlpSignal signal) {
    router->Add(
        "POST", path,
        [services, options, signal](const HttpRequest& request) {
          const bool json = MediaType(request) == kJson;
          absl::StatusOr<std::string> response =
              Export(services(), signal, request, json, options.max_request_bytes);
          if (!response.ok()) return Failure(response.status(), json, options.retry_after_ms);
          return HttpResponse{200, std::string(json ? kJson : kProtobuf), *std::move(response), {}};
        },
        HandlerKind::kSlow);
  };
  add("/v1/metrics", OtlpSignal::kMetrics);
  add("/v1/logs", OtlpSignal::kLogs);
  add("/v1/traces", OtlpSignal::kTraces);
}

}  // namespace vigil::server
