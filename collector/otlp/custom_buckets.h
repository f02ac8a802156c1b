// SPDX-License-Identifier: Apache-2.0
//
// OTLP histograms with explicit bounds as native histograms with custom buckets.
#pragma once

#include <vector>

#include "storage/model/histogram.h"

namespace vigil::collector {

// `counts` has one more than `bounds`, which rise strictly, or nothing if there are no bounds: then
// all of `count` is in one bucket.
storage::Histogram ToCustomHistogram(const std::vector<double>& bounds,
                                     const std::vector<double>& counts, double count, double sum);

}  // namespace vigil::collector
