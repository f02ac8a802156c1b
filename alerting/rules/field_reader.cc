// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/field_reader.h"

#include <cmath>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/promql/parser.h"

namespace vigil::alerting {

FieldReader::FieldReader(const YAML::Node& node, std::string context,
                         std::initializer_list<std::string_view> known, MistakeList* mistakes)
    : mark_(node.Mark()),
      context_(std::move(context)),
      mistakes_(*mistakes),
      fields_(node, context_, known, mistakes) {
  if (!node.IsMap() && !node.IsNull()) ok_ = false;
}

bool FieldReader::Has(std::string_view name) const {
  const YamlFields::Field* const field = fields_.Find(name);
  return field != nullptr && !field->value.IsNull();
}

bool FieldReader::Scalar(std::string_view name, std::string* text) {
  if (!Has(name)) return false;
  const YAML::Node value = Get(name);
  if (!value.IsScalar()) {
    Mistake(name, fmt::format("\"{}\" must be a text", name));
    return false;
  }
  *text = value.Scalar();
  return true;
}

bool FieldReader::Text(std::string_view name, std::string* text) { return Scalar(name, text); }

bool FieldReader::Number(std::string_view name, double* number) {
  std::string text;
  if (!Scalar(name, &text)) return false;
  double value = 0;
  if (!ParseDouble(text, &value) || !std::isfinite(value)) {
    Mistake(name, fmt::format("\"{}\" must be a number, not \"{}\"", name, text));
    return false;
  }
  *number = value;
  return true;
}

bool FieldReader::Duration(std::string_view name, int64_t* duration_ms) {
  std::string text;
  if (!Scalar(name, &text)) return false;
  const std::string wrong = ReadDuration(name, text, duration_ms);
  if (!wrong.empty()) Mistake(name, wrong);
  return wrong.empty();
}

bool FieldReader::Expr(std::string_view name, std::string* expr) {
  std::string text;
  if (!Scalar(name, &text)) return false;
  const absl::StatusOr<promql::ExprPtr> parsed = promql::ParseExpr(text);
  if (!parsed.ok()) {
    Mistake(name, fmt::format("\"{}\": could not parse expression: {}", name,
                              MessageOf(parsed.status())));
    return false;
  }
  const promql::ValueType type = (*parsed)->type;
  if (type != promql::ValueType::kVector && type != promql::ValueType::kScalar) {
    Mistake(name, fmt::format("\"{}\" must give an instant vector, not a {}", name,
                              promql::ValueTypeName(type)));
    return false;
  }
  *expr = std::move(text);
  return true;
}

bool FieldReader::Texts(std::string_view name,
                        std::vector<std::pair<std::string, std::string>>* texts) {
  if (!Has(name)) return false;
  FieldReader entries(Get(name), fmt::format("{}, {}", context_, name), {}, &mistakes_);
  for (const YamlFields::Field& entry : entries.fields()) {
    std::string text;
    entries.Scalar(entry.name, &text);
    texts->emplace_back(entry.name, std::move(text));
  }
  ok_ &= entries.ok();
  return entries.ok();
}

bool FieldReader::Require(std::string_view name) {
  if (Has(name)) return true;
  if (ok_) Mistake(name, fmt::format("\"{}\" must be set", name));
  return false;
}

void FieldReader::Mistake(std::string_view name, std::string_view message) {
  ok_ = false;
  mistakes_.Add(Has(name) ? Get(name).Mark() : mark_, context_, message);
}

}  // namespace vigil::alerting
