// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/group_lint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/strings.h"
#include "query/promql/ast.h"
#include "query/promql/parser.h"

namespace vigil::alerting {
namespace {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

// What is left of the labels by an expression: with `by (...)` outermost just those.
std::optional<std::vector<std::string>> LabelsLeft(const promql::Expr& expr) {
  switch (expr.kind) {
    case promql::ExprKind::kParen:
      return LabelsLeft(*static_cast<const promql::Paren&>(expr).expr);
    case promql::ExprKind::kUnary:
      return LabelsLeft(*static_cast<const promql::Unary&>(expr).expr);
    case promql::ExprKind::kBinary: {
      const auto& binary = static_cast<const promql::Binary&>(expr);
      // With two vectors it depends on how they are matched.
      const bool filters =
          binary.op == promql::BinaryOp::kAnd || binary.op == promql::BinaryOp::kUnless;
      if (filters || binary.rhs->type == promql::ValueType::kScalar) return LabelsLeft(*binary.lhs);
      if (binary.lhs->type == promql::ValueType::kScalar) return LabelsLeft(*binary.rhs);
      return std::nullopt;
    }
    case promql::ExprKind::kAggregate: {
      const auto& aggregate = static_cast<const promql::Aggregate&>(expr);
      const bool picks = aggregate.op == promql::AggregateOp::kTopk ||
                         aggregate.op == promql::AggregateOp::kBottomk ||
                         aggregate.op == promql::AggregateOp::kLimitk ||
                         aggregate.op == promql::AggregateOp::kLimitRatio;
      if (aggregate.without || picks || aggregate.op == promql::AggregateOp::kCountValues) {
        return std::nullopt;
      }
      return aggregate.grouping;
    }
    default:
      return std::nullopt;
  }
}

// Whether an action of the template writes the value, as `{{ $value }}` and `{{ humanize .Value }}`
// do; what only decides by it does not.
bool WritesValue(std::string_view text) {
  static const RE2 action(R"(\{\{-?\s*((?s:.*?))\}\})");
  static const RE2 value(R"((\$value|\.Value)\b)");
  static const RE2 control(R"(^(if|else|with|range|end|define|template|block|/\*)\b)");
  re2::StringPiece rest(text.data(), text.size());
  std::string inside;
  while (RE2::FindAndConsume(&rest, action, &inside)) {
    if (RE2::PartialMatch(inside, value) && !RE2::PartialMatch(inside, control)) return true;
  }
  return false;
}

// The labels that a template asks for by name.
std::vector<std::string> LabelsAskedFor(std::string_view text) {
  static const RE2 label(R"((?:\$labels|[\s(|{]\.Labels)\.([a-zA-Z_][a-zA-Z0-9_]*))");
  // Within `with` and `range` the dot is something else, which may well have labels.
  static const RE2 other_dot(R"(\{\{-?\s*(with|range|define|block)\b)");
  re2::StringPiece rest(text.data(), text.size());
  const bool moves_dot = RE2::PartialMatch(rest, other_dot);
  std::vector<std::string> names;
  std::string name;
  while (RE2::FindAndConsume(&rest, label, &name)) {
    if (!moves_dot) names.push_back(name);
  }
  return names;
}

class Linter {
 public:
  std::vector<RuleWarning> Lint(const std::vector<RuleGroup>& groups) && {
    for (const RuleGroup& group : groups) {
      for (const Rule& rule : group.rules) {
        group_ = &group;
        rule_ = &rule;
        CheckTwice();
        CheckExpr();
      }
    }
    return std::move(warnings_);
  }

 private:
  void Warn(std::string_view message) {
    warnings_.push_back(
        {group_->file, rule_->line,
         fmt::format("group \"{}\", \"{}\": {}", group_->name, rule_->name(), message)});
  }

  void CheckTwice() {
    TextPairs labels = group_->labels;
    labels.insert(labels.end(), rule_->labels.begin(), rule_->labels.end());
    std::sort(labels.begin(), labels.end());
    // Alerts of one name are usual, with other conditions; series of one name are not.
    std::string condition = rule_->IsAlert() ? rule_->expr : "";
    const auto [first, fresh] = seen_.try_emplace(
        std::make_tuple(rule_->IsAlert(), rule_->name(), std::move(labels), std::move(condition)),
        fmt::format("{}:{}", group_->file, rule_->line));
    if (fresh) return;
    Warn(rule_->IsAlert()
             ? fmt::format("the same alert is in {}", first->second)
             : fmt::format("{} records series of the same name and labels", first->second));
  }

  void CheckExpr() {
    const auto expr = promql::ParseExpr(rule_->expr);
    if (!expr.ok()) return;
    const promql::ValueType type = (*expr)->type;
    if (type != promql::ValueType::kVector && type != promql::ValueType::kScalar) {
      Warn(fmt::format("the expression gives a {}, which no rule can take",
                       promql::ValueTypeName(type)));
    }
    if (!rule_->IsAlert()) return;
    const std::optional<std::vector<std::string>> left = LabelsLeft(**expr);
    for (const auto& [name, text] : rule_->labels) {
      if (WritesValue(text)) {
        Warn(
            fmt::format("label \"{}\" holds the value: each change of it ends the alert and "
                        "begins another one",
                        name));
      }
      CheckLabels(fmt::format("label \"{}\"", name), text, left);
    }
    for (const auto& [name, text] : rule_->annotations) {
      CheckLabels(fmt::format("annotation \"{}\"", name), text, left);
    }
  }

  void CheckLabels(std::string_view where, std::string_view text,
                   const std::optional<std::vector<std::string>>& left) {
    if (!left.has_value()) return;
    std::vector<std::string> told;
    for (std::string& name : LabelsAskedFor(text)) {
      if (std::find(left->begin(), left->end(), name) != left->end()) continue;
      if (std::find(told.begin(), told.end(), name) != told.end()) continue;
      Warn(fmt::format("{} asks for the label \"{}\", which the expression leaves out", where,
                       name));
      told.push_back(std::move(name));
    }
  }

  const RuleGroup* group_ = nullptr;
  const Rule* rule_ = nullptr;
  // Where a rule was seen first, by what makes it the same.
  std::map<std::tuple<bool, std::string, TextPairs, std::string>, std::string> seen_;
  std::vector<RuleWarning> warnings_;
};

}  // namespace

std::vector<RuleWarning> LintGroups(const std::vector<RuleGroup>& groups) {
  return Linter().Lint(groups);
}

}  // namespace vigil::alerting
