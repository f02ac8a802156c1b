// SPDX-License-Identifier: Apache-2.0
#include "query/logql/line_filter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "storage/series/labels.h"
#include "storage/series/regex.h"

namespace vigil::logql {
namespace {

// Compiled expressions beyond this are refused: hostile input must not take the memory.
constexpr int64_t kMaxRegexBytes = 8 << 20;

}  // namespace

absl::StatusOr<LineFilter> LineFilter::Create(Type type, std::vector<std::string> values) {
  LineFilter filter(type, std::move(values));
  if (type == Type::kContains || type == Type::kNotContains) return filter;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexBytes);
  for (const std::string& value : filter.values_) {
    auto regex = std::make_shared<const re2::RE2>(storage::ToRe2Syntax(value), options);
    if (!regex->ok()) {
      return absl::InvalidArgumentError(
          fmt::format("invalid regular expression {}: {}", storage::Quote(value), regex->error()));
    }
    filter.regexes_.push_back(std::move(regex));
  }
  return filter;
}

bool LineFilter::Finds(std::string_view text) const {
  if (!regexes_.empty()) {
    const re2::StringPiece piece(text.data(), text.size());
    return std::any_of(regexes_.begin(), regexes_.end(), [&piece](const auto& regex) {
      return re2::RE2::PartialMatch(piece, *regex);
    });
  }
  return std::any_of(values_.begin(), values_.end(), [text](const std::string& value) {
    return text.find(value) != std::string_view::npos;
  });
}

bool LineFilter::Accepts(std::string_view text) const {
  const bool negated = type_ == Type::kNotContains || type_ == Type::kNotMatches;
  return Finds(text) != negated;
}

std::string_view LineFilter::RequiredSubstring() const {
  if (type_ != Type::kContains || values_.size() != 1) return {};
  return values_.front();
}

}  // namespace vigil::logql
