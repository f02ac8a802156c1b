// SPDX-License-Identifier: Apache-2.0
//
// Reads YAML maps strictly: each field is taken once by name, what nobody took is an error, and
// every error knows its line and column. Callers catch YAML::Exception around their reading.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <yaml-cpp/yaml.h>

namespace vigil {

// Collects what is wrong with a file.
class YamlErrors {
 public:
  explicit YamlErrors(std::string_view file_name) : file_name_(file_name) {}

  // Lines and columns of `mark` count from 0, those of messages from 1.
  void Add(const YAML::Mark& mark, std::string_view message);
  void Add(const YAML::Node& node, std::string_view message) { Add(node.Mark(), message); }

  // OK, or InvalidArgument with a line "FILE:LINE:COL: message" for each error, in file order.
  absl::Status ToStatus() const;

 private:
  struct Error {
    int line;
    int column;
    std::string message;
  };
  const std::string file_name_;
  std::vector<Error> errors_;
};

// The fields of one map, those that it merges in by `<<` among them. Null counts as absent.
class YamlMap {
 public:
  // `what` names the map in messages; `errors` must outlive it. A node that is not a map is an
  // error and reads as an empty map.
  YamlMap(const YAML::Node& node, std::string_view what, YamlErrors* errors);

  // The value of `name`, null if absent.
  YAML::Node Take(std::string_view name);
  bool Has(std::string_view name) const;
  // Where the value of `name` stands; where the map begins if it is absent.
  YAML::Mark MarkOf(std::string_view name) const;

  // Read a scalar into `*out`. False, with `*out` unchanged, if it is absent or wrong.
  bool TakeString(std::string_view name, std::string* out);
  bool TakeBool(std::string_view name, bool* out);
  bool TakeInt(std::string_view name, int64_t* out);
  bool TakeDurationMs(std::string_view name, int64_t* out);

  // Of these fields the ones that are there get the error "NAME is not supported", and what to do
  // instead.
  void Refuse(std::initializer_list<std::string_view> names, std::string_view remedy = {});
  // The names of all fields, in file order.
  std::vector<std::string> Names() const;
  // Reports the fields that were not taken.
  void Finish();

  // Where the map begins.
  const YAML::Mark& mark() const { return mark_; }

 private:
  struct Field {
    std::string name;
    YAML::Mark mark;
    YAML::Node value;
    bool taken = false;
  };
  // Adds the fields of `node` that are not there yet, and those of the maps that it merges in, of
  // which `*maps_left` may come.
  void AddFields(const YAML::Node& node, int depth, int* maps_left);
  // A field that only one of the first `merging` fields may be the namesake of.
  void AddField(const YAML::Node& key, const YAML::Node& value, size_t merging);
  // The scalar `name` as text; false if absent or, with an error, no scalar.
  bool TakeScalar(std::string_view name, YAML::Node* node);

  const std::string what_;
  const YAML::Mark mark_;
  YamlErrors* const errors_;
  std::vector<Field> fields_;
};

}  // namespace vigil
