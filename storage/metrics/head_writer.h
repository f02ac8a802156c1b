// SPDX-License-Identifier: Apache-2.0
//
// Turns a sealed head into rows: blocks, the columns of times that they share, which series have
// them, and the series themselves.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/metrics/block_writer.h"
#include "storage/metrics/metric_head.h"
#include "storage/metrics/partitioning.h"
#include "storage/metrics/series_catalog.h"

namespace vigil::storage {

// For one head. Not thread-safe.
class HeadWriter {
 public:
  struct Options {
    uint8_t shard;
    Partitioning partitioning;
    int64_t expired_before_ms;  // Samples before are left out.
  };
  // Where rows go: blocks and the columns of times that they share, and all others.
  struct Target {
    BlockRows* blocks;
    WriteBatch* batch;
  };
  HeadWriter(const Options& options, KeyValueStore* store, SeriesCatalog* catalog,
             uint64_t* next_sequence, const Target& target)
      : options_(options),
        store_(*store),
        catalog_(*catalog),
        next_sequence_(*next_sequence),
        target_(target) {}

  // Adds the rows; see SeriesRowWriter for those that go to the store ahead of the batch. Returns
  // the series that got rows of their own: those in the head that had none.
  absl::StatusOr<std::vector<uint32_t>> Write(MetricHead* head);

  // The partitions that got blocks.
  using Partition = std::pair<TenantId, int64_t>;
  const std::vector<Partition>& partitions() const { return partitions_; }

 private:
  using Members = std::span<const MetricHead::Member>;
  absl::Status WriteTenant(const MetricHead& head, Members members,
                           std::vector<uint32_t>* new_rows);
  absl::Status WriteExemplarsOf(const MetricHead& head);

  const Options options_;
  KeyValueStore& store_;
  SeriesCatalog& catalog_;
  uint64_t& next_sequence_;
  const Target target_;
  std::vector<Partition> partitions_;
};

}  // namespace vigil::storage
