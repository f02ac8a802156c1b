// SPDX-License-Identifier: Apache-2.0
//
// Functions of range vectors: each turns the window of a series at a step into a point. The windows
// are found by sliding over the series once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "query/exec/evaluator.h"
#include "query/exec/range_vector.h"

namespace vigil::exec {

// A call with its scalar arguments evaluated, in their order.
struct RangeCall {
  Evaluator& evaluator;
  const promql::Call& call;
  const promql::Expr& matrix;  // The argument that is a range vector.
  std::vector<ScalarValue> scalars;

  Annotations& annotations() { return evaluator.annotations(); }
};

// Serves one call. Keeps what it knows about the series at hand.
class RangeFunction {
 public:
  virtual ~RangeFunction() = default;
  // `labels` and `samples` live until the next series starts.
  virtual void StartSeries(const storage::Labels& labels, const storage::SampleColumns& samples) {}
  // Requires: the window is of the series that was started, and not empty.
  virtual Point Apply(const RangeWindow& window) = 0;
  // Puts the points of all steps into `*column`, for the series that was started, which has floats
  // only; false, each time and nothing done, if the function has no quicker way than window by
  // window.
  virtual bool ApplyToFloats(const FloatWindows& windows, const std::vector<double>& values,
                             Column* column) {
    return false;
  }
  // Asked for after each series: what is wrong with the call as a whole.
  virtual absl::Status error() const { return absl::OkStatus(); }
};

// The function of a call; `call` outlives it. The makers of the families give null for functions
// that are not theirs, or the error in a parameter.
using RangeFunctionPtr = std::unique_ptr<RangeFunction>;
RangeFunctionPtr MakeBoundary(RangeCall& call);               // of `anchored` and `smoothed` ranges
RangeFunctionPtr MakeRate(RangeCall& call);                   // rate, increase, delta
RangeFunctionPtr MakeInstantRate(RangeCall& call);            // irate, idelta
RangeFunctionPtr MakeNeighbourCount(RangeCall& call);         // changes, resets
absl::StatusOr<RangeFunctionPtr> MakeTrend(RangeCall& call);  // deriv, predict_linear, smoothing
RangeFunctionPtr MakeOverTime(RangeCall& call);               // *_over_time
RangeFunctionPtr MakeTimeOf(RangeCall& call);                 // ts_of_*_over_time

// Whether the series looks like a counter: by its name or, where types are known, by that.
bool LooksLikeCounter(const RangeCall& call, const storage::Labels& labels);
// Annotates that one is taken for a counter that does not look like it.
void NoteCounter(RangeCall& call, const storage::Labels& labels);

}  // namespace vigil::exec
