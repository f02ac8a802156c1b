// SPDX-License-Identifier: Apache-2.0
//
// Takes Prometheus remote write in, versions 1.0 and 2.0: snappy (block format), then one walk over
// the wire bytes, in which a series seen before costs a hash and a look-up.
//
// Order of the stages, one file each: remote_write_receiver.h (headers, decompression, admission)
// -> write_walk.h or write_walk_v2.h (series, samples, metadata) -> series_writer.h, metric_cache.h
// (known series) -> storage.
#pragma once

#include <cstddef>
#include <cstdint>
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

enum class WriteVersion { kV1, kV2 };

// The version whose message a content type names; the first for one that names none that is known.
WriteVersion WriteVersionOf(std::string_view content_type);

// What became of a write: what was refused, and how many of each were stored. Of what the store
// refuses by its limits, floats are counted first.
struct WriteOutcome {
  ExportOutcome refused;
  int64_t samples = 0;
  int64_t histograms = 0;
  int64_t exemplars = 0;
};

// Thread-safe.
class RemoteWriteReceiver {
 public:
  // Both must outlive it. `max_request_bytes`: of one request, decompressed.
  RemoteWriteReceiver(storage::Storage* storage, Admission* admission, size_t max_request_bytes);

  // Stores a write; returns once it is durable. Errors, with nothing stored:
  //   InvalidArgument    the tenant's name, the compression or the encoding is broken
  //   Unimplemented      another content type or encoding than remote write's
  //   OutOfRange         the request is too large
  //   ResourceExhausted  memory is short: the sender should come back in a moment
  //   Unavailable        the store cannot write now (a full disk, say)
  absl::StatusOr<WriteOutcome> Receive(const WriteHeaders& headers, std::string_view body);

 private:
  template <typename Walk>
  absl::StatusOr<WriteOutcome> Store(storage::TenantId tenant, MetricCache* cache,
                                     std::string_view request);

  storage::Storage& storage_;
  Admission& admission_;
  const size_t max_request_bytes_;
  const uint64_t seed_;
  MetricCache cache_;     // By the bytes of labels.
  MetricCache cache_v2_;  // By the hashes of their texts.
};

}  // namespace vigil::collector
