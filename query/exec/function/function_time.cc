// SPDX-License-Identifier: Apache-2.0
//
// timestamp, and the parts of dates, in UTC.
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include <absl/time/civil_time.h>

#include "base/clock.h"
#include "base/status.h"
#include "query/exec/function/function.h"
#include "query/exec/selector.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

constexpr int64_t kSecondsPerDay = 24 * 60 * 60;
constexpr int64_t kSecondsPerHour = 60 * 60;
constexpr int kDaysPerWeek = 7;

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

double DaysInMonth(absl::CivilDay day) {
  const absl::CivilMonth month(day);
  return static_cast<double>(absl::CivilDay(month + 1) - absl::CivilDay(month));
}

// `seconds` truncated. What no int64 holds, NaN among it, is the last instant, as in Prometheus.
int64_t WholeSeconds(double seconds) {
  if (!(std::fabs(seconds) < 0x1p63)) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(seconds);
}

// A part of the instant `seconds` after the epoch.
double DatePart(FunctionId id, double seconds) {
  const int64_t whole = WholeSeconds(seconds);
  const int64_t days = FloorDiv(whole, kSecondsPerDay);
  const int64_t second_of_day = whole - days * kSecondsPerDay;
  const absl::CivilDay day = absl::CivilDay(1970, 1, 1) + days;
  switch (id) {
    case FunctionId::kMinute:
      return static_cast<double>(second_of_day % kSecondsPerHour / 60);
    case FunctionId::kHour:
      return static_cast<double>(second_of_day / kSecondsPerHour);
    case FunctionId::kDayOfWeek:
      // absl counts from Monday.
      return (static_cast<int>(absl::GetWeekday(day)) + 1) % kDaysPerWeek;
    case FunctionId::kDayOfMonth:
      return day.day();
    case FunctionId::kDayOfYear:
      return absl::GetYearDay(day);
    case FunctionId::kDaysInMonth:
      return DaysInMonth(day);
    case FunctionId::kMonth:
      return day.month();
    default:
      return static_cast<double>(day.year());
  }
}

absl::StatusOr<VectorValue> EvaluationTimes(Evaluator& evaluator) {
  Column column = evaluator.NewColumn();
  for (size_t step = 0; step < column.size(); ++step) {
    column.SetFloat(step, static_cast<double>(evaluator.grid().At(step)) / kMillisPerSecond);
  }
  VectorValue times = evaluator.NewVector();
  VIGIL_RETURN_IF_ERROR(times.Add({}, std::move(column)));
  return times;
}

}  // namespace

absl::StatusOr<Value> CallTimestamp(Evaluator& evaluator, const promql::Call& call) {
  const promql::Expr& arg = Unwrap(*call.args[0]);
  if (arg.kind == promql::ExprKind::kVectorSelector) {
    VIGIL_ASSIGN_OR_RETURN(
        VectorValue times,
        SelectInstant(evaluator, promql::As<promql::VectorSelector>(arg), SelectWhat::kTimes));
    VIGIL_RETURN_IF_ERROR(evaluator.DropNames(&times));
    return times;
  }
  VIGIL_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(arg));
  for (Series& series : vector.series) {
    for (size_t step = 0; step < series.column.size(); ++step) {
      if (!series.column.Has(step)) continue;
      const int64_t at_ms = evaluator.grid().At(step);
      series.column.SetFloat(step, static_cast<double>(at_ms) / kMillisPerSecond);
    }
  }
  VIGIL_RETURN_IF_ERROR(evaluator.DropNames(&vector));
  return vector;
}

absl::StatusOr<Value> CallDate(Evaluator& evaluator, const promql::Call& call) {
  VIGIL_ASSIGN_OR_RETURN(VectorValue vector, call.args.empty() ? EvaluationTimes(evaluator)
                                                               : evaluator.Vector(*call.args[0]));
  VectorValue result = evaluator.NewVector();
  for (Series& series : vector.series) {
    Column& column = series.column;
    column.ClearHistograms();
    for (size_t step = 0; step < column.size(); ++step) {
      if (!column.HasFloat(step)) continue;
      column.SetFloat(step, DatePart(call.function->id, column.value(step)));
    }
    VIGIL_RETURN_IF_ERROR(result.Add(std::move(series.labels), std::move(column)));
  }
  VIGIL_RETURN_IF_ERROR(evaluator.DropNames(&result));
  return result;
}

}  // namespace vigil::exec
