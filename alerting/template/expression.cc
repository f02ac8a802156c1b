// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/expression.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "alerting/template/builtins.h"
#include "base/status.h"

namespace vigil::text_template {
namespace {

// Where it happened is shown, but not a whole page of it.
constexpr size_t kMaxExcerptBytes = 40;

std::string ArgumentCountError(std::string_view name, const Function& function, size_t count) {
  const bool open_ended = function.max_args == kAnyNumber || function.max_args > function.min_args;
  const int wanted = static_cast<int>(count) < function.min_args || function.max_args == kAnyNumber
                         ? function.min_args
                         : function.max_args;
  const std::string_view bound = !open_ended                                   ? ""
                                 : static_cast<int>(count) < function.min_args ? "at least "
                                                                               : "at most ";
  return fmt::format("wrong number of args for {}: want {}{} got {}", name, bound, wanted, count);
}

}  // namespace

bool IsSpecialFunction(std::string_view name) {
  return name == "and" || name == "or" || name == "call";
}

const ParsedTemplate* ExpressionEvaluator::SetTemplate(const ParsedTemplate* current) {
  return std::exchange(current_, current);
}

absl::Status ExpressionEvaluator::ErrorAt(Span span, const absl::Status& status) const {
  const std::string& source = *current_->source;
  std::string excerpt(Trim(std::string_view(source).substr(span.begin, span.end - span.begin)));
  if (excerpt.size() > kMaxExcerptBytes) excerpt = excerpt.substr(0, kMaxExcerptBytes) + "...";
  return absl::Status(status.code(),
                      fmt::format("template: {}: executing \"{}\" at <{}>: {}",
                                  DescribePosition(current_->source_name, source, span.begin),
                                  current_->name, excerpt, MessageOf(status)));
}

absl::Status ExpressionEvaluator::Mistake(Span span, std::string_view message) const {
  return ErrorAt(span, absl::InvalidArgumentError(ToAbsl(message)));
}

absl::Status ExpressionEvaluator::Step(Span span) {
  if (++steps_ > run_.limits.max_steps) {
    return ErrorAt(span, absl::ResourceExhaustedError("the template takes too many steps"));
  }
  if (depth_ > run_.limits.max_depth) {
    return ErrorAt(span, absl::ResourceExhaustedError("templates call each other too deeply"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> ExpressionEvaluator::Charge(Span span, Value value) {
  work_bytes_ += value.CostBytes();
  if (work_bytes_ > run_.limits.max_work_bytes || value.Nesting() > kMaxValueNesting ||
      value.WeightBytes() > run_.limits.max_work_bytes) {
    return ErrorAt(span, absl::ResourceExhaustedError("the template makes too much data"));
  }
  return value;
}

absl::StatusOr<Value> ExpressionEvaluator::Eval(const Pipeline& pipeline, const Value& dot) {
  VIGIL_ASSIGN_OR_RETURN(Value value, EvalValue(pipeline, dot));
  VIGIL_RETURN_IF_ERROR(SetVariables(pipeline, value));
  return value;
}

absl::StatusOr<Value> ExpressionEvaluator::EvalValue(const Pipeline& pipeline, const Value& dot) {
  const DepthGuard guard(this);
  VIGIL_RETURN_IF_ERROR(Step(pipeline.span));
  Value value;
  const Value* piped = nullptr;
  for (const Command& command : pipeline.commands) {
    VIGIL_ASSIGN_OR_RETURN(value, EvalCommand(command, dot, piped));
    piped = &value;
  }
  return value;
}

absl::Status ExpressionEvaluator::Assign(Span span, std::string_view name, const Value& value) {
  const auto variable = std::find_if(variables_.rbegin(), variables_.rend(),
                                     [name](const auto& entry) { return entry.first == name; });
  if (variable == variables_.rend()) {
    return Mistake(span, fmt::format("undefined variable \"${}\"", name));
  }
  variable->second = value;
  return absl::OkStatus();
}

absl::Status ExpressionEvaluator::SetVariables(const Pipeline& pipeline, const Value& value) {
  for (const std::string& name : pipeline.variables) {
    if (pipeline.assigns) {
      VIGIL_RETURN_IF_ERROR(Assign(pipeline.span, name, value));
    } else {
      variables_.emplace_back(name, value);
    }
  }
  return absl::OkStatus();
}

absl::Status ExpressionEvaluator::SetRangeVariables(const Pipeline& pipeline, const Value& key,
                                                    const Value& element) {
  const std::vector<std::string>& names = pipeline.variables;
  for (size_t i = 0; i < names.size(); ++i) {
    const Value& value = names.size() == 2 && i == 0 ? key : element;
    if (pipeline.assigns) {
      VIGIL_RETURN_IF_ERROR(Assign(pipeline.span, names[i], value));
    } else {
      variables_.emplace_back(names[i], value);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> ExpressionEvaluator::EvalCommand(const Command& command, const Value& dot,
                                                       const Value* piped) {
  VIGIL_RETURN_IF_ERROR(Step(command.span));
  const Operand& first = command.operands[0];
  const bool is_function = first.kind == Operand::Kind::kFunction && first.fields.empty();
  if (is_function && (first.name == "and" || first.name == "or") &&
      !run_.functions.contains(first.name)) {
    return EvalAndOr(command, dot, piped);
  }
  VIGIL_ASSIGN_OR_RETURN(std::vector<Value> args, EvalArguments(command, dot, piped));
  if (is_function) return EvalCall(first.name, args, command.span);
  if (!first.fields.empty()) {
    VIGIL_ASSIGN_OR_RETURN(Value value, EvalTerm(first, dot));
    return EvalFields(first, std::move(value), args);
  }
  if (!args.empty()) {
    return Mistake(
        command.span,
        fmt::format("can't give argument to non-function {}",
                    current_->source->substr(first.span.begin, first.span.end - first.span.begin)));
  }
  if (first.kind == Operand::Kind::kNil) return Mistake(first.span, "nil is not a command");
  return EvalTerm(first, dot);
}

absl::StatusOr<std::vector<Value>> ExpressionEvaluator::EvalArguments(const Command& command,
                                                                      const Value& dot,
                                                                      const Value* piped) {
  std::vector<Value> args;
  for (size_t i = 1; i < command.operands.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(Value value, EvalOperand(command.operands[i], dot));
    args.push_back(std::move(value));
  }
  if (piped != nullptr) args.push_back(*piped);
  return args;
}

// Stops at the first argument that decides, and gives that argument.
absl::StatusOr<Value> ExpressionEvaluator::EvalAndOr(const Command& command, const Value& dot,
                                                     const Value* piped) {
  const bool is_or = command.operands[0].name == "or";
  Value value;
  for (size_t i = 1; i < command.operands.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(value, EvalOperand(command.operands[i], dot));
    if (Truth(value) == is_or) return value;
  }
  if (piped != nullptr) return *piped;
  if (command.operands.size() == 1) {
    return Mistake(command.span, fmt::format("wrong number of args for {}: want at least 1 got 0",
                                             command.operands[0].name));
  }
  return value;
}

absl::StatusOr<Value> ExpressionEvaluator::EvalOperand(const Operand& operand, const Value& dot) {
  VIGIL_RETURN_IF_ERROR(Step(operand.span));
  VIGIL_ASSIGN_OR_RETURN(Value value, EvalTerm(operand, dot));
  return EvalFields(operand, std::move(value), {});
}

absl::StatusOr<Value> ExpressionEvaluator::EvalTerm(const Operand& operand, const Value& dot) {
  switch (operand.kind) {
    case Operand::Kind::kDot:
    case Operand::Kind::kField:
      return dot;
    case Operand::Kind::kNil:
      return Value();
    case Operand::Kind::kConstant:
      return operand.constant;
    case Operand::Kind::kFunction:
      return EvalCall(operand.name, {}, operand.span);
    case Operand::Kind::kPipeline:
      return Eval(*operand.nested, dot);
    case Operand::Kind::kVariable:
      break;
  }
  const auto variable =
      std::find_if(variables_.rbegin(), variables_.rend(),
                   [&operand](const auto& entry) { return entry.first == operand.name; });
  if (variable != variables_.rend()) return variable->second;
  return Mistake(operand.span, fmt::format("undefined variable \"${}\"", operand.name));
}

absl::StatusOr<Value> ExpressionEvaluator::EvalCall(std::string_view name, Args args, Span span) {
  if (const auto own = run_.functions.find(name); own != run_.functions.end()) {
    return Invoke(name, own->second, args, span);
  }
  if (name == "call") {
    if (args.empty() || args[0].kind() != Kind::kFunction) {
      return Mistake(span, "call of something that is no function");
    }
    const Value callee = args[0];
    return Invoke(name, callee.AsFunction(), args.subspan(1), span);
  }
  const FunctionSet& builtins = BuiltinFunctions();
  if (const auto builtin = builtins.find(name); builtin != builtins.end()) {
    return Invoke(name, builtin->second, args, span);
  }
  if (IsSpecialFunction(name)) {
    return Mistake(span, fmt::format("wrong number of args for {}: want at least 1 got 0", name));
  }
  return Mistake(span, fmt::format("function \"{}\" not defined", name));
}

absl::StatusOr<Value> ExpressionEvaluator::Invoke(std::string_view name, const Function& function,
                                                  Args args, Span span) {
  const int count = static_cast<int>(args.size());
  if (count < function.min_args || (function.max_args != kAnyNumber && count > function.max_args)) {
    return Mistake(span, ArgumentCountError(name, function, args.size()));
  }
  absl::StatusOr<Value> result = function.call(args);
  if (!result.ok()) {
    return ErrorAt(span, Annotate(result.status(), fmt::format("error calling {}", name)));
  }
  return Charge(span, *std::move(result));
}

absl::StatusOr<Value> ExpressionEvaluator::EvalFields(const Operand& operand, Value value,
                                                      Args args) {
  for (size_t i = 0; i < operand.fields.size(); ++i) {
    const bool last = i + 1 == operand.fields.size();
    VIGIL_ASSIGN_OR_RETURN(value,
                           EvalField(operand.span, value, operand.fields[i], last ? args : Args()));
  }
  return value;
}

absl::StatusOr<Value> ExpressionEvaluator::EvalField(Span span, const Value& value,
                                                     std::string_view name, Args args) {
  VIGIL_RETURN_IF_ERROR(Step(span));
  Value container = value;
  if (value.kind() == Kind::kObject) {
    absl::StatusOr<Value> member = value.AsObject().Member(name, args);
    if (member.ok()) return Charge(span, *std::move(member));
    if (!absl::IsNotFound(member.status())) {
      return ErrorAt(span, Annotate(member.status(), fmt::format("error calling {}", name)));
    }
    container = value.AsObject().Underlying();
  }
  if (container.kind() == Kind::kMap) {
    if (!args.empty()) {
      return Mistake(span, fmt::format("{} is not a method but has arguments", name));
    }
    const auto& entries = container.AsMap().entries;
    const auto entry = entries.find(name);
    return entry == entries.end() ? container.AsMap().missing : entry->second;
  }
  if (value.IsNil()) {
    return Mistake(span, fmt::format("nil pointer evaluating interface {{}}.{}", name));
  }
  return Mistake(span, fmt::format("can't evaluate field {} in type {}", name, TypeName(value)));
}

}  // namespace vigil::text_template
