// SPDX-License-Identifier: Apache-2.0
//
// The syntax tree of a template: what the parser makes and the evaluator walks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/template/value.h"

namespace vigil::text_template {

// A piece of the template's text, in byte offsets, the end exclusive.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
};

struct Pipeline;

// A term and the fields behind it: `.A.B`, `$x.A`, `f`, `"text"`, `(pipeline).A`.
struct Operand {
  enum class Kind : uint8_t { kDot, kNil, kConstant, kField, kVariable, kFunction, kPipeline };
  Kind kind = Kind::kNil;
  Value constant;                          // kConstant.
  std::string name;                        // kVariable (without "$", "" is the root), kFunction.
  std::vector<std::string> fields;         // For kField at least one.
  std::shared_ptr<const Pipeline> nested;  // kPipeline.
  Span span;
};

// Operands beside each other: the first is called with the others. Never empty.
struct Command {
  std::vector<Operand> operands;
  Span span;
};

// Commands that feed each other, and the variables that take the outcome.
struct Pipeline {
  std::vector<std::string> variables;  // Two in `range $i, $v := ...` only.
  bool assigns = false;                // With "=" to variables that exist, not with ":=".
  std::vector<Command> commands;
  Span span;
};

struct Node {
  enum class Kind : uint8_t { kText, kAction, kIf, kRange, kWith, kTemplate, kBreak, kContinue };
  Kind kind = Kind::kText;
  std::string text;                          // kText; for kTemplate its name.
  std::shared_ptr<const Pipeline> pipeline;  // Null for kText, kBreak, kContinue, some kTemplate.
  std::vector<Node> body;
  std::vector<Node> else_body;
  Span span;
};

// The main text or one definition.
struct ParsedTemplate {
  std::string name;
  std::shared_ptr<const std::string> source;  // What spans point into.
  std::string source_name;                    // The name under which the source was parsed.
  std::vector<Node> body;
};

// "NAME:LINE:COL" of an offset into a source; both from 1, the column in bytes.
std::string DescribePosition(std::string_view source_name, std::string_view source, size_t offset);

}  // namespace vigil::text_template
