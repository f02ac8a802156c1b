// SPDX-License-Identifier: Apache-2.0
//
// How many series each tenant has, over all shards and by metric, about how much memory those of
// all tenants take, and whether there may be more. The owners of series tell when one comes and
// goes; nothing else is known of them here.
#pragma once

#include <cstddef>
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

  // What a limit needs to know of a series: the name of its metric, and how long its labels' names
  // and values are together.
  struct Described {
    std::string_view metric;
    size_t label_bytes = 0;
  };

  // `book` must outlive it. The series of all tenants together may take `max_bytes` of memory; 0
  // for no such limit.
  explicit SeriesLimits(const LimitBook* book, uint64_t max_bytes = 0)
      : book_(*book), max_bytes_(max_bytes) {}

  TenantLimits Of(TenantId tenant) const { return book_.Of(tenant); }

  // A series is to be made: counts it, or says why it must not be (ResourceExhausted).
  absl::Status Take(TenantId tenant, const Described& series);
  // A series is there, whatever the limits say: restored, or back from retirement.
  void Count(TenantId tenant, const Described& series);
  // A series that was counted is retired, or was not made after all.
  void Release(TenantId tenant, const Described& series);

  // Tenants that have series, those with most of them first.
  std::vector<Usage> Usages() const;
  uint64_t SeriesOf(TenantId tenant) const;
  // About what the series of all tenants take, and what they may.
  uint64_t Bytes() const;
  uint64_t max_bytes() const { return max_bytes_; }

 private:
  struct Counts {
    uint64_t series = 0;
    StringMap<uint64_t> by_metric;  // None is 0.
  };

  const LimitBook& book_;
  const uint64_t max_bytes_;
  mutable Mutex mutex_;
  absl::flat_hash_map<TenantId, Counts> tenants_ ABSL_GUARDED_BY(mutex_);
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace vigil::storage
