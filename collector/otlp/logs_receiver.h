// SPDX-License-Identifier: Apache-2.0
//
// Takes OTLP logs in: a resource's telling attributes become the labels of a stream, everything
// else stays with the records.
#pragma once

#include <string_view>

#include <absl/status/statusor.h>

#include "base/clock.h"
#include "collector/otlp/otlp_export.h"
#include "storage/storage.h"

namespace vigil::collector {

// The labels of the stream that logs of `resource` belong to. `service_name` is always among them.
storage::Labels LogStreamLabels(const storage::Attributes& resource);

// Thread-safe. `storage` and `clock` must outlive it.
class LogsReceiver {
 public:
  LogsReceiver(storage::Storage* storage, const Clock* clock)
      : storage_(*storage), clock_(*clock) {}

  // Stores an ExportLogsServiceRequest; as MetricsReceiver::Export.
  absl::StatusOr<ExportOutcome> Export(storage::TenantId tenant, std::string_view request);

 private:
  storage::Storage& storage_;
  const Clock& clock_;
};

}  // namespace vigil::collector
