// SPDX-License-Identifier: Apache-2.0
#include "query/promql/functions.h"

#include <algorithm>

namespace vigil::promql {
namespace {

using Id = FunctionId;

constexpr ValueType kS = ValueType::kScalar;
constexpr ValueType kV = ValueType::kVector;
constexpr ValueType kM = ValueType::kMatrix;
constexpr ValueType kT = ValueType::kString;

// As many functions take nothing but an instant or a range vector, there is a shorthand for each.
FunctionSignature OfVector(Id id, std::string_view name) { return {id, name, {kV}, 1, 1}; }
FunctionSignature OfMatrix(Id id, std::string_view name) { return {id, name, {kM}, 1, 1}; }
// Parts of dates: of the evaluation time when there is no argument.
FunctionSignature OfDate(Id id, std::string_view name) { return {id, name, {kV}, 0, 1}; }
FunctionSignature Experimental(FunctionSignature signature) {
  signature.experimental = true;
  return signature;
}

// Sorted by name, in the order of FunctionId.
std::vector<FunctionSignature> MakeTable() {
  return {
      OfVector(Id::kAbs, "abs"),
      OfVector(Id::kAbsent, "absent"),
      OfMatrix(Id::kAbsentOverTime, "absent_over_time"),
      OfVector(Id::kAcos, "acos"),
      OfVector(Id::kAcosh, "acosh"),
      OfVector(Id::kAsin, "asin"),
      OfVector(Id::kAsinh, "asinh"),
      OfVector(Id::kAtan, "atan"),
      OfVector(Id::kAtanh, "atanh"),
      OfMatrix(Id::kAvgOverTime, "avg_over_time"),
      OfVector(Id::kCeil, "ceil"),
      OfMatrix(Id::kChanges, "changes"),
      {Id::kClamp, "clamp", {kV, kS, kS}, 3, 3},
      {Id::kClampMax, "clamp_max", {kV, kS}, 2, 2},
      {Id::kClampMin, "clamp_min", {kV, kS}, 2, 2},
      OfVector(Id::kCos, "cos"),
      OfVector(Id::kCosh, "cosh"),
      OfMatrix(Id::kCountOverTime, "count_over_time"),
      OfDate(Id::kDayOfMonth, "day_of_month"),
      OfDate(Id::kDayOfWeek, "day_of_week"),
      OfDate(Id::kDayOfYear, "day_of_year"),
      OfDate(Id::kDaysInMonth, "days_in_month"),
      OfVector(Id::kDeg, "deg"),
      OfMatrix(Id::kDelta, "delta"),
      OfMatrix(Id::kDeriv, "deriv"),
      Experimental(
          {Id::kDoubleExponentialSmoothing, "double_exponential_smoothing", {kM, kS, kS}, 3, 3}),
      Experimental({Id::kEnd, "end", {}, 0, 0, kS}),
      OfVector(Id::kExp, "exp"),
      OfMatrix(Id::kFirstOverTime, "first_over_time"),
      OfVector(Id::kFloor, "floor"),
      OfVector(Id::kHistogramAvg, "histogram_avg"),
      OfVector(Id::kHistogramCount, "histogram_count"),
      {Id::kHistogramFraction, "histogram_fraction", {kS, kS, kV}, 3, 3},
      {Id::kHistogramQuantile, "histogram_quantile", {kS, kV}, 2, 2},
      // Ten quantiles at most.
      Experimental({Id::kHistogramQuantiles, "histogram_quantiles", {kV, kT, kS}, 3, 12}),
      OfVector(Id::kHistogramStddev, "histogram_stddev"),
      OfVector(Id::kHistogramStdvar, "histogram_stdvar"),
      OfVector(Id::kHistogramSum, "histogram_sum"),
      OfDate(Id::kHour, "hour"),
      OfMatrix(Id::kIdelta, "idelta"),
      OfMatrix(Id::kIncrease, "increase"),
      Experimental({Id::kInfo, "info", {kV, kV}, 1, 2}),
      OfMatrix(Id::kIrate, "irate"),
      {Id::kLabelJoin, "label_join", {kV, kT, kT, kT}, 3, -1},
      {Id::kLabelReplace, "label_replace", {kV, kT, kT, kT, kT}, 5, 5},
      OfMatrix(Id::kLastOverTime, "last_over_time"),
      OfVector(Id::kLn, "ln"),
      OfVector(Id::kLog10, "log10"),
      OfVector(Id::kLog2, "log2"),
      Experimental(OfMatrix(Id::kMadOverTime, "mad_over_time")),
      Experimental({Id::kMaxOf, "max_of", {kS, kS}, 2, 2, kS}),
      OfMatrix(Id::kMaxOverTime, "max_over_time"),
      Experimental({Id::kMinOf, "min_of", {kS, kS}, 2, 2, kS}),
      OfMatrix(Id::kMinOverTime, "min_over_time"),
      OfDate(Id::kMinute, "minute"),
      OfDate(Id::kMonth, "month"),
      {Id::kPi, "pi", {}, 0, 0, kS},
      {Id::kPredictLinear, "predict_linear", {kM, kS}, 2, 2},
      OfMatrix(Id::kPresentOverTime, "present_over_time"),
      {Id::kQuantileOverTime, "quantile_over_time", {kS, kM}, 2, 2},
      OfVector(Id::kRad, "rad"),
      Experimental({Id::kRange, "range", {}, 0, 0, kS}),
      OfMatrix(Id::kRate, "rate"),
      OfMatrix(Id::kResets, "resets"),
      {Id::kRound, "round", {kV, kS}, 1, 2},
      {Id::kScalar, "scalar", {kV}, 1, 1, kS},
      OfVector(Id::kSgn, "sgn"),
      OfVector(Id::kSin, "sin"),
      OfVector(Id::kSinh, "sinh"),
      OfVector(Id::kSort, "sort"),
      Experimental({Id::kSortByLabel, "sort_by_label", {kV, kT}, 1, -1}),
      Experimental({Id::kSortByLabelDesc, "sort_by_label_desc", {kV, kT}, 1, -1}),
      OfVector(Id::kSortDesc, "sort_desc"),
      OfVector(Id::kSqrt, "sqrt"),
      Experimental({Id::kStart, "start", {}, 0, 0, kS}),
      Experimental(OfVector(Id::kStartTimestamp, "start_timestamp")),
      OfMatrix(Id::kStddevOverTime, "stddev_over_time"),
      OfMatrix(Id::kStdvarOverTime, "stdvar_over_time"),
      Experimental({Id::kStep, "step", {}, 0, 0, kS}),
      OfMatrix(Id::kSumOverTime, "sum_over_time"),
      OfVector(Id::kTan, "tan"),
      OfVector(Id::kTanh, "tanh"),
      {Id::kTime, "time", {}, 0, 0, kS},
      OfVector(Id::kTimestamp, "timestamp"),
      Experimental(OfMatrix(Id::kTsOfFirstOverTime, "ts_of_first_over_time")),
      Experimental(OfMatrix(Id::kTsOfLastOverTime, "ts_of_last_over_time")),
      Experimental(OfMatrix(Id::kTsOfMaxOverTime, "ts_of_max_over_time")),
      Experimental(OfMatrix(Id::kTsOfMinOverTime, "ts_of_min_over_time")),
      {Id::kVector, "vector", {kS}, 1, 1},
      OfDate(Id::kYear, "year"),
  };
}

}  // namespace

const std::vector<FunctionSignature>& AllFunctions() {
  static const auto* const table = new std::vector<FunctionSignature>(MakeTable());
  return *table;
}

const FunctionSignature* FindFunction(std::string_view name) {
  const std::vector<FunctionSignature>& table = AllFunctions();
  const auto found =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const FunctionSignature& signature, std::string_view wanted) {
                         return signature.name < wanted;
                       });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

}  // namespace vigil::promql
