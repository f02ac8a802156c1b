// SPDX-License-Identifier: Apache-2.0
//
// Selectors: the only nodes that read storage. Each series is read once for all steps.
#pragma once

#include <memory>
#include <vector>

#include <absl/status/statusor.h>

#include "query/exec/evaluator.h"
#include "query/exec/series_source.h"

namespace vigil::exec {

// What an instant selector gives: the samples, or their own times in seconds, for timestamp().
enum class SelectWhat { kSamples, kTimes };

absl::StatusOr<VectorValue> SelectInstant(Evaluator& evaluator,
                                          const promql::VectorSelector& selector, SelectWhat what);
// The same series, to be made one by one.
absl::StatusOr<std::unique_ptr<SeriesSource>> SelectInstantSource(
    Evaluator& evaluator, const promql::VectorSelector& selector, SelectWhat what);

// The same for matchers and times of one's own.
absl::StatusOr<VectorValue> SelectAt(Evaluator& evaluator,
                                     const std::vector<storage::Matcher>& matchers,
                                     const LookupTimes& times, SelectWhat what);

// The windows of an `anchored` range begin earlier by the lookback, those of a `smoothed` one end
// later by it, too.
absl::StatusOr<std::unique_ptr<RangeVector>> SelectRange(Evaluator& evaluator,
                                                         const promql::MatrixSelector& matrix);

}  // namespace vigil::exec
