// SPDX-License-Identifier: Apache-2.0
#include "storage/series/matcher.h"

#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/status.h"
#include "storage/series/labels.h"
#include "storage/series/regex.h"

namespace vigil::storage {
namespace {

bool IsRegex(MatchType type) { return type == MatchType::kRegex || type == MatchType::kNotRegex; }

constexpr std::string_view kSpecial = R"(\.+*?()[]{}^$|)";

// Reads one plain character, or a special one behind a backslash, from the front of `*pattern`;
// false when something else stands there.
bool ReadLiteral(std::string_view* pattern, char* c) {
  if (pattern->empty()) return false;
  size_t size = 1;
  if (pattern->front() == '\\') {
    if (pattern->size() < 2 || kSpecial.find((*pattern)[1]) == std::string_view::npos) return false;
    size = 2;
  } else if (kSpecial.find(pattern->front()) != std::string_view::npos) {
    return false;
  }
  *c = (*pattern)[size - 1];
  pattern->remove_prefix(size);
  return true;
}

// The literals of "a|b|c"; empty when anything else is in `pattern`.
std::vector<std::string> AlternationLiterals(std::string_view pattern) {
  std::vector<std::string> literals(1);
  while (!pattern.empty()) {
    char c = 0;
    if (ReadLiteral(&pattern, &c)) {
      literals.back().push_back(c);
    } else if (pattern.front() == '|') {
      pattern.remove_prefix(1);
      literals.emplace_back();
    } else {
      return {};
    }
  }
  return literals;
}

// What every match of `pattern` begins with; `*rest` is what stands behind that in the pattern.
std::string LiteralPrefix(std::string_view pattern, std::string_view* rest) {
  *rest = pattern;
  // Branches may begin with different texts.
  if (pattern.find('|') != std::string_view::npos) return "";
  std::string prefix;
  for (char c = 0; ReadLiteral(rest, &c);) prefix.push_back(c);
  const bool repeated =
      !rest->empty() && std::string_view("*?{").find(rest->front()) != std::string_view::npos;
  if (!repeated) return prefix;
  // The last character, with all its bytes, need not be there.
  while (!prefix.empty() && (static_cast<unsigned char>(prefix.back()) & 0xC0) == 0x80) {
    prefix.pop_back();
  }
  if (!prefix.empty()) prefix.pop_back();
  *rest = pattern;  // Not simply what is behind the prefix.
  return prefix;
}

}  // namespace

std::string_view MatchOperator(MatchType type) {
  switch (type) {
    case MatchType::kEqual:
      return "=";
    case MatchType::kNotEqual:
      return "!=";
    case MatchType::kRegex:
      return "=~";
    case MatchType::kNotRegex:
      return "!~";
  }
  return "?";
}

Matcher::Matcher(MatchType type, std::string name, std::string value)
    : type_(type), name_(std::move(name)), value_(std::move(value)) {}

absl::StatusOr<Matcher> Matcher::Create(MatchType type, std::string name, std::string value) {
  Matcher matcher(type, std::move(name), std::move(value));
  if (IsRegex(type)) {
    VIGIL_ASSIGN_OR_RETURN(matcher.regex_, CompileRegex(matcher.value_));
    matcher.literals_ = AlternationLiterals(matcher.value_);
    std::string_view rest;
    matcher.prefix_ = LiteralPrefix(matcher.value_, &rest);
    const bool whole = matcher.prefix_.empty();
    if (rest == ".*") matcher.shape_ = whole ? Shape::kEveryText : Shape::kPrefix;
    if (rest == ".+" && whole) matcher.shape_ = Shape::kEveryText;
  } else {
    matcher.literals_ = {matcher.value_};
    matcher.prefix_ = matcher.value_;
  }
  matcher.matches_empty_ = matcher.Matches("");
  return matcher;
}

Matcher Matcher::Equal(std::string name, std::string value) {
  return Create(MatchType::kEqual, std::move(name), std::move(value)).value();
}

Matcher Matcher::NotEqual(std::string name, std::string value) {
  return Create(MatchType::kNotEqual, std::move(name), std::move(value)).value();
}

bool Matcher::Matches(std::string_view value) const {
  return MatchesExpression(value) != IsNegated();
}

bool Matcher::MatchesExpression(std::string_view value) const {
  if (regex_ == nullptr) return value == value_;
  if (!literals_.empty()) {
    return std::find(literals_.begin(), literals_.end(), value) != literals_.end();
  }
  if (shape_ == Shape::kEveryText && !value.empty()) return true;
  if (!value.starts_with(prefix_)) return false;
  if (shape_ == Shape::kPrefix) return true;
  return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
}

std::string Matcher::ToString() const {
  return fmt::format("{}{}{}", name_, MatchOperator(type_), Quote(value_));
}

bool MatchesAll(const std::vector<Matcher>& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(), [&labels](const Matcher& matcher) {
    return matcher.Matches(labels.Get(matcher.name()));
  });
}

}  // namespace vigil::storage
