// SPDX-License-Identifier: Apache-2.0
//
// Takes Prometheus remote write 1.0 in: snappy (block format), then one walk over the wire bytes,
// in which a series seen before costs a hash and a look-up.
//
// Order of the stages, one file each: remote_write_receiver.h (headers, decompression, admission)
// -> write_walk.h (series, samples, metadata) -> metric_cache.h (known series) -> storage.
#pragma once

#include <cstddef>
#include <string_view>

#include <absl/status/statusor.h>

#include "collector/admission/admission.h"
#include "collector/otlp/metric_cache.h"
#include "collector/otlp/otlp_export.h"
#include "storage/storage.h"

namespace vigil::collector {

// The headers of a write that matter; "" for one that was not sent.
struct WriteHeaders {
  std::string_view tenant;            // X-Scope-OrgID.
  std::string_view content_type;      // Content-Type.
  std::string_view content_encoding;  // Content-Encoding.
};

// Thread-safe.
class RemoteWriteReceiver {
 public:
  // Both must outlive it. `max_request_bytes`: of one request, decompressed.
  RemoteWriteReceiver(storage::Storage* storage, Admission* admission, size_t max_request_bytes);

  // Stores a write; returns once it is durable, with what was refused of it and why. Errors, with
  // nothing stored:
  //   InvalidArgument    the tenant's name, the compression or the encoding is broken
  //   Unimplemented      another content type or encoding than remote write 1.0's
  //   OutOfRange         the request is too large
  //   ResourceExhausted  memory is short: the sender should come back in a moment
  //   Unavailable        the store cannot write now (a full disk, say)
  absl::StatusOr<ExportOutcome> Receive(const WriteHeaders& headers, std::string_view body);

 private:
  absl::StatusOr<ExportOutcome> Store(storage::TenantId tenant, std::string_view request);

  storage::Storage& storage_;
  Admission& admission_;
  const size_t max_request_bytes_;
  const uint64_t seed_;
  MetricCache cache_;
};

}  // namespace vigil::collector
