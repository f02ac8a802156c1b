// SPDX-License-Identifier: Apache-2.0
//
// A template's tokens with a place among them, and the errors that name that place: what the two
// halves of the parser share.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "alerting/template/lexer.h"
#include "alerting/template/parser.h"
#include "base/status.h"

namespace vigil::text_template {

class TokenStream {
 public:
  // `name` and `source` must outlive the stream; `tokens` are the source's.
  TokenStream(std::string_view name, std::string_view source, std::vector<Token> tokens)
      : name_(name), source_(source), tokens_(std::move(tokens)) {}

  // Counts nesting for as long as it lives.
  class Nesting {
   public:
    explicit Nesting(TokenStream* stream) : stream_(stream) { ++stream->depth_; }
    ~Nesting() { --stream_->depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    TokenStream* const stream_;
  };

  const Token& Peek() const { return tokens_[at_]; }
  const Token& PeekNonSpace() {
    SkipSpace();
    return Peek();
  }
  // The last token, kEnd, is never passed.
  Token Next() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }
  Token NextNonSpace() {
    SkipSpace();
    return Next();
  }
  void SkipSpace() {
    while (Peek().kind == TokenKind::kSpace) ++at_;
  }

  absl::Status Error(const Token& token, std::string_view message) const {
    return SyntaxError(name_, source_, token.span.begin, message);
  }
  absl::Status Unexpected(const Token& token, std::string_view context) const {
    if (token.kind == TokenKind::kEnd) return Error(token, "unexpected EOF");
    return Error(token, fmt::format("unexpected \"{}\" in {}", token.text, context));
  }
  absl::Status CheckDepth() const {
    if (depth_ <= kMaxParseDepth) return absl::OkStatus();
    return Error(Peek(), fmt::format("nested deeper than {}", kMaxParseDepth));
  }

  // What was taken last. Requires: something was.
  const Token& Last() const { return tokens_[at_ - 1]; }
  size_t at() const { return at_; }
  void GoBackTo(size_t at) { at_ = at; }
  int depth() const { return depth_; }

  absl::Status ExpectRightDelim(std::string_view context) {
    const Token token = NextNonSpace();
    return token.kind == TokenKind::kRightDelim ? absl::OkStatus() : Unexpected(token, context);
  }

 private:
  const std::string_view name_;
  const std::string_view source_;
  const std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace vigil::text_template
