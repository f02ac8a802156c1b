// SPDX-License-Identifier: Apache-2.0
//
// How many series each tenant has, over all shards and by metric, and whether there may be more.
// The owners of series tell when one comes and goes; nothing else is known of them here.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

#include "base/mutex.h"
#include "base/strings.h"
#include "storage/limits/limit_book.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Thread-safe. Asked and told once in a series' life, never for a sample.
class SeriesLimits {
 public:
  struct Usage {
    TenantId tenant{};
    uint64_t series = 0;
  };

  // `book` must outlive it.
  explicit SeriesLimits(const LimitBook* book) : book_(*book) {}

  TenantLimits Of(TenantId tenant) const { return book_.Of(tenant); }

  // A series of `metric` is to be made: counts it, or says why it must not be (ResourceExhausted).
  absl::Status Take(TenantId tenant, std::string_view metric);
  // A series is there, whatever the limits say: restored, or back from retirement.
  void Count(TenantId tenant, std::string_view metric);
  // A series that was counted is retired, or was not made after all.
  void Release(TenantId tenant, std::string_view metric);

  // Tenants that have series, those with most of them first.
  std::vector<Usage> Usages() const;
  uint64_t SeriesOf(TenantId tenant) const;

 private:
  struct Counts {
    uint64_t series = 0;
    StringMap<uint64_t> by_metric;  // None is 0.
  };

  const LimitBook& book_;
  mutable Mutex mutex_;
  absl::flat_hash_map<TenantId, Counts> tenants_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
