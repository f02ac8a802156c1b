// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/evaluator.h"

#include <utility>

#include <fmt/format.h>

#include "alerting/template/builtins.h"
#include "alerting/template/expression.h"
#include "base/status.h"

namespace vigil::text_template {
namespace {

// Walks nodes and writes text; expressions are ExpressionEvaluator's.
class Evaluator {
 public:
  Evaluator(const ParsedTemplate& main, const Value& root, const Run& run)
      : run_(run), expressions_(run) {
    expressions_.SetTemplate(&main);
    expressions_.variables().emplace_back("", root);
    for (const auto& variable : run.variables) expressions_.variables().push_back(variable);
  }

  absl::StatusOr<std::string> Execute(const ParsedTemplate& main, const Value& root) {
    VIGIL_RETURN_IF_ERROR(Walk(main.body, root));
    return std::move(out_);
  }

 private:
  // What a node asks of the nodes and loops around it.
  enum class Flow : uint8_t { kNext, kBreak, kContinue };

  absl::Status Walk(const std::vector<Node>& nodes, const Value& dot) {
    const DepthGuard guard(&expressions_);
    const size_t mark = expressions_.variables().size();
    for (const Node& node : nodes) {
      VIGIL_RETURN_IF_ERROR(expressions_.Step(node.span));
      VIGIL_RETURN_IF_ERROR(WalkNode(node, dot));
      if (flow_ != Flow::kNext) break;
    }
    expressions_.variables().resize(mark);
    return absl::OkStatus();
  }

  absl::Status WalkNode(const Node& node, const Value& dot) {
    switch (node.kind) {
      case Node::Kind::kText:
        return Write(node.text, node.span);
      case Node::Kind::kAction:
        return WalkAction(node, dot);
      case Node::Kind::kIf:
      case Node::Kind::kWith:
        return WalkBranch(node, dot);
      case Node::Kind::kRange:
        return WalkRange(node, dot);
      case Node::Kind::kTemplate:
        return WalkTemplate(node, dot);
      case Node::Kind::kBreak:
        flow_ = Flow::kBreak;
        return absl::OkStatus();
      case Node::Kind::kContinue:
        flow_ = Flow::kContinue;
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  absl::Status Write(std::string_view text, Span span) {
    if (text.size() > run_.limits.max_output_bytes - out_.size()) {
      return expressions_.ErrorAt(
          span, absl::ResourceExhaustedError(
                    fmt::format("text is longer than {} bytes", run_.limits.max_output_bytes)));
    }
    out_ += text;
    return absl::OkStatus();
  }

  absl::Status WalkAction(const Node& node, const Value& dot) {
    VIGIL_ASSIGN_OR_RETURN(const Value value, expressions_.Eval(*node.pipeline, dot));
    if (!node.pipeline->variables.empty()) return absl::OkStatus();
    return Write(value.IsNil() ? "<no value>" : ToText(value), node.span);
  }

  absl::Status WalkBranch(const Node& node, const Value& dot) {
    const size_t mark = expressions_.variables().size();
    VIGIL_ASSIGN_OR_RETURN(const Value value, expressions_.Eval(*node.pipeline, dot));
    const bool with = node.kind == Node::Kind::kWith;
    const absl::Status status =
        Truth(value) ? Walk(node.body, with ? value : dot) : Walk(node.else_body, dot);
    expressions_.variables().resize(mark);
    return status;
  }

  absl::Status WalkRange(const Node& node, const Value& dot) {
    const size_t mark = expressions_.variables().size();
    VIGIL_ASSIGN_OR_RETURN(const Value whole, expressions_.EvalValue(*node.pipeline, dot));
    const Value value = Underlying(whole);
    bool any = false;
    absl::Status status;
    const auto round = [&](const Value& key, const Value& element) {
      any = true;
      status = WalkRound(node, key, element);
      const bool goes_on = status.ok() && flow_ != Flow::kBreak;
      flow_ = Flow::kNext;
      return goes_on;
    };
    switch (value.kind()) {
      case Kind::kNil:
        break;
      case Kind::kList:
        for (size_t i = 0; i < value.AsList().size(); ++i) {
          if (!round(Value(static_cast<int64_t>(i)), value.AsList()[i])) break;
        }
        break;
      case Kind::kMap:
        for (const auto& [key, element] : value.AsMap().entries) {
          if (!round(Value(key), element)) break;
        }
        break;
      case Kind::kInt:
        for (int64_t i = 0; i < value.AsInt(); ++i) {
          if (!round(Value(i), Value(i))) break;
        }
        break;
      default:
        return expressions_.ErrorAt(
            node.pipeline->span,
            absl::InvalidArgumentError(fmt::format("range can't iterate over {}", ToText(whole))));
    }
    if (!any) {
      VIGIL_RETURN_IF_ERROR(expressions_.SetVariables(*node.pipeline, whole));
      status = Walk(node.else_body, dot);
    }
    expressions_.variables().resize(mark);
    return status;
  }

  absl::Status WalkRound(const Node& node, const Value& key, const Value& element) {
    VIGIL_RETURN_IF_ERROR(expressions_.Step(node.span));
    const size_t mark = expressions_.variables().size();
    VIGIL_RETURN_IF_ERROR(expressions_.SetRangeVariables(*node.pipeline, key, element));
    VIGIL_RETURN_IF_ERROR(Walk(node.body, element));
    expressions_.variables().resize(mark);
    return absl::OkStatus();
  }

  absl::Status WalkTemplate(const Node& node, const Value& dot) {
    const auto definition = run_.definitions.find(node.text);
    if (definition == run_.definitions.end()) {
      return expressions_.ErrorAt(node.span, absl::InvalidArgumentError(fmt::format(
                                                 "template \"{}\" not defined", node.text)));
    }
    Value argument;
    if (node.pipeline != nullptr) {
      VIGIL_ASSIGN_OR_RETURN(argument, expressions_.Eval(*node.pipeline, dot));
    }
    // A template sees none of its caller's variables.
    Variables outer = std::exchange(expressions_.variables(), Variables());
    expressions_.variables().emplace_back("", argument);
    const ParsedTemplate* const caller = expressions_.SetTemplate(definition->second.get());
    const absl::Status status = Walk(definition->second->body, argument);
    expressions_.SetTemplate(caller);
    expressions_.variables() = std::move(outer);
    return status;
  }

  const Run& run_;
  ExpressionEvaluator expressions_;
  Flow flow_ = Flow::kNext;
  std::string out_;
};

}  // namespace

absl::StatusOr<std::string> Evaluate(const ParsedTemplate& main, const Value& root,
                                     const Run& run) {
  return Evaluator(main, root, run).Execute(main, root);
}

}  // namespace vigil::text_template
