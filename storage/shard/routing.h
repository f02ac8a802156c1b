// SPDX-License-Identifier: Apache-2.0
//
// Which shard a series belongs to.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/series/labels.h"

namespace vigil::storage {

// A number of the exporter that a series comes from. Series of one exporter (same job and instance)
// stay together: they come in one batch and share their instants.
uint64_t ExporterHash(const Labels& labels);

inline size_t ShardOfSeries(const Labels& labels, size_t shards) {
  return ExporterHash(labels) % shards;
}

}  // namespace vigil::storage
