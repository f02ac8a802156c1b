// SPDX-License-Identifier: Apache-2.0
//
// Typed reading of the fields of one mapping of a rule file: what is missing, of another type or
// out of range goes to the list of mistakes with its place.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/rules/yaml_fields.h"

namespace vigil::alerting {

// Each reading function leaves its output alone, and returns false, when the field is not there
// (null counts as not there) or wrong.
class FieldReader {
 public:
  // `context` goes before messages; with no `known` names any key is taken.
  FieldReader(const YAML::Node& node, std::string context,
              std::initializer_list<std::string_view> known, MistakeList* mistakes);
  // Of a mapping that was read before.
  FieldReader(YamlFields fields, std::string context, MistakeList* mistakes)
      : mark_(YAML::Mark::null_mark()),
        context_(std::move(context)),
        mistakes_(*mistakes),
        fields_(std::move(fields)) {}

  bool Has(std::string_view name) const;
  // The value of a field that is there.
  YAML::Node Get(std::string_view name) const { return fields_.Find(name)->value; }
  const std::vector<YamlFields::Field>& fields() const { return fields_.fields(); }
  const std::string& context() const { return context_; }
  // Whether the fields could all be read so far.
  bool ok() const { return ok_; }

  bool Text(std::string_view name, std::string* text);
  bool Number(std::string_view name, double* number);
  bool Duration(std::string_view name, int64_t* duration_ms);
  // A PromQL expression that gives an instant vector or scalar.
  bool Expr(std::string_view name, std::string* expr);
  bool Texts(std::string_view name, std::vector<std::pair<std::string, std::string>>* texts);

  // Reports that the field is missing unless it is there.
  bool Require(std::string_view name);
  // Counts what was wrong with the fields of `inner`, a mapping within, as wrong with these.
  void Absorb(const FieldReader& inner) { ok_ &= inner.ok_; }
  // At the value of the field; where the mapping begins if it is not there.
  void Mistake(std::string_view name, std::string_view message);

 private:
  bool Scalar(std::string_view name, std::string* text);

  const YAML::Mark mark_;
  const std::string context_;
  MistakeList& mistakes_;
  const YamlFields fields_;
  bool ok_ = true;
};

}  // namespace vigil::alerting
