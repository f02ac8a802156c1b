// SPDX-License-Identifier: Apache-2.0
//
// Reads what a shard must know of its stored metrics before it can serve: the series of the hot
// window, metadata, which partitions have blocks, and how far its counters got. Neither blocks nor
// the rows of other series are touched.
#pragma once

#include <cstdint>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/metrics/series_catalog.h"

namespace vigil::storage {

// Counters of a shard that must never go back. Stored in Family::kMeta with every flush.
struct MetricCounters {
  uint64_t next_number = 1;    // Of series.
  uint64_t next_sequence = 1;  // Of blocks and of shared columns of times.
};

void AddCountersRow(uint32_t shard, const MetricCounters& counters, WriteBatch* batch);

// A row of its own for the sequence, which is taken from between flushes too: the higher of the two
// counts.
void AddSequenceRow(uint32_t shard, uint64_t next_sequence, WriteBatch* batch);

// To be called before rows are ingested that a flush makes: no sequence before `next_sequence` is
// given out again, whatever happens from now on. The same sync makes durable all journal entries
// that the rows stand for, else the number of a series in them might be given to another after a
// loss of power.
absl::Status ReserveSequences(KeyValueStore* store, uint32_t shard, uint64_t next_sequence);

// Fills an empty catalog; returns the counters, of which the catalog has its own already. Damaged
// rows are reported and skipped; errors are the store's.
absl::StatusOr<MetricCounters> LoadMetrics(KeyValueStore& store, uint32_t shard,
                                           SeriesCatalog* catalog);

}  // namespace vigil::storage
