// SPDX-License-Identifier: Apache-2.0
//
// Turns a sealed head into rows: blocks, the columns of times that they share, which series have
// them, and the series themselves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/kv/kv_store.h"
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
  HeadWriter(const Options& options, SeriesCatalog* catalog, uint64_t* next_sequence,
             WriteBatch* batch)
      : options_(options), catalog_(*catalog), next_sequence_(*next_sequence), batch_(*batch) {}

  // Adds the rows to the batch. Returns the series that got their own row: those in the head that
  // had none.
  std::vector<uint32_t> Write(MetricHead* head);

 private:
  using Members = std::span<const MetricHead::Member>;
  void WriteTenant(const MetricHead& head, Members members, std::vector<uint32_t>* new_rows);

  const Options options_;
  SeriesCatalog& catalog_;
  uint64_t& next_sequence_;
  WriteBatch& batch_;
};

}  // namespace vigil::storage
