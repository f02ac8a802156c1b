// SPDX-License-Identifier: Apache-2.0
#include "alerting/expr_reads.h"

#include <algorithm>
#include <utility>

#include "query/promql/functions.h"
#include "query/promql/walk.h"

namespace vigil::alerting {
namespace {

using promql::As;
using promql::DurationExpr;
using promql::Expr;
using promql::ExprKind;
using promql::FunctionId;
using promql::TimeShift;

// Where a node is evaluated, relative to the instant of the rule's evaluation.
struct Place {
  int64_t back_ms = 0;
  bool looks_back = true;
};

int64_t Further(int64_t reach_ms, int64_t by_ms) {
  return std::min(kUnknownReachMs, reach_ms + std::min(by_ms, kUnknownReachMs));
}

class Reader {
 public:
  explicit Reader(const exec::EngineOptions& options) : options_(options) {}

  void Visit(const Expr& expr, Place place) {
    if (expr.type == promql::ValueType::kString) return;
    switch (expr.kind) {
      case ExprKind::kVectorSelector:
        return Select(As<promql::VectorSelector>(expr), place);
      case ExprKind::kMatrixSelector: {
        const auto& matrix = As<promql::MatrixSelector>(expr);
        Widen(matrix.range_ms, matrix.range_expr.get(), &place);
        return Select(*matrix.selector, place);
      }
      case ExprKind::kSubquery: {
        const auto& subquery = As<promql::Subquery>(expr);
        Shift(subquery.shift, &place);
        Widen(subquery.range_ms, subquery.range_expr.get(), &place);
        Widen(subquery.step_ms > 0 ? subquery.step_ms : options_.default_subquery_step_ms,
              subquery.step_expr.get(), &place);
        return Visit(*subquery.expr, place);
      }
      case ExprKind::kCall:
        VisitFunction(As<promql::Call>(expr).function->id);
        break;
      default:
        break;
    }
    promql::ForEachChild(expr, [this, place](const Expr& child) { Visit(child, place); });
  }

  ExprReads Take() { return std::move(reads_); }

 private:
  void VisitFunction(FunctionId function) {
    switch (function) {
      case FunctionId::kStart:
      case FunctionId::kEnd:
      case FunctionId::kStep:
      case FunctionId::kRange:
        reads_.columnar = false;
        return;
      case FunctionId::kInfo:
        // Reads metrics that it does not name.
        reads_.reads.push_back({});
        return;
      default:
        return;
    }
  }

  void Select(const promql::VectorSelector& selector, Place place) {
    Shift(selector.shift, &place);
    place.back_ms = Further(place.back_ms, options_.lookback_ms);
    // These look for neighbours of the window on either side.
    if (selector.anchored) place.back_ms = Further(place.back_ms, options_.lookback_ms);
    if (selector.smoothed) {
      place.back_ms = Further(place.back_ms, options_.lookback_ms);
      place.looks_back = false;
    }
    reads_.reads.push_back({selector.matchers, place.back_ms, place.looks_back});
  }

  void Shift(const TimeShift& shift, Place* place) {
    if (shift.at == TimeShift::At::kStart || shift.at == TimeShift::At::kEnd) {
      reads_.columnar = false;
    }
    if (shift.at != TimeShift::At::kNone || shift.offset_expr != nullptr) {
      CheckDuration(shift.offset_expr.get());
      *place = {kUnknownReachMs, false};
      return;
    }
    if (shift.offset_ms < 0) place->looks_back = false;
    place->back_ms = Further(place->back_ms, std::max<int64_t>(0, shift.offset_ms));
  }

  void Widen(int64_t range_ms, const DurationExpr* range, Place* place) {
    CheckDuration(range);
    place->back_ms = range != nullptr ? kUnknownReachMs : Further(place->back_ms, range_ms);
  }

  void CheckDuration(const DurationExpr* duration) {
    if (duration == nullptr) return;
    if (duration->op == DurationExpr::Op::kStep || duration->op == DurationExpr::Op::kRange) {
      reads_.columnar = false;
    }
    CheckDuration(duration->lhs.get());
    CheckDuration(duration->rhs.get());
  }

  const exec::EngineOptions& options_;
  ExprReads reads_;
};

}  // namespace

ExprReads ReadsOf(const promql::Expr& expr, const exec::EngineOptions& options) {
  Reader reader(options);
  reader.Visit(expr, {});
  ExprReads reads = reader.Take();
  if (expr.type != promql::ValueType::kScalar && expr.type != promql::ValueType::kVector) {
    reads.columnar = false;
  }
  return reads;
}

}  // namespace vigil::alerting
