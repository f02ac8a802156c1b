// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/checker.h"

#include <algorithm>

#include <fmt/format.h>

#include "alerting/template/builtins.h"
#include "alerting/template/lexer.h"
#include "base/status.h"

namespace vigil::text_template {
namespace {

// Recursion is as deep as the parser allows.
class Checker {
 public:
  Checker(const ParsedTemplate& parsed, const std::vector<std::string>& variables,
          const CheckContext& context)
      : parsed_(parsed), context_(context), variables_(variables) {
    variables_.emplace_back("");
  }

  absl::Status CheckNodes(const std::vector<Node>& nodes) {
    const size_t mark = variables_.size();
    for (const Node& node : nodes) VIGIL_RETURN_IF_ERROR(CheckNode(node));
    variables_.resize(mark);
    return absl::OkStatus();
  }

 private:
  absl::Status Mistake(Span span, std::string_view message) const {
    return SyntaxError(parsed_.source_name, *parsed_.source, span.begin, message);
  }

  absl::Status CheckNode(const Node& node) {
    if (node.kind == Node::Kind::kTemplate && context_.definitions != nullptr &&
        !context_.definitions->contains(node.text)) {
      return Mistake(node.span, fmt::format("template \"{}\" not defined", node.text));
    }
    const size_t mark = variables_.size();
    if (node.pipeline != nullptr) VIGIL_RETURN_IF_ERROR(CheckPipeline(*node.pipeline));
    VIGIL_RETURN_IF_ERROR(CheckNodes(node.body));
    VIGIL_RETURN_IF_ERROR(CheckNodes(node.else_body));
    // What an action declares lives on to the end of the list that it stands in.
    if (node.kind != Node::Kind::kAction) variables_.resize(mark);
    return absl::OkStatus();
  }

  absl::Status CheckPipeline(const Pipeline& pipeline) {
    for (const Command& command : pipeline.commands) {
      for (const Operand& operand : command.operands) {
        VIGIL_RETURN_IF_ERROR(CheckOperand(operand));
      }
    }
    for (const std::string& name : pipeline.variables) {
      if (!pipeline.assigns) {
        variables_.push_back(name);
      } else if (!HasVariable(name)) {
        return Mistake(pipeline.span, fmt::format("undefined variable \"${}\"", name));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckOperand(const Operand& operand) {
    if (operand.kind == Operand::Kind::kPipeline) return CheckPipeline(*operand.nested);
    if (operand.kind == Operand::Kind::kVariable && !HasVariable(operand.name)) {
      return Mistake(operand.span, fmt::format("undefined variable \"${}\"", operand.name));
    }
    if (operand.kind == Operand::Kind::kFunction && !HasFunction(operand.name)) {
      return Mistake(operand.span, fmt::format("function \"{}\" not defined", operand.name));
    }
    return absl::OkStatus();
  }

  bool HasVariable(std::string_view name) const {
    return std::find(variables_.begin(), variables_.end(), name) != variables_.end();
  }
  bool HasFunction(std::string_view name) const {
    return context_.functions.contains(name) || BuiltinFunctions().contains(name) ||
           IsSpecialFunction(name);
  }

  const ParsedTemplate& parsed_;
  const CheckContext& context_;
  std::vector<std::string> variables_;
};

}  // namespace

absl::Status CheckTemplate(const ParsedTemplate& parsed, const std::vector<std::string>& variables,
                           const CheckContext& context) {
  return Checker(parsed, variables, context).CheckNodes(parsed.body);
}

}  // namespace vigil::text_template
