// SPDX-License-Identifier: Apache-2.0
//
// The set operators: they decide by match groups and leave points and labels as they are.
#include <utility>

#include "base/status.h"
#include "query/exec/binary/binary.h"
#include "query/exec/binary/binary_groups.h"

namespace vigil::exec {
namespace {

// Clears the points of `series` at the steps where `mask` is `value`.
void ClearWhere(const std::vector<size_t>& series, const std::vector<bool>& mask, bool value,
                VectorValue* vector) {
  for (const size_t i : series) {
    Column& column = vector->series[i].column;
    for (size_t step = 0; step < column.size(); ++step) {
      if (mask[step] == value) column.Clear(step);
    }
  }
}

// The series of `from` that still have points, put behind those of `to`.
absl::Status Append(VectorValue from, VectorValue* to) {
  for (Series& series : from.series) {
    VIGIL_RETURN_IF_ERROR(
        to->Add(std::move(series.labels), std::move(series.column), series.drops_name));
  }
  return absl::OkStatus();
}

void RemoveEmpty(VectorValue* vector) {
  std::erase_if(vector->series, [](const Series& series) { return series.column.Empty(); });
}

size_t StepsOf(const VectorValue& left, const VectorValue& right) {
  if (!left.series.empty()) return left.series[0].column.size();
  return right.series.empty() ? 0 : right.series[0].column.size();
}

}  // namespace

absl::StatusOr<VectorValue> CombineSets(const promql::Binary& binary, VectorValue left,
                                        VectorValue right) {
  const size_t steps = StepsOf(left, right);
  const bool is_or = binary.op == promql::BinaryOp::kOr;
  for (const MatchGroup& group : GroupSeries(*binary.matching, left, right)) {
    if (is_or) {
      ClearWhere(group.right, PresentSteps(left, group.left, steps), true, &right);
    } else {
      const bool clear_present = binary.op == promql::BinaryOp::kUnless;
      ClearWhere(group.left, PresentSteps(right, group.right, steps), clear_present, &left);
    }
  }
  if (!is_or) {
    RemoveEmpty(&left);
    return left;
  }
  VIGIL_RETURN_IF_ERROR(Append(std::move(right), &left));
  VIGIL_RETURN_IF_ERROR(MergeSameLabels(&left));
  return left;
}

}  // namespace vigil::exec
