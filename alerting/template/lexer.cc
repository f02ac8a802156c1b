// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/lexer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::text_template {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kCommentOpen = "/*";
constexpr std::string_view kCommentClose = "*/";
constexpr std::string_view kSpaces = " \t\r\n";

bool IsSpace(char c) { return kSpaces.find(c) != std::string_view::npos; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// Every byte beyond ASCII counts as a letter: names may be in any script.
bool IsNameChar(char c) {
  return c == '_' || IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

class Lexer {
 public:
  Lexer(std::string_view name, std::string_view source) : name_(name), source_(source) {}

  absl::StatusOr<std::vector<Token>> Run() {
    while (true) {
      const size_t open = source_.find(kOpen, at_);
      const bool trims = open != std::string_view::npos && HasLeftTrim(open);
      EmitText(open == std::string_view::npos ? source_.size() : open, trims);
      if (open == std::string_view::npos) break;
      VIGIL_RETURN_IF_ERROR(LexAction(trims));
    }
    Emit(TokenKind::kEnd, source_.size(), source_.size());
    return std::move(tokens_);
  }

 private:
  absl::Status Error(size_t offset, std::string_view message) const {
    return SyntaxError(name_, source_, offset, message);
  }

  char Peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  bool StartsWith(std::string_view text) const { return source_.substr(at_).starts_with(text); }

  // The marker is "-" with white space behind (or, on the right side, before).
  bool HasLeftTrim(size_t open) const {
    const std::string_view rest = source_.substr(open + kOpen.size());
    return rest.size() >= 2 && rest[0] == '-' && IsSpace(rest[1]);
  }
  bool AtRightTrim() const {
    return IsSpace(Peek()) && Peek(1) == '-' && source_.substr(at_ + 2).starts_with(kClose);
  }

  void Emit(TokenKind kind, size_t begin, size_t end) {
    tokens_.push_back({kind,
                       source_.substr(begin, end - begin),
                       {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}});
  }

  void EmitText(size_t end, bool trim_right) {
    size_t begin = at_;
    if (trim_next_text_) {
      while (begin < end && IsSpace(source_[begin])) ++begin;
    }
    trim_next_text_ = false;
    at_ = end;
    if (trim_right) {
      while (end > begin && IsSpace(source_[end - 1])) --end;
    }
    if (end > begin) Emit(TokenKind::kText, begin, end);
  }

  absl::Status LexAction(bool left_trim) {
    const size_t open = at_;
    at_ += kOpen.size() + (left_trim ? 1 : 0);
    size_t comment = at_;
    while (left_trim && comment < source_.size() && IsSpace(source_[comment])) ++comment;
    if (source_.substr(comment).starts_with(kCommentOpen)) return SkipComment(comment);
    Emit(TokenKind::kLeftDelim, open, at_);
    parens_ = 0;
    while (true) {
      if (AtRightTrim() || StartsWith(kClose)) {
        if (parens_ > 0) return Error(at_, "unclosed left paren");
        return CloseAction();
      }
      if (at_ >= source_.size()) return Error(open, "unclosed action");
      VIGIL_RETURN_IF_ERROR(LexToken());
    }
  }

  absl::Status CloseAction() {
    const size_t begin = at_;
    trim_next_text_ = AtRightTrim();
    at_ += kClose.size() + (trim_next_text_ ? 2 : 0);
    Emit(TokenKind::kRightDelim, begin, at_);
    return absl::OkStatus();
  }

  absl::Status SkipComment(size_t begin) {
    const size_t close = source_.find(kCommentClose, begin + kCommentOpen.size());
    if (close == std::string_view::npos) return Error(begin, "unclosed comment");
    at_ = close + kCommentClose.size();
    if (!AtRightTrim() && !StartsWith(kClose)) {
      return Error(begin, "comment ends before closing delimiter");
    }
    trim_next_text_ = AtRightTrim();
    at_ += kClose.size() + (trim_next_text_ ? 2 : 0);
    return absl::OkStatus();
  }

  absl::Status LexToken() {
    const char c = Peek();
    if (IsSpace(c)) return LexSpace();
    if (c == '"') return LexQuoted('"', TokenKind::kString, "unterminated quoted string");
    if (c == '\'') return LexQuoted('\'', TokenKind::kChar, "unterminated character constant");
    if (c == '`') return LexRawString();
    if (c == '$') return LexName(TokenKind::kVariable);
    if (c == '.' && !IsDigit(Peek(1))) return LexName(TokenKind::kField);
    if (IsDigit(c) || c == '.' || c == '+' || c == '-') return LexNumber();
    if (IsNameChar(c)) return LexName(TokenKind::kIdentifier);
    return LexPunctuation();
  }

  absl::Status LexPunctuation() {
    if (StartsWith(":=")) return Take(TokenKind::kDeclare, 2);
    switch (Peek()) {
      case '=':
        return Take(TokenKind::kAssign, 1);
      case '|':
        return Take(TokenKind::kPipe, 1);
      case ',':
        return Take(TokenKind::kComma, 1);
      case '(':
        ++parens_;
        return Take(TokenKind::kLeftParen, 1);
      case ')':
        if (--parens_ < 0) return Error(at_, "unexpected right paren");
        return Take(TokenKind::kRightParen, 1);
      default:
        return Error(at_, fmt::format("unexpected {} in action", DescribeChar()));
    }
  }

  std::string DescribeChar() const {
    const auto byte = static_cast<unsigned char>(Peek());
    return byte >= 0x20 && byte < 0x7f ? fmt::format("\"{}\"", Peek())
                                       : fmt::format("byte 0x{:02x}", byte);
  }

  absl::Status Take(TokenKind kind, size_t length) {
    Emit(kind, at_, at_ + length);
    at_ += length;
    return absl::OkStatus();
  }

  // Leaves the space that belongs to a right trim marker.
  absl::Status LexSpace() {
    size_t length = 0;
    while (IsSpace(Peek(length)) &&
           !(Peek(length + 1) == '-' && source_.substr(at_ + length + 2).starts_with(kClose))) {
      ++length;
    }
    return Take(TokenKind::kSpace, length);
  }

  absl::Status LexQuoted(char quote, TokenKind kind, std::string_view unterminated) {
    for (size_t end = at_ + 1; end < source_.size() && source_[end] != '\n'; ++end) {
      if (source_[end] == quote) return Take(kind, end + 1 - at_);
      if (source_[end] == '\\') ++end;
    }
    return Error(at_, unterminated);
  }

  absl::Status LexRawString() {
    const size_t end = source_.find('`', at_ + 1);
    if (end == std::string_view::npos) return Error(at_, "unterminated raw quoted string");
    return Take(TokenKind::kString, end + 1 - at_);
  }

  absl::Status LexName(TokenKind kind) {
    const size_t prefix = kind == TokenKind::kIdentifier ? 0 : 1;
    size_t length = prefix;
    while (IsNameChar(Peek(length))) ++length;
    if (kind == TokenKind::kField && length == prefix) kind = TokenKind::kDot;
    if (!EndsWord(Peek(length))) {
      at_ += length;
      return Error(at_, fmt::format("bad character {}", DescribeChar()));
    }
    return Take(kind, length);
  }

  bool EndsWord(char c) const {
    return c == '\0' || IsSpace(c) ||
           std::string_view(".,|:)(=}").find(c) != std::string_view::npos;
  }

  // Takes what looks like a number; the parser decides whether it is one.
  absl::Status LexNumber() {
    const size_t digits = Peek() == '+' || Peek() == '-' ? 1 : 0;
    const bool hex = Peek(digits) == '0' && (Peek(digits + 1) | 0x20) == 'x';
    const char exponent = hex ? 'p' : 'e';
    size_t length = 1;
    for (;; ++length) {
      const char c = Peek(length);
      const bool sign = (c == '+' || c == '-') && (Peek(length - 1) | 0x20) == exponent;
      if (!IsNameChar(c) && c != '.' && !sign) break;
    }
    return Take(TokenKind::kNumber, length);
  }

  const std::string_view name_;
  const std::string_view source_;
  size_t at_ = 0;
  int parens_ = 0;
  bool trim_next_text_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

std::string DescribePosition(std::string_view source_name, std::string_view source, size_t offset) {
  const std::string_view before = source.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t last_newline = before.rfind('\n');
  const size_t line_begin = last_newline == std::string_view::npos ? 0 : last_newline + 1;
  return fmt::format("{}:{}:{}", source_name, line, offset - line_begin + 1);
}

absl::Status SyntaxError(std::string_view name, std::string_view source, size_t offset,
                         std::string_view message) {
  return absl::InvalidArgumentError(
      fmt::format("template: {}: {}", DescribePosition(name, source, offset), message));
}

absl::StatusOr<std::vector<Token>> Lex(std::string_view name, std::string_view source) {
  // Spans are 32 bits wide, and no template comes near this.
  constexpr size_t kMaxTemplateBytes = 1 << 20;
  if (source.size() > kMaxTemplateBytes) {
    return absl::InvalidArgumentError(
        fmt::format("template: {}: longer than {} bytes", name, kMaxTemplateBytes));
  }
  return Lexer(name, source).Run();
}

}  // namespace vigil::text_template
