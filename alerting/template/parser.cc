// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/parser.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "alerting/template/lexer.h"
#include "alerting/template/literal.h"
#include "alerting/template/pipeline_parser.h"
#include "alerting/template/token_stream.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::text_template {
namespace {

using ParsedPtr = std::shared_ptr<const ParsedTemplate>;

// How a list of nodes ended.
enum class Terminator : uint8_t { kEndOfText, kEnd, kElse };

class Parser {
 public:
  Parser(std::string_view name, std::string_view source, std::vector<Token> tokens)
      : name_(name),
        source_(std::make_shared<const std::string>(source)),
        stream_(name, *source_, std::move(tokens)) {}

  absl::StatusOr<std::vector<ParsedPtr>> Run() {
    std::vector<Node> body;
    VIGIL_ASSIGN_OR_RETURN(const Terminator end, ParseList(&body));
    if (end != Terminator::kEndOfText) {
      return stream_.Error(keyword_,
                           end == Terminator::kEnd ? "unexpected {{end}}" : "unexpected {{else}}");
    }
    std::vector<ParsedPtr> all = {MakeTemplate(std::string(name_), std::move(body))};
    for (ParsedPtr& definition : definitions_) all.push_back(std::move(definition));
    return all;
  }

 private:
  ParsedPtr MakeTemplate(std::string name, std::vector<Node> body) const {
    auto parsed = std::make_shared<ParsedTemplate>();
    parsed->name = std::move(name);
    parsed->source = source_;
    parsed->source_name = name_;
    parsed->body = std::move(body);
    return parsed;
  }

  // Nodes up to the end of the text, {{end}} or {{else ...}}. Behind {{else it stops within the
  // action.
  absl::StatusOr<Terminator> ParseList(std::vector<Node>* nodes) {
    const TokenStream::Nesting nesting(&stream_);
    VIGIL_RETURN_IF_ERROR(stream_.CheckDepth());
    while (true) {
      const Token token = stream_.Next();
      if (token.kind == TokenKind::kEnd) return Terminator::kEndOfText;
      if (token.kind == TokenKind::kText) {
        Node node;
        node.text = std::string(token.text);
        node.span = token.span;
        nodes->push_back(std::move(node));
        continue;
      }
      // Lexer: between texts there are actions only.
      const Token word = stream_.PeekNonSpace();
      if (word.kind == TokenKind::kIdentifier && (word.text == "end" || word.text == "else")) {
        keyword_ = stream_.NextNonSpace();
        if (word.text == "else") return Terminator::kElse;
        VIGIL_RETURN_IF_ERROR(stream_.ExpectRightDelim("end"));
        return Terminator::kEnd;
      }
      VIGIL_RETURN_IF_ERROR(ParseAction(nodes));
    }
  }

  absl::Status ParseAction(std::vector<Node>* nodes) {
    const Token word = stream_.PeekNonSpace();
    if (word.kind == TokenKind::kIdentifier && IsKeyword(word.text)) {
      stream_.Next();
      return ParseKeyword(word, nodes);
    }
    Node node;
    node.kind = Node::Kind::kAction;
    VIGIL_ASSIGN_OR_RETURN(node.pipeline,
                           ParsePipeline(&stream_, "command", TokenKind::kRightDelim));
    node.span = node.pipeline->span;
    nodes->push_back(std::move(node));
    return absl::OkStatus();
  }

  absl::Status ParseKeyword(const Token& word, std::vector<Node>* nodes) {
    if (word.text == "define") return ParseDefine(word);
    Node node;
    node.span = word.span;
    if (word.text == "break" || word.text == "continue") {
      if (loops_ == 0) {
        return stream_.Error(word, fmt::format("{{{{{}}}}} outside {{{{range}}}}", word.text));
      }
      node.kind = word.text == "break" ? Node::Kind::kBreak : Node::Kind::kContinue;
      VIGIL_RETURN_IF_ERROR(stream_.ExpectRightDelim(word.text));
    } else if (word.text == "template" || word.text == "block") {
      VIGIL_RETURN_IF_ERROR(ParseInvocation(word, &node));
    } else {
      node.kind = word.text == "if"      ? Node::Kind::kIf
                  : word.text == "range" ? Node::Kind::kRange
                                         : Node::Kind::kWith;
      VIGIL_RETURN_IF_ERROR(ParseControl(word, &node));
    }
    nodes->push_back(std::move(node));
    return absl::OkStatus();
  }

  // What stands behind if, range and with, through {{end}}.
  absl::Status ParseControl(const Token& word, Node* node) {
    VIGIL_ASSIGN_OR_RETURN(node->pipeline,
                           ParsePipeline(&stream_, word.text, TokenKind::kRightDelim));
    const bool loop = node->kind == Node::Kind::kRange;
    loops_ += loop ? 1 : 0;
    const absl::StatusOr<Terminator> body_end = ParseList(&node->body);
    loops_ -= loop ? 1 : 0;
    VIGIL_RETURN_IF_ERROR(body_end.status());
    if (*body_end == Terminator::kEndOfText) return stream_.Unexpected(stream_.Peek(), word.text);
    if (*body_end == Terminator::kEnd) return absl::OkStatus();
    return ParseElse(word, node);
  }

  absl::Status ParseElse(const Token& word, Node* node) {
    const Token next = stream_.PeekNonSpace();
    if (next.kind == TokenKind::kIdentifier && next.text == word.text && word.text != "range") {
      // {{else if}}: an {{if}} alone in the else branch that shares our {{end}}.
      const TokenStream::Nesting nesting(&stream_);
      VIGIL_RETURN_IF_ERROR(stream_.CheckDepth());
      stream_.Next();
      Node chained;
      chained.kind = node->kind;
      chained.span = next.span;
      VIGIL_RETURN_IF_ERROR(ParseControl(next, &chained));
      node->else_body.push_back(std::move(chained));
      return absl::OkStatus();
    }
    VIGIL_RETURN_IF_ERROR(stream_.ExpectRightDelim("else"));
    VIGIL_ASSIGN_OR_RETURN(const Terminator end, ParseList(&node->else_body));
    if (end == Terminator::kEndOfText) return stream_.Unexpected(stream_.Peek(), "else");
    if (end == Terminator::kElse) return stream_.Error(keyword_, "expected end; found {{else}}");
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ParseTemplateName(std::string_view context) {
    const Token token = stream_.NextNonSpace();
    if (token.kind != TokenKind::kString) return stream_.Unexpected(token, context);
    absl::StatusOr<std::string> text = UnquoteString(token.text);
    if (!text.ok()) return stream_.Error(token, MessageOf(text.status()));
    return text;
  }

  absl::Status ParseDefine(const Token& word) {
    if (stream_.depth() > 1)
      return stream_.Error(word, "unexpected {{define}}: it stands at the top level only");
    VIGIL_ASSIGN_OR_RETURN(std::string name, ParseTemplateName("define clause"));
    VIGIL_RETURN_IF_ERROR(stream_.ExpectRightDelim("define clause"));
    return ParseDefinition(word, std::move(name));
  }

  // The body of a define or block, through {{end}}.
  absl::Status ParseDefinition(const Token& word, std::string name) {
    const int loops = std::exchange(loops_, 0);
    std::vector<Node> body;
    const absl::StatusOr<Terminator> end = ParseList(&body);
    loops_ = loops;
    VIGIL_RETURN_IF_ERROR(end.status());
    if (*end == Terminator::kEndOfText) return stream_.Unexpected(stream_.Peek(), word.text);
    if (*end == Terminator::kElse)
      return stream_.Error(keyword_, "unexpected {{else}} in definition");
    if (!defined_.insert(name).second) {
      return stream_.Error(word, fmt::format("multiple definition of template \"{}\"", name));
    }
    definitions_.push_back(MakeTemplate(std::move(name), std::move(body)));
    return absl::OkStatus();
  }

  absl::Status ParseInvocation(const Token& word, Node* node) {
    node->kind = Node::Kind::kTemplate;
    VIGIL_ASSIGN_OR_RETURN(node->text, ParseTemplateName(word.text));
    if (stream_.PeekNonSpace().kind != TokenKind::kRightDelim || word.text == "block") {
      VIGIL_ASSIGN_OR_RETURN(node->pipeline,
                             ParsePipeline(&stream_, word.text, TokenKind::kRightDelim));
    } else {
      stream_.Next();
    }
    node->span.end = stream_.Last().span.begin;
    return word.text == "block" ? ParseDefinition(word, node->text) : absl::OkStatus();
  }

  const std::string_view name_;
  const std::shared_ptr<const std::string> source_;
  TokenStream stream_;
  int loops_ = 0;
  Token keyword_;  // The {{end}} or {{else}} that ended a list last.
  std::vector<ParsedPtr> definitions_;
  StringSet defined_;
};

}  // namespace

absl::StatusOr<std::vector<std::shared_ptr<const ParsedTemplate>>> ParseTemplates(
    std::string_view name, std::string_view source) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<Token> tokens, Lex(name, source));
  return Parser(name, source, std::move(tokens)).Run();
}

}  // namespace vigil::text_template
