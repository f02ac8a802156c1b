// SPDX-License-Identifier: Apache-2.0
//
// limitk and limit_ratio: a sample of the series, the same ones every time.
#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/exec/aggregate/aggregate.h"
#include "query/exec/histogram/histogram_buckets.h"

namespace vigil::exec {
namespace {

absl::StatusOr<VectorValue> WithoutEmpty(AggregateRun& run) {
  VectorValue result = run.evaluator.NewVector();
  for (Series& series : run.input.series) {
    VIGIL_RETURN_IF_ERROR(
        result.Add(std::move(series.labels), std::move(series.column), series.drops_name));
  }
  return result;
}

// A text behind its length: one byte, or 255 and three bytes, the lowest first.
void AppendSized(std::string_view text, std::string* out) {
  constexpr size_t kLong = 255;
  const size_t size = text.size();
  out->push_back(static_cast<char>(std::min(size, kLong)));
  for (int shift = 0; size >= kLong && shift < 24; shift += 8) {
    out->push_back(static_cast<char>(size >> shift & 0xFF));
  }
  *out += text;
}

// Where a series lies in [0, 1): where Prometheus sees it, so that both choose the same ones.
double HashShare(const storage::Labels& labels) {
  constexpr double kTwoTo64 = 18'446'744'073'709'551'616.0;
  std::string bytes;
  for (const storage::LabelView& label : labels) {
    AppendSized(label.name, &bytes);
    AppendSized(label.value, &bytes);
  }
  return static_cast<double>(XXH64(bytes.data(), bytes.size(), 0)) / kTwoTo64;
}

bool IsSampled(double share, double ratio) {
  return ratio >= 0 ? share < ratio : share >= 1 + ratio;
}

void NoteCapped(AggregateRun& run, double ratio, int capped) {
  run.annotations().Warn(
      run.param_span(), fmt::format("ratio value should be between -1 and 1, got {}, capping to {}",
                                    ShortText(ratio), capped));
}

}  // namespace

absl::StatusOr<VectorValue> LimitGroups(AggregateRun& run, const ScalarValue& k) {
  if (KeepsNothing(k)) return run.evaluator.NewVector();
  for (const AggregateGroup& group : run.groups) {
    VIGIL_RETURN_IF_ERROR(run.evaluator.context().limits.Check());
    for (size_t step = 0; step < run.evaluator.steps(); ++step) {
      VIGIL_ASSIGN_OR_RETURN(size_t left, CountParameter(k.values[step], group.members.size()));
      for (const size_t member : group.members) {
        Column& column = run.input.series[member].column;
        if (!column.Has(step)) continue;
        if (left == 0) {
          column.Clear(step);
        } else {
          --left;
        }
      }
    }
  }
  return WithoutEmpty(run);
}

absl::StatusOr<VectorValue> LimitRatio(AggregateRun& run, const ScalarValue& ratio) {
  // Of the worst of all steps.
  const auto [lowest, highest] = ExtremesOf(ratio);
  if (highest > 1) NoteCapped(run, highest, 1);
  if (lowest < -1) NoteCapped(run, lowest, -1);
  if (run.groups.empty()) return run.evaluator.NewVector();
  std::vector<double> ratios;
  for (const double value : ratio.values) {
    if (std::isnan(value)) return absl::FailedPreconditionError("Ratio value is NaN");
    ratios.push_back(std::clamp(value, -1.0, 1.0));
  }
  for (Series& series : run.input.series) {
    const double share = HashShare(series.labels);
    for (size_t step = 0; step < ratios.size(); ++step) {
      if (!IsSampled(share, ratios[step])) series.column.Clear(step);
    }
  }
  return WithoutEmpty(run);
}

}  // namespace vigil::exec
