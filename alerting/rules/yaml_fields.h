// SPDX-License-Identifier: Apache-2.0
//
// YAML as the rule file reader wants it: mistakes that know their place, and mappings whose keys
// are known and stand there once. Unlike base/yaml_map.h's, its messages begin with the group and
// rule that they are about, as Prometheus' do, and mappings may merge others ("<<").
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <yaml-cpp/yaml.h>

#include "base/strings.h"

namespace vigil::alerting {

// What is wrong with a file, in the order it was found.
class MistakeList {
 public:
  explicit MistakeList(std::string_view file) : file_(file) {}

  // `context` goes before the message ("group "g": ") and may be empty.
  void Add(const YAML::Mark& mark, std::string_view context, std::string_view message);

  bool empty() const { return lines_.empty(); }
  // OK, or InvalidArgument with "FILE:LINE:COL: context: message" for each.
  absl::Status ToStatus() const;

 private:
  const std::string file_;
  std::vector<std::string> lines_;
  size_t dropped_ = 0;
};

// Reads `text`, the value of the field `name`, as a duration of at most a hundred years. Returns
// what is wrong with it, "" if nothing.
std::string ReadDuration(std::string_view name, std::string_view text, int64_t* duration_ms);

// The first document of `yaml`; the null node if there is none. Syntax errors go to `mistakes`.
YAML::Node LoadYaml(std::string_view yaml, MistakeList* mistakes);

// The entries of a mapping in the order of the file, merge keys ("<<") resolved.
class YamlFields {
 public:
  // Reads `node`, which may be null (no entries). Whatever is no mapping, a repeated key or a key
  // that is not among `known` (unless that is empty) goes to `mistakes`.
  YamlFields(const YAML::Node& node, std::string_view context,
             std::initializer_list<std::string_view> known, MistakeList* mistakes);

  struct Field {
    std::string name;
    YAML::Node key;
    YAML::Node value;
  };
  const std::vector<Field>& fields() const { return fields_; }
  // Null if the key is not there.
  const Field* Find(std::string_view name) const;

 private:
  void Read(const YAML::Node& node, std::string_view context, int depth, MistakeList* mistakes);
  void Merge(const YAML::Node& node, std::string_view context, int depth, MistakeList* mistakes);
  void CheckKnown(std::initializer_list<std::string_view> known, std::string_view context,
                  MistakeList* mistakes) const;

  std::vector<Field> fields_;
  StringSet names_;
};

}  // namespace vigil::alerting
