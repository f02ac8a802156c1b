// SPDX-License-Identifier: Apache-2.0
#include "storage/series/regex.h"

#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

namespace vigil::storage {
namespace {

// Compiled expressions beyond this are refused: hostile input must not take the memory.
constexpr int64_t kMaxRegexBytes = 8 << 20;

// What is wrong with an expression, in Go's words.
std::string_view WordsFor(re2::RE2::ErrorCode code) {
  switch (code) {
    case re2::RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass:
      return "invalid character class";
    case re2::RE2::ErrorBadCharRange:
      return "invalid character class range";
    case re2::RE2::ErrorMissingBracket:
      return "missing closing ]";
    case re2::RE2::ErrorMissingParen:
      return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case re2::RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "regexp/syntax: internal error";
  }
}

absl::Status Invalid(std::string_view words, std::string_view piece) {
  return absl::InvalidArgumentError(fmt::format("error parsing regexp: {}: `{}`", words, piece));
}

absl::Status Fault(const re2::RE2& regex, std::string_view pattern) {
  // Of one that is too large RE2 does not say where.
  if (regex.error_code() == re2::RE2::ErrorPatternTooLarge) {
    return Invalid(WordsFor(regex.error_code()), pattern);
  }
  std::string piece = regex.error_arg();
  // A name that was written without the P.
  if (piece.starts_with("(?P<") && pattern.find(piece) == std::string_view::npos) {
    piece.erase(2, 1);
  }
  return Invalid(WordsFor(regex.error_code()), piece);
}

// The parts of an expression that are told apart, one after the other.
class Walker {
 public:
  explicit Walker(std::string_view pattern) : rest_(pattern) {}

  // The next part; empty at the end. One that begins with a backslash is an escape, a quotation
  // between \Q and \E or an expression cut short; "(?<" begins a group with a name, or what Go does
  // not know; "[" begins a class, all of which is one part.
  std::string_view Next() {
    size_t length = std::min<size_t>(1, rest_.size());
    if (rest_.starts_with("\\Q")) {
      const size_t end = rest_.find("\\E");
      length = end == std::string_view::npos ? rest_.size() : end + 2;
    } else if (rest_.starts_with('\\')) {
      length = std::min<size_t>(2, rest_.size());
    } else if (rest_.starts_with("(?<")) {
      length = 3;
    } else if (rest_.starts_with('[')) {
      length = ClassLength();
    }
    const std::string_view part = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return part;
  }

  std::string_view rest() const { return rest_; }

 private:
  size_t ClassLength() const {
    size_t at = 1;
    if (at < rest_.size() && rest_[at] == '^') ++at;
    if (at < rest_.size() && rest_[at] == ']') ++at;  // The first one is a member.
    while (at < rest_.size() && rest_[at] != ']') {
      const size_t named =
          rest_.substr(at).starts_with("[:") ? rest_.find(":]", at + 2) : std::string_view::npos;
      if (named != std::string_view::npos) {
        at = named + 2;
      } else {
        at += rest_[at] == '\\' ? 2 : 1;
      }
    }
    return std::min(at + 1, rest_.size());
  }

  std::string_view rest_;
};

// Whether `\C`, any byte, is there: Go has no such thing.
bool NamesAnyByte(std::string_view pattern) {
  Walker walker(pattern);
  for (std::string_view part = walker.Next(); !part.empty(); part = walker.Next()) {
    if (part == "\\C") return true;
  }
  return false;
}

}  // namespace

std::string ToRe2Syntax(std::string_view pattern) {
  // Mostly there is nothing to do.
  if (pattern.find("(?<") == std::string_view::npos) return std::string(pattern);
  std::string translated;
  Walker walker(pattern);
  for (std::string_view part = walker.Next(); !part.empty(); part = walker.Next()) {
    const std::string_view rest = walker.rest();
    // `(?<=` and `(?<!` look behind, which neither knows.
    const bool name = part == "(?<" && !rest.starts_with('=') && !rest.starts_with('!');
    translated += name ? "(?P<" : part;
  }
  return translated;
}

absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileRegex(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(kMaxRegexBytes);
  auto regex = std::make_shared<const re2::RE2>(ToRe2Syntax(pattern), options);
  if (!regex->ok()) return Fault(*regex, pattern);
  if (NamesAnyByte(pattern)) return Invalid("invalid escape sequence", "\\C");
  return regex;
}

}  // namespace vigil::storage
