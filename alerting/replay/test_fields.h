// SPDX-License-Identifier: Apache-2.0
//
// Typed reading of one mapping of a file of rule tests, as strict as Prometheus' own: a number in
// quotes is no number, one text is no list of texts.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/replay/rule_test_file.h"
#include "alerting/rules/yaml_fields.h"

namespace vigil::alerting {

// Each function leaves its output alone when the field is not there or null; what is wrong goes to
// the list of mistakes with its place.
class TestFields {
 public:
  TestFields(const YAML::Node& node, std::string_view context,
             std::initializer_list<std::string_view> known, MistakeList* mistakes);

  // Where the mapping begins.
  TextPlace place() const;
  bool Has(std::string_view name) const { return fields_.Find(name) != nullptr; }

  void Text(std::string_view name, std::string* text);
  void TextList(std::string_view name, std::vector<std::string>* texts);
  void TextPairs(std::string_view name, TextMap* pairs);
  void Bool(std::string_view name, bool* value);
  void Number(std::string_view name, double* number);
  void Duration(std::string_view name, int64_t* duration_ms);
  // RFC 3339 or Unix seconds.
  void Instant(std::string_view name, int64_t* unix_ms);
  void EachItem(std::string_view name, const std::function<void(const YAML::Node&)>& read);

  // At the value of a field.
  void Mistake(std::string_view name, std::string_view message);

 private:
  // The value of a field; null if there is none.
  const YAML::Node* Find(std::string_view name) const;
  // The same when it must be a list.
  const YAML::Node* FindList(std::string_view name);
  bool ReadScalar(const YAML::Node& node, std::string_view name, std::string* text);

  const YAML::Mark mark_;
  const std::string context_;
  MistakeList& mistakes_;
  const YamlFields fields_;
};

}  // namespace vigil::alerting
