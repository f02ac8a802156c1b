// SPDX-License-Identifier: Apache-2.0
//
// Takes OTLP traces in.
#pragma once

#include <string_view>

#include <absl/status/statusor.h>

#include "collector/otlp/otlp_export.h"
#include "storage/storage.h"

namespace vigil::collector {

// Thread-safe. `storage` must outlive it.
class TracesReceiver {
 public:
  explicit TracesReceiver(storage::Storage* storage) : storage_(*storage) {}

  // Stores an ExportTraceServiceRequest; as MetricsReceiver::Export.
  absl::StatusOr<ExportOutcome> Export(storage::TenantId tenant, std::string_view request);

 private:
  storage::Storage& storage_;
};

}  // namespace vigil::collector
