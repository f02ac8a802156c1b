// SPDX-License-Identifier: Apache-2.0
//
// Brings the series of histograms together: the buckets of a classic one, by their `le`, and native
// ones of the same labels.
#pragma once

#include <vector>

#include "query/exec/annotations.h"
#include "query/exec/value.h"

namespace vigil::exec {

// All series of one histogram. Borrows the columns.
struct HistogramSeries {
  struct ClassicColumn {
    double bound;
    const Column* column;
  };
  storage::Labels labels;              // Without `le`, with the name.
  std::vector<ClassicColumn> classic;  // Sorted by bound.
  std::vector<const Column*> native;
};

// Floats without a readable `le` are left out, with a warning at `where`.
std::vector<HistogramSeries> GatherHistograms(const VectorValue& vector, promql::Span where,
                                              Annotations* annotations);

}  // namespace vigil::exec
