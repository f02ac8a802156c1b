// SPDX-License-Identifier: Apache-2.0
//
// Metadata of one tenant's metrics in one shard, by metric name, and which of it is not stored yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"
#include "storage/model/sample.h"

namespace vigil::storage {

// Thread-safe.
class MetadataTable {
 public:
  // The later metadata of a metric replaces the earlier, but saying nothing (the default
  // MetricMetadata) does not.
  void Set(std::string_view metric_name, const MetricMetadata& metadata);
  // As Set, from a row: it is stored already.
  void Restore(std::string_view metric_name, const MetricMetadata& metadata);

  MetricMetadata Get(std::string_view metric_name) const;
  size_t size() const;
  // Sorted by name.
  std::vector<std::pair<std::string, MetricMetadata>> All() const;

  // Adds rows for what is not stored yet.
  void AddRows(TenantId tenant, uint8_t shard, WriteBatch* batch);
  // The rows added last are written.
  void RowsWritten();

 private:
  struct Metric {
    MetricMetadata metadata;
    uint64_t version = 0;          // Rises with each change.
    uint64_t added_version = 0;    // Of the row added last.
    uint64_t written_version = 0;  // Of the row in the store.
  };

  mutable Mutex mutex_;
  StringMap<Metric> metrics_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
