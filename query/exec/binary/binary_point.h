// SPDX-License-Identifier: Apache-2.0
//
// What a binary operator does to one pair of points.
#pragma once

#include "query/exec/annotations.h"
#include "query/exec/value.h"
#include "query/promql/ast.h"
#include "query/promql/operation.h"

namespace vigil::exec {

// Whether results lose `__name__`.
inline bool DropsName(const promql::Binary& binary) {
  const bool keeps = promql::IsComparison(binary.op) || binary.op == promql::BinaryOp::kTrimUpper ||
                     binary.op == promql::BinaryOp::kTrimLower;
  return !keeps || binary.return_bool;
}

// Borrows both.
class PointOperator {
 public:
  PointOperator(Annotations& annotations, const promql::Binary& binary)
      : annotations_(annotations), binary_(binary) {}

  // `left op right`: none if a filtering comparison does not hold or the operator does not go with
  // the kinds of the points, which is annotated. What a comparison keeps is the left point.
  // Requires: both are there.
  Point operator()(const Point& left, const Point& right);

 private:
  Point Floats(double left, double right);
  Point FloatHistogram(double left, const storage::Histogram& right);
  Point HistogramFloat(const storage::Histogram& left, double right);
  Point Histograms(const Point& left, const Point& right);
  Point AddHistograms(const storage::Histogram& left, const storage::Histogram& right);
  Point Compared(bool holds, const Point& left) const;
  Point Incompatible(std::string_view left, std::string_view right);

  Annotations& annotations_;
  const promql::Binary& binary_;
};

}  // namespace vigil::exec
