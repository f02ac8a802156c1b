// SPDX-License-Identifier: Apache-2.0
#include "query/exec/duration_value.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"

namespace vigil::exec {
namespace {

using promql::DurationExpr;

// 2^63 nanoseconds, the longest that Prometheus can name.
constexpr double kMaxSeconds = 9'223'372'036.0;

// Prometheus tells where it is by its first and last byte.
absl::Status Fault(const DurationExpr& expr, std::string_view message) {
  return absl::InvalidArgumentError(
      fmt::format("{}:{}: {}", expr.span.begin, expr.span.end, message));
}

double ToSeconds(int64_t ms) { return static_cast<double>(ms) / kMillisPerSecond; }

absl::StatusOr<double> Seconds(const QueryContext& context, const DurationExpr& expr);

absl::StatusOr<double> Combine(const QueryContext& context, const DurationExpr& expr) {
  VIGIL_ASSIGN_OR_RETURN(const double left, Seconds(context, *expr.lhs));
  VIGIL_ASSIGN_OR_RETURN(const double right, Seconds(context, *expr.rhs));
  switch (expr.op) {
    case DurationExpr::Op::kAdd:
      return left + right;
    case DurationExpr::Op::kSub:
      return left - right;
    case DurationExpr::Op::kMul:
      return left * right;
    case DurationExpr::Op::kDiv:
      if (right == 0) return Fault(expr, "division by zero");
      return left / right;
    case DurationExpr::Op::kMod:
      if (right == 0) return Fault(expr, "modulo by zero");
      return std::fmod(left, right);
    case DurationExpr::Op::kPow:
      return std::pow(left, right);
    case DurationExpr::Op::kMin:
      return std::min(left, right);
    default:
      return std::max(left, right);
  }
}

absl::StatusOr<double> Seconds(const QueryContext& context, const DurationExpr& expr) {
  switch (expr.op) {
    case DurationExpr::Op::kLiteral:
      return expr.seconds;
    case DurationExpr::Op::kStep:
      return ToSeconds(context.window.step_ms);
    case DurationExpr::Op::kRange:
      return ToSeconds(context.window.RangeMs());
    case DurationExpr::Op::kNegate: {
      VIGIL_ASSIGN_OR_RETURN(const double operand, Seconds(context, *expr.lhs));
      return -operand;
    }
    default:
      return Combine(context, expr);
  }
}

}  // namespace

absl::StatusOr<int64_t> DurationMs(const QueryContext& context, int64_t plain_ms,
                                   const DurationExpr* expr, DurationSign sign) {
  if (expr == nullptr) return plain_ms;
  VIGIL_ASSIGN_OR_RETURN(const double seconds, Seconds(context, *expr));
  if (!std::isfinite(seconds) || std::fabs(seconds) > kMaxSeconds) {
    return Fault(*expr, "duration is out of range");
  }
  const auto ms = static_cast<int64_t>(seconds * kMillisPerSecond);
  const bool too_small = sign == DurationSign::kStep ? ms <= 0 : seconds <= 0;
  if (sign != DurationSign::kAny && too_small) {
    return Fault(*expr, "duration must be greater than 0");
  }
  return ms;
}

absl::StatusOr<LookupTimes> ResolveShift(const QueryContext& context, const StepGrid& grid,
                                         const promql::TimeShift& shift) {
  LookupTimes times;
  times.grid = grid;
  VIGIL_ASSIGN_OR_RETURN(times.offset_ms, DurationMs(context, shift.offset_ms,
                                                     shift.offset_expr.get(), DurationSign::kAny));
  switch (shift.at) {
    case promql::TimeShift::At::kNone:
      break;
    case promql::TimeShift::At::kTimestamp:
      times.pinned_ms = shift.at_ms;
      break;
    case promql::TimeShift::At::kStart:
      times.pinned_ms = context.window.start_ms;
      break;
    case promql::TimeShift::At::kEnd:
      times.pinned_ms = context.window.end_ms;
      break;
  }
  return times;
}

}  // namespace vigil::exec
