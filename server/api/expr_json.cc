// SPDX-License-Identifier: Apache-2.0
#include "server/api/expr_json.h"

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "query/promql/functions.h"

namespace vigil::server {
namespace {

using promql::As;
using promql::DurationExpr;
using promql::Expr;
using promql::ExprKind;
using promql::TimeShift;
using promql::ValueType;

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kVector:
      return "vector";
    case ValueType::kMatrix:
      return "matrix";
    case ValueType::kString:
      return "string";
    case ValueType::kNone:
      return "none";
  }
  return "none";
}

std::string_view CardinalityName(promql::VectorMatching::Cardinality cardinality) {
  using Cardinality = promql::VectorMatching::Cardinality;
  switch (cardinality) {
    case Cardinality::kOneToOne:
      return "one-to-one";
    case Cardinality::kManyToOne:
      return "many-to-one";
    case Cardinality::kOneToMany:
      return "one-to-many";
    case Cardinality::kManyToMany:
      return "many-to-many";
  }
  return "one-to-one";
}

std::string_view DurationOpName(DurationExpr::Op op) {
  switch (op) {
    case DurationExpr::Op::kAdd:
      return "+";
    case DurationExpr::Op::kSub:
    case DurationExpr::Op::kNegate:
      return "-";
    case DurationExpr::Op::kMul:
      return "*";
    case DurationExpr::Op::kDiv:
      return "/";
    case DurationExpr::Op::kMod:
      return "%";
    case DurationExpr::Op::kPow:
      return "^";
    case DurationExpr::Op::kStep:
      return "step";
    case DurationExpr::Op::kRange:
      return "range";
    case DurationExpr::Op::kMin:
      return "min_of";
    case DurationExpr::Op::kMax:
      return "max_of";
    case DurationExpr::Op::kLiteral:
      return "";
  }
  return "";
}

// Recursion is bounded by kMaxNesting, as the parser makes no higher trees.
class TreeWriter {
 public:
  explicit TreeWriter(JsonWriter* json) : json_(*json) {}

  void Visit(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kNumber:
        return VisitNumber(As<promql::NumberLiteral>(expr).value);
      case ExprKind::kString:
        Begin();
        TypeIs("stringLiteral");
        json_.TextMember("val", As<promql::StringLiteral>(expr).value);
        return json_.EndObject();
      case ExprKind::kVectorSelector:
        return VisitVector(As<promql::VectorSelector>(expr));
      case ExprKind::kMatrixSelector:
        return VisitMatrix(As<promql::MatrixSelector>(expr));
      case ExprKind::kSubquery:
        return VisitSubquery(As<promql::Subquery>(expr));
      case ExprKind::kCall:
        return VisitCall(As<promql::Call>(expr));
      case ExprKind::kAggregate:
        return VisitAggregate(As<promql::Aggregate>(expr));
      case ExprKind::kBinary:
        return VisitBinary(As<promql::Binary>(expr));
      case ExprKind::kUnary:
        Begin();
        Child("expr", As<promql::Unary>(expr).expr.get());
        json_.TextMember("op", As<promql::Unary>(expr).negate ? "-" : "+");
        TypeIs("unaryExpr");
        return json_.EndObject();
      case ExprKind::kParen:
        Begin();
        Child("expr", As<promql::Paren>(expr).expr.get());
        TypeIs("parenExpr");
        return json_.EndObject();
      case ExprKind::kDuration:
        return VisitDuration(As<DurationExpr>(expr));
    }
  }

 private:
  void Begin() { json_.BeginObject(); }
  void TypeIs(std::string_view type) { json_.TextMember("type", type); }
  // Null when there is none.
  void Child(std::string_view key, const Expr* expr) {
    json_.Key(key);
    expr == nullptr ? json_.Null() : Visit(*expr);
  }
  void Texts(std::string_view key, const std::vector<std::string>& texts) {
    json_.Key(key);
    json_.BeginArray();
    for (const std::string& text : texts) json_.Text(text);
    json_.EndArray();
  }
  void OptionalNumber(std::string_view key, const std::optional<double>& number) {
    json_.Key(key);
    number.has_value() ? json_.SampleValue(*number) : json_.Null();
  }

  void VisitNumber(double value) {
    Begin();
    TypeIs("numberLiteral");
    json_.TextMember("val", std::isfinite(value) ? FormatPlain(value) : FormatValue(value));
    json_.EndObject();
  }

  void VisitMatcher(const storage::Matcher& matcher) {
    Begin();
    json_.TextMember("name", matcher.name());
    json_.TextMember("type", storage::MatchOperator(matcher.type()));
    json_.TextMember("value", matcher.value());
    json_.EndObject();
  }

  void Matchers(const promql::VectorSelector& selector) {
    json_.Key("matchers");
    json_.BeginArray();
    // The name before the braces is the first matcher here and the last one there.
    const size_t first = selector.name.empty() || selector.matchers.empty() ? 0 : 1;
    for (size_t i = first; i < selector.matchers.size(); ++i) VisitMatcher(selector.matchers[i]);
    if (first == 1) VisitMatcher(selector.matchers[0]);
    json_.EndArray();
  }

  void Offset(const TimeShift& shift) {
    json_.IntMember("offset", shift.offset_ms);
    Child("offsetExpr", shift.offset_expr.get());
  }
  void StartOrEnd(const TimeShift& shift) {
    json_.Key("startOrEnd");
    switch (shift.at) {
      case TimeShift::At::kStart:
        return json_.Text("start");
      case TimeShift::At::kEnd:
        return json_.Text("end");
      default:
        return json_.Null();
    }
  }
  void Timestamp(const TimeShift& shift) {
    json_.Key("timestamp");
    shift.at == TimeShift::At::kTimestamp ? json_.Int(shift.at_ms) : json_.Null();
  }

  void VisitVector(const promql::VectorSelector& selector) {
    Begin();
    json_.BoolMember("anchored", selector.anchored);
    Matchers(selector);
    json_.TextMember("name", selector.name);
    Offset(selector.shift);
    json_.BoolMember("smoothed", selector.smoothed);
    StartOrEnd(selector.shift);
    Timestamp(selector.shift);
    TypeIs("vectorSelector");
    json_.EndObject();
  }

  void VisitMatrix(const promql::MatrixSelector& matrix) {
    const promql::VectorSelector& selector = *matrix.selector;
    Begin();
    json_.BoolMember("anchored", selector.anchored);
    Matchers(selector);
    json_.TextMember("name", selector.name);
    Offset(selector.shift);
    json_.IntMember("range", matrix.range_ms);
    Child("rangeExpr", matrix.range_expr.get());
    json_.BoolMember("smoothed", selector.smoothed);
    StartOrEnd(selector.shift);
    Timestamp(selector.shift);
    TypeIs("matrixSelector");
    json_.EndObject();
  }

  void VisitSubquery(const promql::Subquery& subquery) {
    Begin();
    Child("expr", subquery.expr.get());
    Offset(subquery.shift);
    json_.IntMember("range", subquery.range_ms);
    Child("rangeExpr", subquery.range_expr.get());
    StartOrEnd(subquery.shift);
    json_.IntMember("step", subquery.step_ms);
    Child("stepExpr", subquery.step_expr.get());
    Timestamp(subquery.shift);
    TypeIs("subquery");
    json_.EndObject();
  }

  void VisitCall(const promql::Call& call) {
    Begin();
    json_.Key("args");
    json_.BeginArray();
    for (const promql::ExprPtr& argument : call.args) Visit(*argument);
    json_.EndArray();
    json_.Key("func");
    VisitSignature(*call.function);
    TypeIs("call");
    json_.EndObject();
  }

  void VisitSignature(const promql::FunctionSignature& function) {
    Begin();
    json_.Key("argTypes");
    json_.BeginArray();
    for (const ValueType type : function.args) json_.Text(TypeName(type));
    json_.EndArray();
    json_.TextMember("name", function.name);
    json_.TextMember("returnType", TypeName(function.result));
    // How many arguments may be left out; -1: any number may follow.
    json_.IntMember("variadic", function.max_args < 0 ? -1 : function.max_args - function.min_args);
    json_.EndObject();
  }

  void VisitAggregate(const promql::Aggregate& aggregate) {
    Begin();
    Child("expr", aggregate.expr.get());
    Texts("grouping", aggregate.grouping);
    json_.TextMember("op", promql::AggregateOpText(aggregate.op));
    Child("param", aggregate.param.get());
    TypeIs("aggregation");
    json_.BoolMember("without", aggregate.without);
    json_.EndObject();
  }

  void VisitBinary(const promql::Binary& binary) {
    Begin();
    json_.BoolMember("bool", binary.return_bool);
    Child("lhs", binary.lhs.get());
    json_.Key("matching");
    binary.matching.has_value() ? VisitMatching(*binary.matching) : json_.Null();
    json_.TextMember("op", promql::BinaryOpText(binary.op));
    Child("rhs", binary.rhs.get());
    TypeIs("binaryExpr");
    json_.EndObject();
  }

  void VisitMatching(const promql::VectorMatching& matching) {
    Begin();
    json_.TextMember("card", CardinalityName(matching.cardinality));
    json_.Key("fillValues");
    Begin();
    OptionalNumber("lhs", matching.fill_left);
    OptionalNumber("rhs", matching.fill_right);
    json_.EndObject();
    Texts("include", matching.include);
    Texts("labels", matching.labels);
    json_.BoolMember("on", matching.on);
    json_.EndObject();
  }

  void VisitDuration(const DurationExpr& duration) {
    if (duration.op == DurationExpr::Op::kLiteral) return VisitNumber(duration.seconds);
    const bool negates = duration.op == DurationExpr::Op::kNegate;
    Begin();
    Child("lhs", negates ? nullptr : duration.lhs.get());
    json_.TextMember("op", DurationOpName(duration.op));
    Child("rhs", negates ? duration.lhs.get() : duration.rhs.get());
    TypeIs("durationExpr");
    json_.BoolMember("wrapped", duration.wrapped);
    json_.EndObject();
  }

  JsonWriter& json_;
};

}  // namespace

void WriteExpr(const promql::Expr& expr, JsonWriter* json) { TreeWriter(json).Visit(expr); }

}  // namespace vigil::server
