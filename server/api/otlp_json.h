// SPDX-License-Identifier: Apache-2.0
//
// OTLP requests and responses as JSON: protobuf's mapping, but for ids of traces and spans, which
// are hexadecimal. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "collector/otlp/otlp_service.h"

namespace vigil::server {

// The bytes of the Export...ServiceRequest that `json` says; unknown fields are passed over, an id
// that is not hexadecimal is none. InvalidArgument with the place when it is no such request.
absl::StatusOr<std::string> OtlpRequestFromJson(collector::OtlpSignal signal,
                                                std::string_view json);

// The JSON of the bytes of an Export...ServiceResponse.
std::string OtlpResponseToJson(collector::OtlpSignal signal, const std::string& response);

}  // namespace vigil::server
