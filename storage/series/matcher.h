// SPDX-License-Identifier: Apache-2.0
//
// Label matchers: the conditions of a selector such as {job="x", path=~"/v1/.+"}.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

namespace re2 {
class RE2;
}

namespace vigil::storage {

class Labels;

enum class MatchType { kEqual, kNotEqual, kRegex, kNotRegex };

// "=", "!=", "=~", "!~".
std::string_view MatchOperator(MatchType type);

// A condition on one label. A missing label counts as the empty string. Regular expressions are
// RE2's, anchored at both ends, and `.` matches a newline. A value type; thread-safe as const.
class Matcher {
 public:
  // InvalidArgument when `value` is not a regular expression but should be.
  static absl::StatusOr<Matcher> Create(MatchType type, std::string name, std::string value);
  // A matcher that needs no expression, so cannot fail.
  static Matcher Equal(std::string name, std::string value);
  static Matcher NotEqual(std::string name, std::string value);

  bool Matches(std::string_view value) const;
  bool MatchesEmpty() const { return matches_empty_; }

  MatchType type() const { return type_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }

  // What follows speaks of the condition without its negation, for an index that looks up what can
  // be looked up.
  bool IsNegated() const { return type_ == MatchType::kNotEqual || type_ == MatchType::kNotRegex; }
  bool ExpressionMatches(std::string_view value) const { return Matches(value) != IsNegated(); }
  bool ExpressionMatchesEmpty() const { return matches_empty_ != IsNegated(); }
  // The only texts that match: of "=" its value, of an alternation of literals ("a|b|c", "a\.b")
  // those. Empty for other expressions.
  const std::vector<std::string>& literals() const { return literals_; }
  // Whether every text that is not empty matches: ".*" and ".+".
  bool MatchesEveryText() const { return shape_ == Shape::kEveryText; }
  // What every text that matches begins with.
  const std::string& prefix() const { return prefix_; }

  // `name="value"` with the value quoted.
  std::string ToString() const;

  friend bool operator==(const Matcher& a, const Matcher& b) {
    return a.type_ == b.type_ && a.name_ == b.name_ && a.value_ == b.value_;
  }

 private:
  Matcher(MatchType type, std::string name, std::string value);

  enum class Shape { kOther, kEveryText, kPrefix };  // kPrefix: prefix_ and then anything.

  bool MatchesExpression(std::string_view value) const;

  MatchType type_;
  Shape shape_ = Shape::kOther;
  std::string name_;
  std::string value_;
  std::vector<std::string> literals_;
  std::string prefix_;
  std::shared_ptr<const re2::RE2> regex_;  // Null unless needed.
  bool matches_empty_ = false;
};

// Whether `labels` meet every one of `matchers`.
bool MatchesAll(const std::vector<Matcher>& matchers, const Labels& labels);

}  // namespace vigil::storage
