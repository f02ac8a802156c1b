// SPDX-License-Identifier: Apache-2.0
//
// The envelopes that OTLP logs and traces share: request -> resources -> scopes -> records, with
// the same field numbers in both. Records are handed on as bytes, so that a broken one costs only
// itself.
#pragma once

#include <memory>
#include <string_view>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include "storage/model/record.h"

namespace vigil::collector {

// Calls `visit` for each record with where it comes from. A scope's origin is one object for all
// its records, null when the resource or scope cannot be read (then `fault` says why).
// InvalidArgument when the envelopes are malformed, possibly after some visits.
struct RecordEnvelope {
  std::shared_ptr<const storage::Origin> origin;
  absl::Status fault;
};
absl::Status ForEachRecord(
    std::string_view request,
    absl::FunctionRef<void(const RecordEnvelope& envelope, std::string_view record)> visit);

}  // namespace vigil::collector
