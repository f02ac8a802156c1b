// SPDX-License-Identifier: Apache-2.0
//
// changes and resets: they count neighbouring samples that differ in some way. The counts are
// summed up once per series, so a window costs a subtraction.
#include <cmath>
#include <cstdint>
#include <vector>

#include "query/exec/function/function_range.h"
#include "query/exec/histogram/histogram_math.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

bool IsChange(double previous, double current) {
  return previous != current && !(std::isnan(previous) && std::isnan(current));
}

class NeighbourCountFunction final : public RangeFunction {
 public:
  explicit NeighbourCountFunction(bool resets) : resets_(resets) {}

  void StartSeries(const storage::Labels&, const storage::SampleColumns& samples) override {
    counts_.clear();
    uint64_t count = 0;
    size_t f = 0;
    size_t h = 0;
    bool previous_float = false;
    while (f < samples.values.size() || h < samples.histograms.size()) {
      const bool take_float =
          h == samples.histograms.size() ||
          (f < samples.values.size() && samples.times_ms[f] < samples.histogram_times_ms[h]);
      if (f + h > 0) {
        const bool switched = take_float != previous_float;
        const bool counts =
            switched || (take_float ? FloatCounts(samples, f) : HistogramCounts(samples, h));
        count += counts ? 1 : 0;
      }
      counts_.push_back(count);
      previous_float = take_float;
      ++(take_float ? f : h);
    }
  }

  Point Apply(const RangeWindow& window) override {
    const size_t first = window.float_begin + window.histogram_begin;
    const size_t last = window.float_end + window.histogram_end - 1;
    return Point::Float(static_cast<double>(counts_[last] - counts_[first]));
  }

 private:
  // Whether the sample counts against the one before it. Requires: that is of the same kind.
  bool FloatCounts(const storage::SampleColumns& samples, size_t i) const {
    const double previous = samples.values[i - 1];
    const double current = samples.values[i];
    return resets_ ? current < previous : IsChange(previous, current);
  }
  bool HistogramCounts(const storage::SampleColumns& samples, size_t i) const {
    const storage::Histogram& previous = *samples.histograms[i - 1];
    const storage::Histogram& current = *samples.histograms[i];
    return resets_ ? DetectReset(previous, current) : !SameObservations(previous, current);
  }

  const bool resets_;
  // For each sample, floats and histograms in the order of time: how many up to it count.
  std::vector<uint64_t> counts_;
};

}  // namespace

RangeFunctionPtr MakeNeighbourCount(RangeCall& call) {
  const FunctionId id = call.call.function->id;
  if (id != FunctionId::kChanges && id != FunctionId::kResets) return nullptr;
  return std::make_unique<NeighbourCountFunction>(id == FunctionId::kResets);
}

}  // namespace vigil::exec
