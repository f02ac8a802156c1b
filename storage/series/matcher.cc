// SPDX-License-Identifier: Apache-2.0
#include "storage/series/matcher.h"

#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/strings.h"
#include "storage/series/labels.h"

namespace vigil::storage {
namespace {

// Compiled expressions beyond this are refused: hostile input must not take the memory.
constexpr int64_t kMaxRegexBytes = 8 << 20;

bool IsRegex(MatchType type) { return type == MatchType::kRegex || type == MatchType::kNotRegex; }

// The literals of "a|b|c"; empty when another special character is in `pattern`.
std::vector<std::string> AlternationLiterals(std::string_view pattern) {
  if (pattern.find_first_of(R"(\.+*?()[]{}^$)") != std::string_view::npos) return {};
  std::vector<std::string> literals;
  for (const std::string_view literal : Split(pattern, '|')) literals.emplace_back(literal);
  return literals;
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
    std::vector<std::string> literals = AlternationLiterals(matcher.value_);
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    options.set_max_mem(kMaxRegexBytes);
    auto regex = std::make_shared<re2::RE2>(matcher.value_, options);
    if (!regex->ok()) {
      return absl::InvalidArgumentError(
          fmt::format("invalid regular expression {}: {}", Quote(matcher.value_), regex->error()));
    }
    matcher.regex_ = std::move(regex);
    if (type == MatchType::kRegex) matcher.literals_ = std::move(literals);
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
  switch (type_) {
    case MatchType::kEqual:
      return value == value_;
    case MatchType::kNotEqual:
      return value != value_;
    case MatchType::kRegex:
      if (!literals_.empty()) {
        return std::find(literals_.begin(), literals_.end(), value) != literals_.end();
      }
      return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
    case MatchType::kNotRegex:
      return !re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
  }
  return false;
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
