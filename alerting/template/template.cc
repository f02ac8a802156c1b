// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/template.h"

#include <algorithm>

#include <fmt/format.h>

#include "alerting/template/ast.h"
#include "alerting/template/checker.h"
#include "alerting/template/evaluator.h"
#include "alerting/template/parser.h"
#include "base/status.h"

namespace vigil::text_template {

absl::StatusOr<Template> Template::Parse(std::string_view name, std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(auto parsed, ParseTemplates(name, text));
  Template result;
  result.main_ = parsed.front();
  for (size_t i = 1; i < parsed.size(); ++i) {
    std::string defined = parsed[i]->name;
    result.definitions_.emplace(std::move(defined), std::move(parsed[i]));
  }
  return result;
}

void Template::AddDefinitions(const Template& other) {
  for (const auto& [name, definition] : other.definitions_) definitions_.emplace(name, definition);
}

bool Template::Defines(std::string_view name) const { return definitions_.contains(name); }

absl::Status Template::Check(const FunctionSet& functions,
                             const std::vector<std::string>& variables) const {
  return CheckAll({functions}, variables);
}

absl::Status Template::CheckCalls(const FunctionSet& functions,
                                  const std::vector<std::string>& variables) const {
  return CheckAll({functions, &definitions_}, variables);
}

absl::Status Template::CheckAll(const CheckContext& context,
                                const std::vector<std::string>& variables) const {
  VIGIL_RETURN_IF_ERROR(CheckTemplate(*main_, variables, context));
  for (const auto& [name, definition] : definitions_) {
    VIGIL_RETURN_IF_ERROR(CheckTemplate(*definition, {}, context));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Template::Execute(const Value& root, const FunctionSet& functions,
                                              const Variables& variables,
                                              const Limits& limits) const {
  return Evaluate(*main_, root, {definitions_, functions, variables, limits});
}

absl::StatusOr<std::string> Template::ExecuteDefinition(std::string_view name, const Value& root,
                                                        const FunctionSet& functions,
                                                        const Variables& variables,
                                                        const Limits& limits) const {
  const auto definition = definitions_.find(name);
  if (definition == definitions_.end()) {
    return absl::NotFoundError(fmt::format("template \"{}\" not defined", name));
  }
  return Evaluate(*definition->second, root, {definitions_, functions, variables, limits});
}

bool Template::IsLiteral() const {
  return std::all_of(main_->body.begin(), main_->body.end(),
                     [](const Node& node) { return node.kind == Node::Kind::kText; });
}

}  // namespace vigil::text_template
