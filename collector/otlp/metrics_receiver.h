// SPDX-License-Identifier: Apache-2.0
//
// Takes OTLP metrics in. Walks the request's wire bytes once, without message objects: a data point
// whose identifying bytes were seen before costs a hash, a look-up and an append.
//
// Order of the stages, one file each: wire.h, wire_pieces.h (fields) -> metrics_walk.h (points) ->
// metric_cache.h (known identities) or metric_resolver.h (new ones) -> storage; points of delta
// temporality go through delta_accumulator.h before.
#pragma once

#include <string_view>

#include <absl/status/statusor.h>

#include "collector/otlp/delta_accumulator.h"
#include "collector/otlp/metric_cache.h"
#include "collector/otlp/otlp_export.h"
#include "collector/otlp/otlp_options.h"
#include "collector/otlp/wire_pieces.h"
#include "storage/storage.h"

namespace vigil::collector {

// Thread-safe. `storage` must outlive it.
class MetricsReceiver {
 public:
  explicit MetricsReceiver(storage::Storage* storage, OtlpOptions options = {});

  // Stores an ExportMetricsServiceRequest, which may lie in pieces; returns once it is durable.
  // InvalidArgument when the bytes are not one (nothing is stored then); otherwise points that
  // cannot be taken cost only themselves.
  absl::StatusOr<ExportOutcome> Export(storage::TenantId tenant, BytePieces request);
  absl::StatusOr<ExportOutcome> Export(storage::TenantId tenant, std::string_view request) {
    return Export(tenant, BytePieces(&request, 1));
  }

 private:
  storage::Storage& storage_;
  const OtlpOptions options_;
  const uint64_t seed_;
  MetricCache cache_;
  DeltaAccumulator deltas_;
};

}  // namespace vigil::collector
