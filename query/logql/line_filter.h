// SPDX-License-Identifier: Apache-2.0
//
// Filters on the text of a line: |= != |~ !~ with one or several values.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

namespace re2 {
class RE2;
}

namespace vigil::logql {

// A value type; thread-safe as const.
class LineFilter {
 public:
  enum class Type { kContains, kNotContains, kMatches, kNotMatches };

  // Of several values any must be found, or for the negated types, none. InvalidArgument when a
  // value is not a regular expression but should be.
  static absl::StatusOr<LineFilter> Create(Type type, std::vector<std::string> values);

  bool Accepts(std::string_view text) const;

  // A text that every accepted line contains, "" if there is none to tell. Points into the filter.
  std::string_view RequiredSubstring() const;

 private:
  LineFilter(Type type, std::vector<std::string> values)
      : type_(type), values_(std::move(values)) {}

  bool Finds(std::string_view text) const;

  Type type_;
  std::vector<std::string> values_;
  std::vector<std::shared_ptr<const re2::RE2>> regexes_;  // One for each value, or none.
};

}  // namespace vigil::logql
