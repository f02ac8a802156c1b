// SPDX-License-Identifier: Apache-2.0
//
// The exemplars of a shard that are in memory only; part of a MetricHead and as long in use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>

#include "base/mutex.h"
#include "storage/metrics/exemplar.h"
#include "storage/metrics/metric_shard.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Thread-safe. Bounded: of a series the newest are kept, and when there are very many in all, a new
// one takes the place of the oldest of its series or, if there is none, is dropped. What is dropped
// is counted. The order in which exemplars of a series come makes no difference.
class ExemplarHead {
 public:
  // A series gets one or two in an export, and a head lives for half an hour.
  static constexpr size_t kMaxPerSeries = 32;
  // About 200 bytes each.
  static constexpr size_t kDefaultMaxExemplars = 256 << 10;

  explicit ExemplarHead(size_t max_exemplars = kDefaultMaxExemplars)
      : max_exemplars_(max_exemplars) {}

  void Append(TenantId tenant, std::span<const ExemplarSample> samples);

  // Those of a series, in order.
  std::vector<Exemplar> Read(uint32_t number) const;

  // In order of series.
  void ForEach(absl::FunctionRef<void(TenantId tenant, uint32_t number,
                                      const std::vector<Exemplar>& exemplars)>
                   visit) const;

  size_t size_bytes() const;

 private:
  struct Series {
    TenantId tenant = kDefaultTenant;
    std::vector<Exemplar> exemplars;  // Sorted, each once.
  };

  void AddLocked(TenantId tenant, const ExemplarSample& sample)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_exemplars_;
  mutable Mutex mutex_;
  absl::flat_hash_map<uint32_t, Series> series_ ABSL_GUARDED_BY(mutex_);
  size_t exemplars_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t size_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace vigil::storage
