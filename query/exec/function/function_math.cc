// SPDX-License-Identifier: Apache-2.0
//
// Functions that change each float by itself. Histograms are dropped.
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/exec/function/function.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

double Sign(double x) {
  if (x < 0) return -1;
  return x > 0 ? 1 : x;
}

double Degrees(double x) { return x * 180 / std::numbers::pi; }
double Radians(double x) { return x * std::numbers::pi / 180; }

// Halves go up. Multiplies by the inverse, so that 1/0.1 being exact does not depend on the value.
double RoundTo(double x, double to) {
  const double inverse = 1 / to;
  return std::floor(x * inverse + 0.5) / inverse;
}

using UnaryFunction = double (*)(double);

// Null for those that take more than the vector.
UnaryFunction FindUnary(FunctionId id) {
  switch (id) {
    case FunctionId::kAbs:
      return std::fabs;
    case FunctionId::kAcos:
      return std::acos;
    case FunctionId::kAcosh:
      return std::acosh;
    case FunctionId::kAsin:
      return std::asin;
    case FunctionId::kAsinh:
      return std::asinh;
    case FunctionId::kAtan:
      return std::atan;
    case FunctionId::kAtanh:
      return std::atanh;
    case FunctionId::kCeil:
      return std::ceil;
    case FunctionId::kCos:
      return std::cos;
    case FunctionId::kCosh:
      return std::cosh;
    case FunctionId::kDeg:
      return Degrees;
    case FunctionId::kExp:
      return std::exp;
    case FunctionId::kFloor:
      return std::floor;
    case FunctionId::kLn:
      return std::log;
    case FunctionId::kLog10:
      return std::log10;
    case FunctionId::kLog2:
      return std::log2;
    case FunctionId::kRad:
      return Radians;
    case FunctionId::kSgn:
      return Sign;
    case FunctionId::kSin:
      return std::sin;
    case FunctionId::kSinh:
      return std::sinh;
    case FunctionId::kSqrt:
      return std::sqrt;
    case FunctionId::kTan:
      return std::tan;
    case FunctionId::kTanh:
      return std::tanh;
    default:
      return nullptr;
  }
}

// clamp, clamp_min, clamp_max and round, with their parameters at a step.
class ParameterFunction {
 public:
  ParameterFunction(FunctionId id, const std::vector<ScalarValue>& scalars)
      : id_(id), scalars_(scalars) {}

  Point operator()(double x, size_t step) const {
    switch (id_) {
      case FunctionId::kClampMin:
        return Point::Float(MaxOf(x, Param(0, step)));
      case FunctionId::kClampMax:
        return Point::Float(MinOf(x, Param(0, step)));
      case FunctionId::kClamp: {
        const double low = Param(0, step);
        const double high = Param(1, step);
        return low > high ? Point::None() : Point::Float(MaxOf(low, MinOf(high, x)));
      }
      default:
        return Point::Float(RoundTo(x, scalars_.empty() ? 1 : Param(0, step)));
    }
  }

 private:
  double Param(size_t index, size_t step) const { return scalars_[index].values[step]; }

  const FunctionId id_;
  const std::vector<ScalarValue>& scalars_;
};

template <typename Function>
void ForEachFloat(Column* column, const Function& function) {
  column->ClearHistograms();
  for (size_t step = 0; step < column->size(); ++step) {
    if (column->HasFloat(step)) column->Set(step, function(column->value(step), step));
  }
}

}  // namespace

double MinOf(double a, double b) {
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  if (a == kLowest || b == kLowest) return kLowest;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

double MaxOf(double a, double b) {
  constexpr double kHighest = std::numeric_limits<double>::infinity();
  if (a == kHighest || b == kHighest) return kHighest;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

absl::StatusOr<Value> CallMath(Evaluator& evaluator, const promql::Call& call) {
  VIGIL_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.args[0]));
  std::vector<ScalarValue> scalars;
  for (size_t i = 1; i < call.args.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(ScalarValue scalar, evaluator.Scalar(*call.args[i]));
    scalars.push_back(std::move(scalar));
  }
  const UnaryFunction unary = FindUnary(call.function->id);
  const ParameterFunction with_parameters(call.function->id, scalars);
  VectorValue result = evaluator.NewVector();
  for (Series& series : vector.series) {
    VIGIL_RETURN_IF_ERROR(evaluator.context().limits.Check());
    if (unary != nullptr) {
      ForEachFloat(&series.column, [unary](double x, size_t) { return Point::Float(unary(x)); });
    } else {
      ForEachFloat(&series.column, with_parameters);
    }
    VIGIL_RETURN_IF_ERROR(result.Add(std::move(series.labels), std::move(series.column)));
  }
  VIGIL_RETURN_IF_ERROR(evaluator.DropNames(&result));
  return result;
}

}  // namespace vigil::exec
