// SPDX-License-Identifier: Apache-2.0
//
// The syntax tree of PromQL, typed: what the parser makes, the printer prints and the engine runs.
// Knows nothing of storage beyond label matchers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/series/matcher.h"

namespace vigil::promql {

enum class ValueType : uint8_t { kNone, kScalar, kVector, kMatrix, kString };

// As error messages call them: "scalar", "instant vector", "range vector", "string".
std::string_view ValueTypeName(ValueType type);

// A piece of the query's text, in byte offsets, the end exclusive.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
};

enum class ExprKind : uint8_t {
  kNumber,
  kString,
  kVectorSelector,
  kMatrixSelector,
  kSubquery,
  kCall,
  kAggregate,
  kBinary,
  kUnary,
  kParen,
  kDuration,
};

struct Expr {
  Expr(ExprKind expr_kind, ValueType value_type) : kind(expr_kind), type(value_type) {}
  virtual ~Expr() = default;

  const ExprKind kind;
  ValueType type;  // What evaluation gives.
  Span span;
};

using ExprPtr = std::unique_ptr<Expr>;

struct NumberLiteral final : Expr {
  explicit NumberLiteral(double number)
      : Expr(ExprKind::kNumber, ValueType::kScalar), value(number) {}
  double value;
  // Written as a duration ("5m"): printed as one.
  bool is_duration = false;
};

struct StringLiteral final : Expr {
  explicit StringLiteral(std::string text)
      : Expr(ExprKind::kString, ValueType::kString), value(std::move(text)) {}
  std::string value;
};

// Arithmetic on durations inside [..], [..:..] and after offset, e.g. `[5m * 2]`, `step() + 1m`.
// Reduced to milliseconds when the query's window and step are known.
struct DurationExpr final : Expr {
  enum class Op : uint8_t {
    kLiteral,
    kAdd,
    kSub,
    kMul,
    kDiv,
    kMod,
    kPow,
    kNegate,
    kStep,
    kRange,
    kMin,
    kMax
  };
  explicit DurationExpr(Op operation)
      : Expr(ExprKind::kDuration, ValueType::kScalar), op(operation) {}
  Op op;
  double seconds = 0;                 // kLiteral.
  bool is_duration = false;           // kLiteral with units, as in NumberLiteral.
  bool wrapped = false;               // In parentheses.
  std::unique_ptr<DurationExpr> lhs;  // Also the operand of kNegate.
  std::unique_ptr<DurationExpr> rhs;
};

// `offset` and `@`: shared by selectors and subqueries. The plain fields hold when there is no
// expression beside them.
struct TimeShift {
  enum class At : uint8_t { kNone, kTimestamp, kStart, kEnd };
  int64_t offset_ms = 0;
  std::unique_ptr<DurationExpr> offset_expr;
  At at = At::kNone;
  int64_t at_ms = 0;  // kTimestamp.
};

struct VectorSelector final : Expr {
  VectorSelector() : Expr(ExprKind::kVectorSelector, ValueType::kVector) {}
  std::string name;  // Written before the braces, "" if not. It is among the matchers too.
  std::vector<storage::Matcher> matchers;
  TimeShift shift;
  bool anchored = false;
  bool smoothed = false;
};

struct MatrixSelector final : Expr {
  MatrixSelector() : Expr(ExprKind::kMatrixSelector, ValueType::kMatrix) {}
  std::unique_ptr<VectorSelector> selector;
  int64_t range_ms = 0;
  std::unique_ptr<DurationExpr> range_expr;
};

struct Subquery final : Expr {
  Subquery() : Expr(ExprKind::kSubquery, ValueType::kMatrix) {}
  ExprPtr expr;
  int64_t range_ms = 0;
  std::unique_ptr<DurationExpr> range_expr;
  int64_t step_ms = 0;  // 0: the engine's default.
  std::unique_ptr<DurationExpr> step_expr;
  TimeShift shift;
};

struct FunctionSignature;  // functions.h

struct Call final : Expr {
  explicit Call(const FunctionSignature* signature, ValueType value_type)
      : Expr(ExprKind::kCall, value_type), function(signature) {}
  const FunctionSignature* function;  // From the static table.
  std::vector<ExprPtr> args;
};

enum class AggregateOp : uint8_t {
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
};

struct Aggregate final : Expr {
  explicit Aggregate(AggregateOp operation)
      : Expr(ExprKind::kAggregate, ValueType::kVector), op(operation) {}
  AggregateOp op;
  ExprPtr expr;
  ExprPtr param;  // k, quantile, label; null if the operator takes none.
  std::vector<std::string> grouping;
  bool without = false;
  bool has_grouping = false;  // A by or without clause was written, even an empty one.
};

enum class BinaryOp : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,
  kNotEqual,
  kGreater,
  kLess,
  kGreaterOrEqual,
  kLessOrEqual,
  kTrimUpper,
  kTrimLower,  // `</` and `>/` on native histograms.
  kAnd,
  kOr,
  kUnless,
};

bool IsComparison(BinaryOp op);
bool IsSetOperator(BinaryOp op);
std::string_view BinaryOpText(BinaryOp op);
std::string_view AggregateOpText(AggregateOp op);

struct VectorMatching {
  enum class Cardinality : uint8_t { kOneToOne, kManyToOne, kOneToMany, kManyToMany };
  Cardinality cardinality = Cardinality::kOneToOne;
  std::vector<std::string> labels;   // Of on(...) or ignoring(...).
  bool on = false;                   // labels are on(...)'s.
  std::vector<std::string> include;  // Of group_left(...) or group_right(...).
  std::optional<double> fill_left;
  std::optional<double> fill_right;
};

struct Binary final : Expr {
  Binary(BinaryOp operation, ValueType value_type)
      : Expr(ExprKind::kBinary, value_type), op(operation) {}
  BinaryOp op;
  ExprPtr lhs;
  ExprPtr rhs;
  bool return_bool = false;
  std::optional<VectorMatching> matching;  // Set when both sides are vectors.
};

struct Unary final : Expr {
  explicit Unary(ValueType value_type) : Expr(ExprKind::kUnary, value_type) {}
  bool negate = false;
  ExprPtr expr;
};

struct Paren final : Expr {
  explicit Paren(ValueType value_type) : Expr(ExprKind::kParen, value_type) {}
  ExprPtr expr;
};

// Checked casts. Requires: `expr.kind` is the target's.
template <typename Node>
const Node& As(const Expr& expr) {
  return static_cast<const Node&>(expr);
}

// `expr` without the parentheses around it.
const Expr& Unwrap(const Expr& expr);

}  // namespace vigil::promql
