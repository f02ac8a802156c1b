// SPDX-License-Identifier: Apache-2.0
//
// Native histograms with fewer and coarser buckets.
#pragma once

#include <cstdint>

#include "storage/model/histogram.h"

namespace vigil::collector {

// Makes buckets coarser until there are at most `max_buckets` (0: as many as there are). False,
// with some schema or other, if that cannot be: for custom buckets, and at the coarsest schema.
bool LimitBuckets(uint64_t max_buckets, storage::Histogram* histogram);

// Makes buckets coarser until each is at least `factor` times as wide as the one before, as far as
// schemas go. Custom buckets stay.
void WidenBuckets(double factor, storage::Histogram* histogram);

}  // namespace vigil::collector
