// SPDX-License-Identifier: Apache-2.0
//
// Our statuses as gRPC's, in the one place where they are converted, and the status that asks a
// sender to come back later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <absl/status/status.h>
#include <grpcpp/support/status.h>

namespace vigil::collector {

// Same code, same message.
grpc::Status ToGrpcStatus(const absl::Status& status);

// RESOURCE_EXHAUSTED with a RetryInfo detail, which OTLP senders obey.
grpc::Status RetryLater(std::string_view message, int64_t retry_after_ms);

// RESOURCE_EXHAUSTED for a request that will never be taken: no time to try again is given.
grpc::Status TooLarge(size_t bytes, size_t max_bytes);

// `status` for the answer to a write: errors that pass (disk full, store busy) become UNAVAILABLE
// or RESOURCE_EXHAUSTED with RetryInfo, so that the sender keeps its data and tries again. Data
// that will never be taken are INVALID_ARGUMENT with a BadRequest detail.
grpc::Status ToWriteStatus(const absl::Status& status, int64_t retry_after_ms);

}  // namespace vigil::collector
