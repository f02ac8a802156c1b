// SPDX-License-Identifier: Apache-2.0
//
// How a series of native histograms changed over a window.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "query/exec/annotations.h"
#include "query/exec/value.h"
#include "storage/model/histogram.h"

namespace vigil::exec {

// Last minus first, for counters with what was lost at resets; a gauge. Nothing, and a warning, if
// exponential and custom buckets are mixed. Requires: at least two histograms.
std::optional<storage::Histogram> HistogramChange(std::span<const HistogramPtr> histograms,
                                                  bool is_counter, std::string_view metric,
                                                  promql::Span where, Annotations* annotations);

// `histogram` with all counts and the sum times `factor`; stays a gauge.
storage::Histogram Scaled(const storage::Histogram& histogram, double factor);

}  // namespace vigil::exec
