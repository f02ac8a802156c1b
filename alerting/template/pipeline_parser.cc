// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/pipeline_parser.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "alerting/template/literal.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::text_template {
namespace {

class PipelineParser {
 public:
  explicit PipelineParser(TokenStream* stream) : stream_(*stream) {}

  absl::StatusOr<std::shared_ptr<const Pipeline>> Parse(std::string_view context, TokenKind end) {
    const TokenStream::Nesting nesting(&stream_);
    VIGIL_RETURN_IF_ERROR(stream_.CheckDepth());
    auto pipeline = std::make_shared<Pipeline>();
    pipeline->span = stream_.PeekNonSpace().span;
    VIGIL_RETURN_IF_ERROR(ParseDeclarations(context, pipeline.get()));
    while (true) {
      const Token first = stream_.PeekNonSpace();
      // Go, too, puts up with a "|" that nothing follows.
      if (first.kind == end && !pipeline->commands.empty()) {
        stream_.Next();
        return pipeline;
      }
      if (first.kind == end || first.kind == TokenKind::kPipe ||
          first.kind == TokenKind::kRightDelim) {
        return pipeline->commands.empty() && first.kind != TokenKind::kPipe
                   ? stream_.Error(first, fmt::format("missing value for {}", context))
                   : stream_.Unexpected(first, "pipeline");
      }
      VIGIL_ASSIGN_OR_RETURN(Command command, ParseCommand());
      if (!pipeline->commands.empty()) VIGIL_RETURN_IF_ERROR(CheckExecutable(command, first));
      pipeline->span.end = command.span.end;
      pipeline->commands.push_back(std::move(command));
      const Token token = stream_.NextNonSpace();
      if (token.kind == end) return pipeline;
      if (token.kind != TokenKind::kPipe) return stream_.Unexpected(token, context);
    }
  }

 private:
  // Commands that take a value from the one before them must be something that can take it.
  absl::Status CheckExecutable(const Command& command, const Token& first) const {
    switch (command.operands[0].kind) {
      case Operand::Kind::kConstant:
      case Operand::Kind::kDot:
      case Operand::Kind::kNil:
        return stream_.Error(first,
                             fmt::format("\"{}\" cannot take the value piped into it", first.text));
      default:
        return absl::OkStatus();
    }
  }

  // `$x :=`, `$x =` and, for range, `$i, $v :=`.
  absl::Status ParseDeclarations(std::string_view context, Pipeline* pipeline) {
    const size_t begin = stream_.at();
    while (stream_.PeekNonSpace().kind == TokenKind::kVariable) {
      const Token variable = stream_.Next();
      const TokenKind next = stream_.PeekNonSpace().kind;
      const bool comma = next == TokenKind::kComma && context == "range";
      if (next != TokenKind::kDeclare && next != TokenKind::kAssign && !comma) break;
      const Token separator = stream_.Next();
      pipeline->variables.emplace_back(variable.text.substr(1));
      if (!comma) {
        pipeline->assigns = separator.kind == TokenKind::kAssign;
        return absl::OkStatus();
      }
      if (pipeline->variables.size() == 2) {
        return stream_.Error(variable, "too many declarations in range");
      }
    }
    if (!pipeline->variables.empty()) {
      return stream_.Error(stream_.Peek(), "range can only initialize variables");
    }
    stream_.GoBackTo(begin);
    return absl::OkStatus();
  }

  // Operands with spaces between them; stops before "|", ")" or "}}".
  absl::StatusOr<Command> ParseCommand() {
    Command command;
    command.span = stream_.PeekNonSpace().span;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(Operand operand, ParseOperand());
      command.span.end = operand.span.end;
      command.operands.push_back(std::move(operand));
      const Token token = stream_.Peek();
      switch (token.kind) {
        case TokenKind::kSpace: {
          const TokenKind next = stream_.PeekNonSpace().kind;
          if (next != TokenKind::kPipe && next != TokenKind::kRightDelim &&
              next != TokenKind::kRightParen) {
            continue;
          }
          return command;
        }
        case TokenKind::kPipe:
        case TokenKind::kRightDelim:
        case TokenKind::kRightParen:
          return command;
        default:
          return stream_.Unexpected(token, "operand");
      }
    }
  }

  absl::StatusOr<Operand> ParseOperand() {
    VIGIL_ASSIGN_OR_RETURN(Operand operand, ParseTerm());
    while (stream_.Peek().kind == TokenKind::kField) {
      if (operand.kind == Operand::Kind::kConstant || operand.kind == Operand::Kind::kNil ||
          operand.kind == Operand::Kind::kDot) {
        return stream_.Error(
            stream_.Peek(), fmt::format("unexpected \"{}\" after a constant", stream_.Peek().text));
      }
      const Token field = stream_.Next();
      operand.fields.emplace_back(field.text.substr(1));
      operand.span.end = field.span.end;
    }
    return operand;
  }

  absl::StatusOr<Operand> ParseTerm() {
    const Token token = stream_.Next();
    Operand operand;
    operand.span = token.span;
    switch (token.kind) {
      case TokenKind::kDot:
        operand.kind = Operand::Kind::kDot;
        return operand;
      case TokenKind::kField:
        operand.kind = Operand::Kind::kField;
        operand.fields.emplace_back(token.text.substr(1));
        return operand;
      case TokenKind::kVariable:
        operand.kind = Operand::Kind::kVariable;
        operand.name = token.text.substr(1);
        return operand;
      case TokenKind::kIdentifier:
        return ParseWord(token, std::move(operand));
      case TokenKind::kLeftParen: {
        operand.kind = Operand::Kind::kPipeline;
        VIGIL_ASSIGN_OR_RETURN(operand.nested,
                               Parse("parenthesized pipeline", TokenKind::kRightParen));
        operand.span.end = stream_.Last().span.end;
        return operand;
      }
      default:
        return ParseConstant(token, std::move(operand));
    }
  }

  absl::StatusOr<Operand> ParseWord(const Token& token, Operand operand) const {
    if (token.text == "true" || token.text == "false") {
      operand.kind = Operand::Kind::kConstant;
      operand.constant = Value(token.text == "true");
    } else if (token.text == "nil") {
      operand.kind = Operand::Kind::kNil;
    } else if (IsKeyword(token.text)) {
      return stream_.Error(token, fmt::format("unexpected <{}> in command", token.text));
    } else {
      operand.kind = Operand::Kind::kFunction;
      operand.name = token.text;
    }
    return operand;
  }

  absl::StatusOr<Operand> ParseConstant(const Token& token, Operand operand) const {
    absl::StatusOr<Value> constant = Value();
    if (token.kind == TokenKind::kNumber) {
      constant = ParseNumber(token.text);
    } else if (token.kind == TokenKind::kChar) {
      constant = ParseChar(token.text);
    } else if (token.kind == TokenKind::kString) {
      absl::StatusOr<std::string> text = UnquoteString(token.text);
      constant = text.ok() ? absl::StatusOr<Value>(*std::move(text)) : text.status();
    } else {
      return stream_.Unexpected(token, "command");
    }
    if (!constant.ok()) return stream_.Error(token, MessageOf(constant.status()));
    operand.kind = Operand::Kind::kConstant;
    operand.constant = *std::move(constant);
    return operand;
  }

  TokenStream& stream_;
};

}  // namespace

bool IsKeyword(std::string_view word) {
  static const StringSet* const keywords = new StringSet{
      "if", "else", "end", "range", "with", "define", "block", "template", "break", "continue"};
  return keywords->contains(word);
}

absl::StatusOr<std::shared_ptr<const Pipeline>> ParsePipeline(TokenStream* stream,
                                                              std::string_view context,
                                                              TokenKind end) {
  return PipelineParser(stream).Parse(context, end);
}

}  // namespace vigil::text_template
