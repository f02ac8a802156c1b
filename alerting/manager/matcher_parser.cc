// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/matcher_parser.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using storage::Matcher;
using storage::MatchType;

constexpr std::string_view kSpace = " \t\r\n\v\f";
// What ends an unquoted name or value of the newer grammar.
constexpr std::string_view kReserved = "{}!=~,\\\"'` \t\r\n\v\f";

absl::Status Wrong(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }

// Consumes an operator at the front of `*text`.
bool TakeOperator(std::string_view* text, MatchType* type) {
  // The longer ones first: "=" begins "=~".
  for (const MatchType candidate :
       {MatchType::kRegex, MatchType::kNotRegex, MatchType::kNotEqual, MatchType::kEqual}) {
    const std::string_view spelling = storage::MatchOperator(candidate);
    if (!text->starts_with(spelling)) continue;
    text->remove_prefix(spelling.size());
    *type = candidate;
    return true;
  }
  return false;
}

void AppendUtf8(uint32_t rune, std::string* out) {
  if (rune < 0x80) {
    *out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    *out += static_cast<char>(0xC0 | (rune >> 6));
    *out += static_cast<char>(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    *out += static_cast<char>(0xE0 | (rune >> 12));
    *out += static_cast<char>(0x80 | ((rune >> 6) & 0x3F));
    *out += static_cast<char>(0x80 | (rune & 0x3F));
  } else {
    *out += static_cast<char>(0xF0 | (rune >> 18));
    *out += static_cast<char>(0x80 | ((rune >> 12) & 0x3F));
    *out += static_cast<char>(0x80 | ((rune >> 6) & 0x3F));
    *out += static_cast<char>(0x80 | (rune & 0x3F));
  }
}

// Consumes `digits` digits of base 8 or 16.
bool TakeNumber(std::string_view* text, size_t digits, uint32_t base, uint32_t* number) {
  if (text->size() < digits) return false;
  *number = 0;
  for (const char c : text->substr(0, digits)) {
    uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return false;
    }
    if (digit >= base) return false;
    *number = *number * base + digit;
  }
  text->remove_prefix(digits);
  return true;
}

// Consumes what follows a backslash in a quoted text, by Go's rules.
bool TakeEscape(std::string_view* text, std::string* out) {
  if (text->empty()) return false;
  constexpr std::string_view kLetters = "abfnrtv\\\"";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"";
  const char c = text->front();
  if (const size_t at = kLetters.find(c); at != std::string_view::npos) {
    *out += kMeanings[at];
    text->remove_prefix(1);
    return true;
  }
  uint32_t number = 0;
  if (c >= '0' && c <= '7') {
    if (!TakeNumber(text, 3, 8, &number) || number > 0xFF) return false;
    *out += static_cast<char>(number);
    return true;
  }
  text->remove_prefix(1);
  if (c == 'x') {
    if (!TakeNumber(text, 2, 16, &number)) return false;
    *out += static_cast<char>(number);
    return true;
  }
  if (c != 'u' && c != 'U') return false;
  if (!TakeNumber(text, c == 'u' ? 4 : 8, 16, &number)) return false;
  if (number > 0x10FFFF || (number >= 0xD800 && number < 0xE000)) return false;
  AppendUtf8(number, out);
  return true;
}

// Reads the newer grammar from front to back.
class Utf8Parser {
 public:
  explicit Utf8Parser(std::string_view text) : rest_(text) {}

  absl::StatusOr<std::vector<Matcher>> Parse() {
    std::vector<Matcher> matchers;
    const bool open = Accept('{');
    while (!AtEnd() && !(open && Peek() == '}')) {
      VIGIL_ASSIGN_OR_RETURN(Matcher matcher, TakeMatcher());
      matchers.push_back(std::move(matcher));
      if (!Accept(',')) break;
    }
    if (open && !Accept('}')) return Wrong("expected a closing brace");
    if (!AtEnd()) return Wrong(fmt::format("unexpected \"{}\"", rest_));
    if (matchers.empty()) return Wrong("no matchers");
    return matchers;
  }

 private:
  void SkipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size())); }
  bool AtEnd() {
    SkipSpace();
    return rest_.empty();
  }
  char Peek() {
    SkipSpace();
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool Accept(char c) {
    if (Peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }

  absl::StatusOr<Matcher> TakeMatcher() {
    VIGIL_ASSIGN_OR_RETURN(std::string name, TakeText("a label name"));
    if (name.empty()) return Wrong("empty label name");
    SkipSpace();
    MatchType type;
    if (!TakeOperator(&rest_, &type)) {
      return Wrong(fmt::format("expected an operator (=, !=, =~, !~) behind \"{}\"", name));
    }
    VIGIL_ASSIGN_OR_RETURN(std::string value, TakeText("a value"));
    return Matcher::Create(type, std::move(name), std::move(value));
  }

  absl::StatusOr<std::string> TakeText(std::string_view what) {
    if (Accept('"')) return TakeQuoted();
    const size_t length = std::min(rest_.find_first_of(kReserved), rest_.size());
    if (length == 0) return Wrong(fmt::format("expected {} before \"{}\"", what, rest_));
    std::string text(rest_.substr(0, length));
    rest_.remove_prefix(length);
    if (!IsValidUtf8(text)) return Wrong("not valid UTF-8");
    return text;
  }

  absl::StatusOr<std::string> TakeQuoted() {
    std::string text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '\n') break;
      rest_.remove_prefix(1);
      if (c == '"') {
        if (!IsValidUtf8(text)) return Wrong("not valid UTF-8");
        return text;
      }
      if (c != '\\') {
        text += c;
      } else if (!TakeEscape(&rest_, &text)) {
        return Wrong("invalid escape sequence");
      }
    }
    return Wrong("missing closing quote");
  }

  std::string_view rest_;
};

// The pieces between commas that are not inside quotes.
std::vector<std::string_view> SplitClassic(std::string_view text) {
  std::vector<std::string_view> pieces;
  bool quoted = false;
  bool escaped = false;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ',' && !quoted) {
      pieces.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
    if (c == '"' && !escaped) quoted = !quoted;
    escaped = c == '\\' && !escaped;
  }
  if (!Trim(text.substr(begin)).empty()) pieces.push_back(text.substr(begin));
  return pieces;
}

absl::StatusOr<std::string> UnescapeClassic(std::string_view raw) {
  std::string value;
  std::string_view rest = raw;
  bool expects_quote = rest.starts_with('"');
  if (expects_quote) rest.remove_prefix(1);
  bool stray_quote = false;
  for (size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '"') {
      stray_quote |= !expects_quote || i + 1 < rest.size();
      expects_quote = false;
    } else if (c == '\\' && i + 1 < rest.size()) {
      const char next = rest[++i];
      // A backslash before anything else stands for itself.
      if (next != 'n' && next != '"' && next != '\\') value += '\\';
      value += next == 'n' ? '\n' : next;
    } else {
      value += c;
    }
  }
  if (stray_quote || expects_quote) {
    return Wrong(fmt::format("matcher value contains unescaped double quote: {}", raw));
  }
  return value;
}

absl::StatusOr<Matcher> ParseClassicMatcher(std::string_view text) {
  std::string_view rest = Trim(text);
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  size_t length = 0;
  while (length < rest.size() &&
         (is_letter(rest[length]) || (length > 0 && rest[length] >= '0' && rest[length] <= '9'))) {
    ++length;
  }
  const std::string name(rest.substr(0, length));
  rest = Trim(rest.substr(length));
  MatchType type;
  if (name.empty() || !TakeOperator(&rest, &type)) {
    return Wrong(fmt::format("bad matcher format: {}", text));
  }
  VIGIL_ASSIGN_OR_RETURN(std::string value, UnescapeClassic(Trim(rest)));
  return Matcher::Create(type, name, std::move(value));
}

}  // namespace

absl::StatusOr<std::vector<Matcher>> ParseUtf8Matchers(std::string_view text) {
  return Utf8Parser(text).Parse();
}

absl::StatusOr<std::vector<Matcher>> ParseClassicMatchers(std::string_view text) {
  if (!IsValidUtf8(text)) return Wrong("not valid UTF-8");
  text = Trim(text);
  // A brace without its counterpart is passed over.
  if (text.starts_with('{')) text.remove_prefix(1);
  if (text.ends_with('}')) text.remove_suffix(1);
  std::vector<Matcher> matchers;
  for (const std::string_view piece : SplitClassic(text)) {
    VIGIL_ASSIGN_OR_RETURN(Matcher matcher, ParseClassicMatcher(piece));
    matchers.push_back(std::move(matcher));
  }
  if (matchers.empty()) return Wrong("no matchers");
  return matchers;
}

absl::StatusOr<std::vector<Matcher>> ParseMatchers(std::string_view text) {
  absl::StatusOr<std::vector<Matcher>> newer = ParseUtf8Matchers(text);
  absl::StatusOr<std::vector<Matcher>> classic = ParseClassicMatchers(text);
  if (!classic.ok()) return newer;
  if (newer.ok() && *newer != *classic) {
    Log(LogLevel::kWarning,
        "a matcher means different things to the two grammars; the classic wins",
        {{"matcher", text}});
  }
  return classic;
}

}  // namespace vigil::alerting
