// SPDX-License-Identifier: Apache-2.0
#include "query/logql/log_query.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/logql/field_parsers.h"
#include "query/logql/label_filter.h"
#include "query/logql/log_lexer.h"
#include "query/logql/quantity.h"
#include "query/promql/parser.h"
#include "query/promql/string_literal.h"

namespace vigil::logql {
namespace {

using storage::MatchType;
using StagePtr = std::unique_ptr<Stage>;

constexpr std::array<std::string_view, 9> kUnsupportedStages = {
    "regexp", "pattern", "unpack", "line_format", "label_format",
    "drop",   "keep",    "unwrap", "decolorize"};

std::optional<LineFilter::Type> LineFilterType(std::string_view symbol) {
  if (symbol == "|=") return LineFilter::Type::kContains;
  if (symbol == "!=") return LineFilter::Type::kNotContains;
  if (symbol == "|~") return LineFilter::Type::kMatches;
  if (symbol == "!~") return LineFilter::Type::kNotMatches;
  return std::nullopt;
}

std::optional<MatchType> MatchTypeOf(std::string_view symbol) {
  if (symbol == "=") return MatchType::kEqual;
  if (symbol == "!=") return MatchType::kNotEqual;
  if (symbol == "=~") return MatchType::kRegex;
  if (symbol == "!~") return MatchType::kNotRegex;
  return std::nullopt;
}

std::optional<Comparison> ComparisonOf(std::string_view symbol) {
  if (symbol == "=" || symbol == "==") return Comparison::kEqual;
  if (symbol == "!=") return Comparison::kNotEqual;
  if (symbol == ">") return Comparison::kGreater;
  if (symbol == ">=") return Comparison::kGreaterOrEqual;
  if (symbol == "<") return Comparison::kLess;
  if (symbol == "<=") return Comparison::kLessOrEqual;
  return std::nullopt;
}

// Recursive descent. Every function expects to stand at the first token of what it parses, and
// stops behind the last.
class LogParser {
 public:
  explicit LogParser(std::string_view text) : text_(text), lexed_(LexLogQuery(text)) {}

  absl::StatusOr<LogQuery> Parse() {
    if (!AtSymbol("{")) return WrongStart();
    LogQuery query;
    VIGIL_RETURN_IF_ERROR(ParseSelector(&query.matchers));
    while (Peek().kind != LogToken::kEnd) {
      VIGIL_RETURN_IF_ERROR(ParseStage(&query.pipeline));
    }
    return query;
  }

 private:
  const LogTokenAt& Peek(size_t ahead = 0) const {
    return lexed_.tokens[std::min(at_ + ahead, lexed_.tokens.size() - 1)];
  }
  bool AtSymbol(std::string_view symbol, size_t ahead = 0) const {
    return Peek(ahead).kind == LogToken::kSymbol && Peek(ahead).text == symbol;
  }
  bool AtWord(std::string_view word) const {
    return Peek().kind == LogToken::kIdentifier && ToLower(Peek().text) == word;
  }
  LogTokenAt Take() {
    const LogTokenAt token = Peek();
    if (at_ + 1 < lexed_.tokens.size()) ++at_;
    return token;
  }
  bool TakeSymbol(std::string_view symbol) {
    if (!AtSymbol(symbol)) return false;
    Take();
    return true;
  }
  static std::string StringOf(const LogTokenAt& token) {
    return promql::UnquoteLiteral(token.text).value();
  }

  absl::Status ErrorAt(const LogTokenAt& token, std::string_view message) const {
    const promql::LineColumn place = promql::LocateOffset(text_, token.offset);
    return absl::InvalidArgumentError(
        fmt::format("parse error at line {}, col {}: {}", place.line, place.column, message));
  }

  absl::Status Unexpected(std::string_view expected) const {
    const LogTokenAt& token = Peek();
    if (token.kind == LogToken::kError) return ErrorAt(token, lexed_.error);
    const std::string found = token.kind == LogToken::kEnd
                                  ? "end of query"
                                  : ReplaceInvalidUtf8(token.text.substr(0, 80));
    return ErrorAt(token, fmt::format("unexpected {}, expected {}", found, expected));
  }

  absl::Status Unsupported(const LogTokenAt& token, std::string_view what) const {
    return ErrorAt(token, fmt::format("{} not supported", what));
  }

  absl::Status WrongStart() const {
    const bool metric = Peek().kind == LogToken::kIdentifier || Peek().kind == LogToken::kQuantity;
    if (metric) return Unsupported(Peek(), "metric queries are");
    if (AtSymbol("(")) return Unsupported(Peek(), "parentheses around a query are");
    return Unexpected("\"{\"");
  }

  // Counts an expression that is about to be compiled.
  absl::Status ChargeRegex(const LogTokenAt& token) {
    if (++regexes_ <= kMaxLogRegexes) return absl::OkStatus();
    return ErrorAt(token, fmt::format("more than {} regular expressions", kMaxLogRegexes));
  }

  absl::StatusOr<storage::Matcher> MakeMatcher(const LogTokenAt& name, MatchType type,
                                               const LogTokenAt& value) {
    if (type == MatchType::kRegex || type == MatchType::kNotRegex) {
      VIGIL_RETURN_IF_ERROR(ChargeRegex(value));
    }
    absl::StatusOr<storage::Matcher> matcher =
        storage::Matcher::Create(type, std::string(name.text), StringOf(value));
    if (!matcher.ok()) return ErrorAt(value, MessageOf(matcher.status()));
    return matcher;
  }

  absl::Status ParseSelector(std::vector<storage::Matcher>* matchers) {
    const LogTokenAt open = Take();
    while (!AtSymbol("}")) {
      if (Peek().kind != LogToken::kIdentifier) return Unexpected("a label or \"}\"");
      const LogTokenAt name = Take();
      const std::optional<MatchType> type = MatchTypeOf(Peek().text);
      if (!type.has_value()) return Unexpected("=, !=, =~ or !~");
      Take();
      if (Peek().kind != LogToken::kString) return Unexpected("a string");
      VIGIL_ASSIGN_OR_RETURN(storage::Matcher matcher, MakeMatcher(name, *type, Take()));
      matchers->push_back(std::move(matcher));
      if (AtSymbol("}")) break;
      if (!TakeSymbol(",")) return Unexpected("\",\" or \"}\"");
    }
    Take();
    const bool selective =
        std::any_of(matchers->begin(), matchers->end(),
                    [](const storage::Matcher& matcher) { return !matcher.MatchesEmpty(); });
    if (selective) return absl::OkStatus();
    return ErrorAt(open,
                   "queries require at least one regexp or equality matcher that does not have an "
                   "empty-compatible value. For instance, app=~\".*\" does not meet this "
                   "requirement, but app=~\".+\" will");
  }

  absl::Status ParseStage(Pipeline* pipeline) {
    const LogTokenAt& token = Peek();
    if (token.kind != LogToken::kSymbol) return Unexpected("\"|\" or a line filter");
    if (const auto type = LineFilterType(token.text)) return ParseLineFilter(*type, pipeline);
    if (token.text == "|>" || token.text == "!>") return Unsupported(token, "line patterns are");
    if (token.text == "[") return Unsupported(token, "ranges are");
    if (!TakeSymbol("|")) return Unexpected("\"|\" or a line filter");
    const std::string name = ToLower(Peek().text);
    if (std::find(kUnsupportedStages.begin(), kUnsupportedStages.end(), name) !=
        kUnsupportedStages.end()) {
      return Unsupported(Peek(), fmt::format("{} is", name));
    }
    if (name == "json" || name == "logfmt") return ParseFieldParser(pipeline);
    VIGIL_ASSIGN_OR_RETURN(StagePtr filter, ParseAnyOf(0));
    pipeline->Add(std::move(filter));
    return absl::OkStatus();
  }

  static bool IsComparison(std::string_view symbol) {
    return MatchTypeOf(symbol).has_value() || ComparisonOf(symbol).has_value();
  }

  absl::Status ParseFieldParser(Pipeline* pipeline) {
    const std::string name = ToLower(Take().text);
    if (Peek().kind == LogToken::kIdentifier || AtSymbol("--")) {
      return Unsupported(Peek(), fmt::format("an argument of {} is", name));
    }
    if (name == "json") {
      pipeline->Add(std::make_unique<JsonParser>());
    } else {
      pipeline->Add(std::make_unique<LogfmtParser>());
    }
    return absl::OkStatus();
  }

  absl::Status ParseLineFilter(LineFilter::Type type, Pipeline* pipeline) {
    const LogTokenAt symbol = Take();
    const bool regex = type == LineFilter::Type::kMatches || type == LineFilter::Type::kNotMatches;
    std::vector<std::string> values;
    do {
      if (!values.empty()) Take();  // The "or".
      if (AtWord("ip")) return Unsupported(Peek(), "ip() is");
      if (Peek().kind != LogToken::kString) return Unexpected("a string");
      if (regex) VIGIL_RETURN_IF_ERROR(ChargeRegex(Peek()));
      values.push_back(StringOf(Take()));
    } while (AtWord("or"));
    absl::StatusOr<LineFilter> filter = LineFilter::Create(type, std::move(values));
    if (!filter.ok()) return ErrorAt(symbol, MessageOf(filter.status()));
    pipeline->Add(*std::move(filter));
    return absl::OkStatus();
  }

  // `a or b`.
  absl::StatusOr<StagePtr> ParseAnyOf(int depth) {
    if (depth > kMaxFilterNesting) {
      return ErrorAt(Peek(), fmt::format("filters nest deeper than {} levels", kMaxFilterNesting));
    }
    std::vector<StagePtr> parts;
    do {
      if (!parts.empty()) Take();  // The "or".
      VIGIL_ASSIGN_OR_RETURN(StagePtr part, ParseAllOf(depth));
      parts.push_back(std::move(part));
    } while (AtWord("or"));
    return Combine(CombinedFilter::Type::kAny, std::move(parts));
  }

  // `a and b`, also written `a, b` and `a b`. Binds more tightly than `or`.
  absl::StatusOr<StagePtr> ParseAllOf(int depth) {
    std::vector<StagePtr> parts;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(StagePtr part, ParseFilterOperand(depth));
      parts.push_back(std::move(part));
      if (AtWord("and") || AtSymbol(",")) {
        Take();
      } else if (AtWord("or") || (Peek().kind != LogToken::kIdentifier && !AtSymbol("("))) {
        break;
      }
    }
    return Combine(CombinedFilter::Type::kAll, std::move(parts));
  }

  static StagePtr Combine(CombinedFilter::Type type, std::vector<StagePtr> parts) {
    if (parts.size() == 1) return std::move(parts.front());
    return std::make_unique<CombinedFilter>(type, std::move(parts));
  }

  absl::StatusOr<StagePtr> ParseFilterOperand(int depth) {
    if (TakeSymbol("(")) {
      VIGIL_ASSIGN_OR_RETURN(StagePtr inner, ParseAnyOf(depth + 1));
      if (!TakeSymbol(")")) return Unexpected("\")\"");
      return inner;
    }
    if (Peek().kind != LogToken::kIdentifier) return Unexpected("a field or \"(\"");
    const LogTokenAt name = Take();
    const LogTokenAt symbol = Peek();
    if (!IsComparison(symbol.text)) return Unexpected("a comparison");
    Take();
    if (Peek().kind == LogToken::kString) return ParseTextFilter(name, symbol);
    return ParseQuantityFilter(name, symbol);
  }

  absl::StatusOr<StagePtr> ParseTextFilter(const LogTokenAt& name, const LogTokenAt& symbol) {
    const std::optional<MatchType> type = MatchTypeOf(symbol.text);
    if (!type.has_value()) return Unexpected("a number, duration or bytes");
    VIGIL_ASSIGN_OR_RETURN(storage::Matcher matcher, MakeMatcher(name, *type, Take()));
    return std::make_unique<TextFilter>(std::move(matcher));
  }

  absl::StatusOr<StagePtr> ParseQuantityFilter(const LogTokenAt& name, const LogTokenAt& symbol) {
    if (AtWord("ip")) return Unsupported(Peek(), "ip() is");
    const std::optional<Comparison> comparison = ComparisonOf(symbol.text);
    if (!comparison.has_value()) return Unexpected("a string");
    const bool negative = TakeSymbol("-");
    if (Peek().kind != LogToken::kQuantity) {
      return Unexpected("a string, number, duration or bytes");
    }
    const std::optional<Quantity> quantity = ParseQuantity(Peek().text);
    if (!quantity.has_value()) return Unexpected("a number, duration or bytes");
    Take();
    const double value = negative ? -quantity->value : quantity->value;
    return std::make_unique<QuantityFilter>(std::string(name.text), *comparison,
                                            Quantity{quantity->kind, value});
  }

  const std::string_view text_;
  const LogLexResult lexed_;
  size_t at_ = 0;
  int regexes_ = 0;
};

}  // namespace

absl::StatusOr<LogQuery> ParseLogQuery(std::string_view query) {
  if (query.size() >= kMaxLogQueryBytes) {
    return absl::InvalidArgumentError(fmt::format("parse error : input size too long ({} > {})",
                                                  query.size(), kMaxLogQueryBytes));
  }
  return LogParser(query).Parse();
}

}  // namespace vigil::logql
