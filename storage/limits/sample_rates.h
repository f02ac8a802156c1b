// SPDX-License-Identifier: Apache-2.0
//
// How many samples a second tenants and metrics may send. What is too much is refused sample by
// sample, the last of a batch first; the look is taken once a batch.
#pragma once

#include <cstdint>
#include <string>

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>

#include "base/mutex.h"
#include "base/strings.h"
#include "storage/limits/tenant_limits.h"
#include "storage/limits/token_bucket.h"
#include "storage/metrics/metric_batch.h"
#include "storage/model/batch.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Thread-safe.
class SampleRates {
 public:
  // The metric of a series; asked only of tenants whose metrics have a limit.
  using MetricOf = absl::FunctionRef<std::string(SeriesRef)>;

  // True if `*admitted` holds what of `batch` may be taken and `*result` accounts for the rest;
  // false if all of it may. `now_ns` is MonotonicNs: the machine's clock may jump.
  bool Filter(TenantId tenant, const TenantLimits& limits, int64_t now_ns, const MetricBatch& batch,
              MetricOf metric_of, MetricBatch* admitted, WriteResult* result);

 private:
  struct Tenant {
    TokenBucket samples;
    StringMap<TokenBucket> by_metric;
    size_t tidy_at = 1024;  // Buckets by metric, at which those that are full are dropped.
  };
  // How many samples of each metric of a batch are left to be taken.
  using Quota = StringMap<uint64_t>;
  static void TakeByMetric(const TenantLimits& limits, int64_t now_ns, Tenant* tenant,
                           Quota* quota);

  Mutex mutex_;
  absl::flat_hash_map<TenantId, Tenant> tenants_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
