// SPDX-License-Identifier: Apache-2.0
#include "query/exec/binary/binary_point.h"

#include <fmt/format.h>

#include "query/exec/histogram/histogram_math.h"
#include "query/exec/histogram/histogram_trim.h"

namespace vigil::exec {

using promql::BinaryOp;
using storage::Histogram;

Point PointOperator::operator()(const Point& left, const Point& right) {
  const bool left_float = left.kind == PointKind::kFloat;
  const bool right_float = right.kind == PointKind::kFloat;
  if (left_float && right_float) return Floats(left.value, right.value);
  if (left_float) return FloatHistogram(left.value, *right.histogram);
  if (right_float) return HistogramFloat(*left.histogram, right.value);
  return Histograms(left, right);
}

Point PointOperator::Floats(double left, double right) {
  if (binary_.op == BinaryOp::kTrimLower || binary_.op == BinaryOp::kTrimUpper) {
    return Incompatible("float", "float");
  }
  double result = 0;
  const bool holds = FloatOperation(binary_.op, left, right, &result);
  if (binary_.return_bool) return Point::Float(holds ? 1 : 0);
  return holds ? Point::Float(result) : Point::None();
}

Point PointOperator::FloatHistogram(double left, const Histogram& right) {
  if (binary_.op == BinaryOp::kMul) return Point::Of(Scale(right, left));
  return Incompatible("float", "histogram");
}

Point PointOperator::HistogramFloat(const Histogram& left, double right) {
  switch (binary_.op) {
    case BinaryOp::kMul:
      return Point::Of(Scale(left, right));
    case BinaryOp::kDiv:
      return Point::Of(Divide(left, right));
    case BinaryOp::kTrimUpper:
      return Point::Of(TrimAbove(left, right));
    case BinaryOp::kTrimLower:
      return Point::Of(TrimBelow(left, right));
    default:
      return Incompatible("histogram", "float");
  }
}

Point PointOperator::Histograms(const Point& left, const Point& right) {
  switch (binary_.op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      return AddHistograms(*left.histogram, *right.histogram);
    case BinaryOp::kEqual:
      return Compared(SameObservations(*left.histogram, *right.histogram), left);
    case BinaryOp::kNotEqual:
      return Compared(!SameObservations(*left.histogram, *right.histogram), left);
    default:
      return Incompatible("histogram", "histogram");
  }
}

Point PointOperator::AddHistograms(const Histogram& left, const Histogram& right) {
  const bool add = binary_.op == BinaryOp::kAdd;
  Histogram sum = left;
  const HistogramSumInfo info = add ? Add(right, &sum) : Subtract(right, &sum);
  if (info.incompatible) {
    annotations_.Warn(binary_.span,
                      fmt::format("incompatible bucket layout encountered for binary operator {}",
                                  promql::BinaryOpText(binary_.op)));
    return Point::None();
  }
  const std::string_view operation = add ? "addition" : "subtraction";
  if (info.conflicting_resets) annotations_.WarnConflictingResets(binary_.span, operation);
  if (info.reconciled_bounds) annotations_.InfoReconciledBounds(binary_.span, operation);
  return Point::Of(std::move(sum));
}

Point PointOperator::Compared(bool holds, const Point& left) const {
  if (binary_.return_bool) return Point::Float(holds ? 1 : 0);
  return holds ? left : Point::None();
}

Point PointOperator::Incompatible(std::string_view left, std::string_view right) {
  annotations_.Info(
      binary_.span,
      fmt::format("incompatible sample types encountered for binary operator \"{}\": {} {} {}",
                  promql::BinaryOpText(binary_.op), left, promql::BinaryOpText(binary_.op), right));
  return Point::None();
}

}  // namespace vigil::exec
