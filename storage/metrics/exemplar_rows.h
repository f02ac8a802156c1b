// SPDX-License-Identifier: Apache-2.0
//
// Exemplars at rest: a row for each series, partition and flush. The format is
// docs/format/exemplars.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/duration.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/exemplar.h"
#include "storage/metrics/partitioning.h"

namespace vigil::storage {

// The value of a row. DataLoss if `bytes` are not one.
std::string EncodeExemplars(std::span<const Exemplar> exemplars);
absl::StatusOr<std::vector<Exemplar>> DecodeExemplars(std::string_view bytes);

// Adds the rows of a series to the batch: `key` without its partition names it. Exemplars, which
// are in order, before `expired_before_ms` are left out.
void WriteExemplars(ExemplarKey key, std::span<const Exemplar> exemplars,
                    const Partitioning& partitioning, int64_t expired_before_ms, WriteBatch* batch);

// A series whose exemplars are looked for.
struct ExemplarTarget {
  uint32_t metric;  // MetricHash of its metric's name.
  uint32_t number;
  std::vector<Exemplar>* exemplars;
};

// Appends what rows of the partitions that `range` touches have of the targets; may be outside of
// the range, in any order and more than once. Damaged rows are reported and skipped.
absl::Status ReadExemplars(KeyValueStore* store, TenantId tenant, uint8_t shard, TimeRange range,
                           const Partitioning& partitioning, std::vector<ExemplarTarget> targets);

}  // namespace vigil::storage
