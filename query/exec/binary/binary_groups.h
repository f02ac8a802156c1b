// SPDX-License-Identifier: Apache-2.0
//
// The match groups of a binary operator between vectors: which series of either side share the
// labels that are to match. Made once per node, not per step.
#pragma once

#include <cstddef>
#include <vector>

#include "query/exec/value.h"
#include "query/promql/ast.h"

namespace vigil::exec {

struct MatchGroup {
  storage::Labels labels;    // Those that match.
  std::vector<size_t> left;  // Indexes of series.
  std::vector<size_t> right;
};

// In the order in which series first belong to them, the left side's before the right's.
std::vector<MatchGroup> GroupSeries(const promql::VectorMatching& matching, const VectorValue& left,
                                    const VectorValue& right);

// For each step, whether one of these series has a point there.
std::vector<bool> PresentSteps(const VectorValue& vector, const std::vector<size_t>& series,
                               size_t steps);

}  // namespace vigil::exec
