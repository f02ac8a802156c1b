// SPDX-License-Identifier: Apache-2.0
//
// Text templates in the language of Go's text/template: actions with trim markers, pipelines,
// variables, if/else, range, with, define/template/block, break/continue and the built-in
// functions. Functions beyond those are the user's, given as a FunctionSet.
//
//   VIGIL_ASSIGN_OR_RETURN(Template greeting, Template::Parse("greeting", "Hello {{ .Name }}!"));
//   VIGIL_ASSIGN_OR_RETURN(std::string text, greeting.Execute(data, functions));
//
// Templates come from configuration and data from anywhere: neither can make Execute run away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/template/value.h"
#include "base/strings.h"

namespace vigil::text_template {

struct CheckContext;    // checker.h
struct ParsedTemplate;  // ast.h

// The functions that templates may call, beside the built-in ones (which they may hide).
using FunctionSet = StringMap<Function>;

// Variables that exist from the start, by name without the "$".
using Variables = std::vector<std::pair<std::string, Value>>;

struct Limits {
  // Longer text is of use to nobody and would only be refused further on.
  size_t max_output_bytes = 4 << 20;
  // Bytes of the values that all function calls of one run make together.
  size_t max_work_bytes = 64 << 20;
  // Actions, loop rounds and calls; a run takes well under a second.
  int64_t max_steps = 1'000'000;
  // Nesting of actions, across the templates that call each other: the evaluator recurses.
  int max_depth = 300;
};

// A parsed template with the templates it defines. A cheap value type; thread-safe as const.
class Template {
 public:
  // InvalidArgument reads "template: NAME:LINE:COL: what is wrong".
  static absl::StatusOr<Template> Parse(std::string_view name, std::string_view text);

  // Takes over the definitions of `other` that this template lacks.
  void AddDefinitions(const Template& other);
  bool Defines(std::string_view name) const;

  // Whether all functions and variables exist, so that mistakes show when a file is loaded.
  // InvalidArgument as from Parse.
  absl::Status Check(const FunctionSet& functions,
                     const std::vector<std::string>& variables = {}) const;
  // Whether all called templates exist, too.
  absl::Status CheckCalls(const FunctionSet& functions,
                          const std::vector<std::string>& variables = {}) const;

  // The text that the template gives for `root`. InvalidArgument for a mistake in the template (its
  // message reads "template: NAME:LINE:COL: executing "NAME" at <...>: ..."), ResourceExhausted for
  // a limit, else what a function returned.
  absl::StatusOr<std::string> Execute(const Value& root, const FunctionSet& functions,
                                      const Variables& variables = {},
                                      const Limits& limits = {}) const;

  // The same for the definition `name` instead of the main text. NotFound if there is none.
  absl::StatusOr<std::string> ExecuteDefinition(std::string_view name, const Value& root,
                                                const FunctionSet& functions,
                                                const Variables& variables = {},
                                                const Limits& limits = {}) const;

  // The template has no actions: every run gives the same text.
  bool IsLiteral() const;

 private:
  Template() = default;

  absl::Status CheckAll(const CheckContext& context,
                        const std::vector<std::string>& variables) const;

  std::shared_ptr<const ParsedTemplate> main_;
  StringMap<std::shared_ptr<const ParsedTemplate>> definitions_;
};

}  // namespace vigil::text_template
