// SPDX-License-Identifier: Apache-2.0
//
// Batches whose series came in another order than that of their numbers: an exporter that keeps its
// series in a hash map sends them in any order, and one whose series are replaced now and then has
// numbers that are far apart.
#pragma once

#include "storage/metrics/metric_batch.h"

namespace vigil::storage {

// Makes `*joined` the same samples in fewer runs, by instant, then by number. False, and nothing
// is said of `*joined`, if there is little to be gained, or if the batch has two samples of a
// series for one instant, of which the later one counts. Requires: the refs are of one shard, and
// their numbers have 32 bits.
bool JoinRuns(const MetricBatch& batch, MetricBatch* joined);

}  // namespace vigil::storage
