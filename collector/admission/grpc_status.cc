// SPDX-License-Identifier: Apache-2.0
#include "collector/admission/grpc_status.h"

#include <string>

#include <fmt/format.h>
#include <google/rpc/status.pb.h>

#include "base/clock.h"
#include "base/status.h"

namespace vigil::collector {

namespace {

// The status with a google.rpc.Status beside it, which repeats it and has one detail.
template <typename Detail>
grpc::Status WithDetail(grpc::StatusCode code, std::string_view message, const Detail& detail) {
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(std::string(message));
  details.add_details()->PackFrom(detail);
  return {code, std::string(message), details.SerializeAsString()};
}

grpc::Status BadRequest(std::string_view message) {
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_description(std::string(message));
  return WithDetail(grpc::StatusCode::INVALID_ARGUMENT, message, bad);
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(MessageOf(status))};
}

grpc::Status RetryLater(std::string_view message, int64_t retry_after_ms) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(retry_after_ms / kMillisPerSecond);
  retry.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(retry_after_ms % kMillisPerSecond * kNanosPerMilli));
  return WithDetail(grpc::StatusCode::RESOURCE_EXHAUSTED, message, retry);
}

grpc::Status TooLarge(size_t bytes, size_t max_bytes) {
  return {
      grpc::StatusCode::RESOURCE_EXHAUSTED,
      fmt::format("the request has {} bytes, decompressed; the limit (server.max_request_bytes) "
                  "is {}: send smaller batches",
                  bytes, max_bytes)};
}

grpc::Status ToWriteStatus(const absl::Status& status, int64_t retry_after_ms) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return RetryLater(MessageOf(status), retry_after_ms);
    case absl::StatusCode::kInvalidArgument:
      return BadRequest(MessageOf(status));
    case absl::StatusCode::kOk:
      return grpc::Status::OK;
    default:
      // Nothing was stored: OTLP lets a sender try again on UNAVAILABLE.
      return {grpc::StatusCode::UNAVAILABLE, std::string(MessageOf(status))};
  }
}

}  // namespace vigil::collector
