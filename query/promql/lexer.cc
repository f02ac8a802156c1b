// SPDX-License-Identifier: Apache-2.0
#include "query/promql/lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/promql/number_literal.h"
#include "query/promql/string_literal.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsWordByte(char c) { return IsLetter(c) || IsDigit(c); }
bool IsQuote(char c) { return c == '"' || c == '\'' || c == '`'; }

// The character at the start of `text` in single quotes.
std::string QuoteCharacter(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) {
    ++length;
  }
  const std::string quoted = storage::Quote(ReplaceInvalidUtf8(text.substr(0, length)));
  if (text.front() == '"') return "'\"'";
  if (text.front() == '\'') return "'\\''";
  return fmt::format("'{}'", std::string_view(quoted).substr(1, quoted.size() - 2));
}

// Operators that begin outside of braces, longest first where one begins another.
constexpr std::array<std::pair<std::string_view, TokenKind>, 20> kOperators = {{
    {"==", TokenKind::kEqual},
    {"!=", TokenKind::kNotEqual},
    {">=", TokenKind::kGreaterOrEqual},
    {"<=", TokenKind::kLessOrEqual},
    {">/", TokenKind::kTrimLower},
    {"</", TokenKind::kTrimUpper},
    {">", TokenKind::kGreater},
    {"<", TokenKind::kLess},
    {"=", TokenKind::kAssign},
    {"+", TokenKind::kAdd},
    {"-", TokenKind::kSub},
    {"*", TokenKind::kMul},
    {"/", TokenKind::kDiv},
    {"%", TokenKind::kMod},
    {"^", TokenKind::kPow},
    {"@", TokenKind::kAt},
    {",", TokenKind::kComma},
    {"(", TokenKind::kLeftParen},
    {"[", TokenKind::kLeftBracket},
    {"{", TokenKind::kLeftBrace},
}};

constexpr size_t kNowhere = std::string_view::npos;
// Shown for a character that is not there.
constexpr std::string_view kNoCharacter = "'\xEF\xBF\xBD'";

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  LexResult Run() && {
    while (SkipBlanks(), Next()) {
    }
    return std::move(result_);
  }

 private:
  std::string_view Rest() const { return text_.substr(at_); }
  bool AtEnd() const { return at_ == text_.size(); }
  char PeekByte(size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void SkipBlanks() {
    while (!AtEnd()) {
      if (IsSpace(text_[at_])) {
        ++at_;
      } else if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return;
      }
    }
  }

  // Each of these adds one token and returns whether there may be more.
  bool Next() {
    if (in_braces_) return NextInBraces();
    if (AtEnd()) return Finish();
    const char c = text_[at_];
    if (in_brackets_ && ExpectsDuration() && !BeginsDuration()) {
      return Fail("unexpected character in duration expression: " + QuoteCharacter(Rest()));
    }
    if (IsDigit(c) || (c == '.' && IsDigit(PeekByte(1)))) return Number();
    if (IsQuote(c)) return String();
    if (IsLetter(c) || (c == ':' && !in_brackets_)) return Word();
    if (c == ')' || c == ']') return Closing(c);
    if (c == ':') return Colon();
    return Operator();
  }

  bool Finish() {
    if (in_brackets_ && !duration_seen_) {
      return Fail("unexpected end of input in duration expression");
    }
    if (paren_depth_ > 0) return Fail("unclosed left parenthesis");
    if (in_brackets_) return Fail("unclosed left bracket");
    return Add(TokenKind::kEnd, 0), false;
  }

  // Whether what comes before, in brackets, is nothing that an operator may follow.
  bool ExpectsDuration() const {
    const TokenKind before = result_.tokens.back().kind;
    return before == TokenKind::kLeftBracket || before == TokenKind::kLeftParen ||
           before == TokenKind::kColon || before == TokenKind::kComma || IsOperator(before);
  }

  // Whether the next character may stand where a duration is expected, be it to end it.
  bool BeginsDuration() const {
    const char c = PeekByte(0);
    if (!IsLetter(c)) return IsDigit(c) || std::string_view(".+-*/%^(),:]").find(c) != kNowhere;
    switch (KeywordKind(Rest().substr(0, WordLength(false)))) {
      case TokenKind::kStep:
      case TokenKind::kRange:
      case TokenKind::kMinOf:
      case TokenKind::kMaxOf:
        return true;
      default:
        return false;
    }
  }

  bool NextInBraces() {
    if (AtEnd()) return Fail("unexpected end of input inside braces");
    const char c = text_[at_];
    const char next = PeekByte(1);
    if (IsQuote(c)) return String();
    if (IsLetter(c)) return Add(TokenKind::kIdentifier, WordLength(false));
    switch (c) {
      case ',':
        return Add(TokenKind::kComma, 1);
      case '}':
        in_braces_ = false;
        return Add(TokenKind::kRightBrace, 1);
      case '{':
        return Fail("unexpected left brace '{'");
      case '=':
        return next == '~' ? Add(TokenKind::kRegexMatch, 2) : Add(TokenKind::kAssign, 1);
      case '!':
        if (next == '~') return Add(TokenKind::kRegexMismatch, 2);
        if (next == '=') return Add(TokenKind::kNotEqual, 2);
        return FailAfter('!', " inside braces");
      default:
        return Fail("unexpected character inside braces: " + QuoteCharacter(Rest()));
    }
  }

  bool Colon() {
    if (std::exchange(colon_seen_, true)) return Fail("unexpected colon ':'");
    if (duration_seen_) return Add(TokenKind::kColon, 1);
    ++at_;
    return Fail("unexpected colon before duration in duration expression");
  }

  bool Closing(char c) {
    if (c == ']') {
      if (!in_brackets_) return Fail("unexpected right bracket ']'");
      in_brackets_ = false;
      return Add(TokenKind::kRightBracket, 1);
    }
    if (paren_depth_ == 0) {
      ++at_;
      return Fail("unexpected right parenthesis ')'");
    }
    --paren_depth_;
    return Add(TokenKind::kRightParen, 1);
  }

  bool Operator() {
    const auto found = std::find_if(kOperators.begin(), kOperators.end(), [this](const auto& op) {
      return Rest().starts_with(op.first);
    });
    const char c = text_[at_];
    if (c == '!' && found == kOperators.end()) return FailAfter('!', "");
    if (found == kOperators.end()) return Fail("unexpected character: " + QuoteCharacter(Rest()));
    const TokenKind kind = found->second;
    if (kind == TokenKind::kAssign && PeekByte(1) == '~') return FailAfter('=', "");
    if (in_brackets_ && kind == TokenKind::kLeftBracket) {
      return Fail("unexpected left bracket '['");
    }
    if (kind == TokenKind::kLeftParen) ++paren_depth_;
    if (kind == TokenKind::kLeftBrace) in_braces_ = true;
    if (kind == TokenKind::kLeftBracket) {
      in_brackets_ = true;
      colon_seen_ = duration_seen_ = false;
    }
    return Add(kind, found->first.size());
  }

  bool String() {
    const size_t length = StringLiteralLength(Rest());
    if (length == 0) return Fail(std::string(MessageOf(UnterminatedLiteral(Rest()))));
    const absl::StatusOr<std::string> value = UnquoteLiteral(Rest().substr(0, length));
    if (!value.ok()) return Fail(std::string(MessageOf(value.status())));
    return Add(TokenKind::kString, length);
  }

  bool Number() {
    duration_seen_ = true;
    const NumberScan scan = ScanNumber(Rest());
    const std::string_view number = Rest().substr(0, scan.length);
    if (scan.kind == NumberScan::Kind::kNeither) {
      return Fail("bad number or duration syntax: " + storage::Quote(number));
    }
    const bool duration = scan.kind == NumberScan::Kind::kDuration;
    return Add(duration ? TokenKind::kDuration : TokenKind::kNumber, scan.length);
  }

  size_t WordLength(bool colons) const {
    size_t length = 1;
    while (IsWordByte(PeekByte(length)) || (colons && PeekByte(length) == ':')) ++length;
    return length;
  }

  bool Word() {
    duration_seen_ = true;
    const size_t length = WordLength(!in_brackets_);
    const std::string_view word = Rest().substr(0, length);
    if (word.find(':') != std::string_view::npos) return Add(TokenKind::kMetricIdentifier, length);
    TokenKind kind = KeywordKind(word);
    const bool is_fill =
        kind == TokenKind::kFill || kind == TokenKind::kFillLeft || kind == TokenKind::kFillRight;
    if (is_fill) {
      size_t ahead = length;
      while (IsSpace(PeekByte(ahead))) ++ahead;
      if (PeekByte(ahead) != '(') kind = TokenKind::kIdentifier;
    }
    return Add(kind, length);
  }

  bool Add(TokenKind kind, size_t length) {
    const auto begin = static_cast<uint32_t>(at_);
    at_ += length;
    result_.tokens.push_back({kind, {begin, static_cast<uint32_t>(at_)}});
    return true;
  }

  bool Fail(std::string error) {
    result_.error = std::move(error);
    return Add(TokenKind::kError, 0), false;
  }

  // The character behind `first`, which is at the front, does not fit.
  bool FailAfter(char first, std::string_view where) {
    const std::string_view behind = Rest().substr(1);
    return Fail(fmt::format("unexpected character after '{}'{}: {}", first, where,
                            behind.empty() ? std::string(kNoCharacter) : QuoteCharacter(behind)));
  }

  const std::string_view text_;
  size_t at_ = 0;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  bool colon_seen_ = false;     // In the brackets at hand.
  bool duration_seen_ = false;  // Likewise, or a part of one.
  int paren_depth_ = 0;
  LexResult result_;
};

}  // namespace

LexResult Lex(std::string_view text) { return Lexer(text).Run(); }

bool IsIdentifier(std::string_view text) {
  return !text.empty() && !IsDigit(text[0]) && std::all_of(text.begin(), text.end(), IsWordByte);
}

}  // namespace vigil::promql
