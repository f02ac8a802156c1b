// SPDX-License-Identifier: Apache-2.0
//
// For those who keep what they made of metrics, and have to know when it is no longer true.
#pragma once

#include <cstdint>

#include "storage/model/ids.h"

namespace vigil::storage {

// Called by any thread. Must not call the store.
class MetricWriteObserver {
 public:
  virtual ~MetricWriteObserver() = default;
  // Samples were written or deleted, none of which lies before `first_ms`. Queriers that are made
  // from now on see it; those made before may.
  virtual void OnMetricsWritten(TenantId tenant, int64_t first_ms) = 0;
  // Retention has dropped samples of any tenant.
  virtual void OnMetricsDropped() = 0;
};

}  // namespace vigil::storage
