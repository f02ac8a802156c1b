// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/completion.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "cli/shell/scope.h"
#include "cli/shell/settings.h"
#include "query/promql/functions.h"
#include "query/promql/lexer.h"
#include "query/promql/string_literal.h"

namespace vigil::cli {
namespace {

using promql::Token;
using promql::TokenKind;

constexpr std::array<const char*, 10> kDurations = {"30s", "1m", "5m", "10m", "15m",
                                                    "30m", "1h", "6h", "12h", "1d"};

struct Aggregation {
  std::string_view name;
  std::string_view arguments;
};
constexpr std::array<Aggregation, 14> kAggregations = {{
    {"avg", "instant vector"},
    {"bottomk", "scalar, instant vector"},
    {"count", "instant vector"},
    {"count_values", "string, instant vector"},
    {"group", "instant vector"},
    {"limit_ratio", "scalar, instant vector"},
    {"limitk", "scalar, instant vector"},
    {"max", "instant vector"},
    {"min", "instant vector"},
    {"quantile", "scalar, instant vector"},
    {"stddev", "instant vector"},
    {"stdvar", "instant vector"},
    {"sum", "instant vector"},
    {"topk", "scalar, instant vector"},
}};

// "(scalar, instant vector, [string])": what may be left out in brackets.
std::string ArgumentsText(const promql::FunctionSignature& function) {
  std::string text;
  for (size_t i = 0; i < function.args.size(); ++i) {
    const bool optional = static_cast<int>(i) >= function.min_args;
    text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", optional ? "[" : "",
                        promql::ValueTypeName(function.args[i]), optional ? "]" : "");
  }
  if (function.max_args < 0) text += ", ...";
  return fmt::format("({})", text);
}

bool IsMatcherOperator(TokenKind kind) {
  return kind == TokenKind::kAssign || kind == TokenKind::kNotEqual ||
         kind == TokenKind::kRegexMatch || kind == TokenKind::kRegexMismatch;
}

// Lists of labels: by (...), on (...).
bool TakesLabels(TokenKind kind) {
  return kind == TokenKind::kBy || kind == TokenKind::kWithout || kind == TokenKind::kOn ||
         kind == TokenKind::kIgnoring || kind == TokenKind::kGroupLeft ||
         kind == TokenKind::kGroupRight;
}

// What an operator or a modifier may follow.
bool EndsOperand(TokenKind kind) {
  switch (kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kMetricIdentifier:
    case TokenKind::kString:
    case TokenKind::kNumber:
    case TokenKind::kDuration:
    case TokenKind::kRightParen:
    case TokenKind::kRightBrace:
    case TokenKind::kRightBracket:
      return true;
    default:
      return false;
  }
}

// The candidates that match what is typed.
std::vector<Candidate> Matching(std::vector<Candidate> all, std::string_view typed) {
  std::vector<Candidate> matching;
  for (const Candidate& candidate : all) {
    if (candidate.text.starts_with(typed)) matching.push_back(candidate);
  }
  if (!matching.empty()) return matching;
  for (Candidate& candidate : all) {
    if (candidate.text.find(typed) != std::string::npos) matching.push_back(std::move(candidate));
  }
  return matching;
}

std::vector<Candidate> Plain(std::vector<std::string> texts, std::string_view suffix = {},
                             std::string_view note = {}) {
  std::vector<Candidate> candidates;
  for (std::string& text : texts) {
    candidates.push_back({std::move(text), std::string(suffix), std::string(note)});
  }
  return candidates;
}

std::vector<Candidate> Durations(std::string_view suffix) {
  return Plain({kDurations.begin(), kDurations.end()}, suffix);
}

void Append(std::vector<Candidate> more, std::vector<Candidate>* all) {
  all->insert(all->end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

// The inside of a string literal in `quote`s that stands for `value`.
std::string Escaped(std::string_view value, char quote) {
  std::string escaped;
  for (const char c : value) {
    if (quote != '`' && (c == quote || c == '\\')) escaped += '\\';
    if (quote != '`' && c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

class Completer {
 public:
  // `rest` is what stands behind the place.
  Completer(const Place& place, std::string_view rest, Catalog& catalog)
      : place_(place), rest_(rest), catalog_(catalog) {}

  Completion Run() const {
    if (place_.lost) return {place_.text.size(), {}};
    const Scope* const scope = place_.scopes.empty() ? nullptr : &place_.scopes.back();
    if (place_.open_string.has_value()) return InString(scope);
    return {place_.word_begin, Matching(InScope(scope), place_.word())};
  }

 private:
  std::vector<Candidate> InScope(const Scope* scope) const {
    if (scope != nullptr && scope->kind == Scope::Kind::kBraces) return InBraces(*scope);
    if (scope != nullptr && scope->kind == Scope::Kind::kBrackets) return InBrackets();
    if (scope != nullptr && scope->before.has_value() && TakesLabels(scope->before->kind)) {
      return Plain(catalog_.LabelNames(MentionedMetrics()));
    }
    return InExpression();
  }

  std::vector<Candidate> InBrackets() const {
    const TokenKind last = place_.last()->kind;
    if (last == TokenKind::kLeftBracket) return Durations("]");
    return last == TokenKind::kColon ? Durations("]") : std::vector<Candidate>();
  }

  std::vector<Candidate> InBraces(const Scope& scope) const {
    const Token& last = *place_.last();
    if (last.kind == TokenKind::kLeftBrace || last.kind == TokenKind::kComma) {
      return Plain(catalog_.LabelNames(SelectorOf(scope)), "=\"");
    }
    if (!place_.word().empty()) return {};
    if (IsMatcherOperator(last.kind)) {
      std::vector<Candidate> values;
      for (const std::string& value : ValuesAt(scope)) {
        values.push_back({'"' + Escaped(value, '"') + '"', "", ""});
      }
      return values;
    }
    if (last.kind == TokenKind::kString) return Plain({",", "}"});
    return Plain({"=", "!=", "=~", "!~"}, "\"");
  }

  // In a string that has begun: the value of a matcher, or a name that must be quoted.
  Completion InString(const Scope* scope) const {
    Completion completion;
    completion.begin = *place_.open_string + 1;
    if (scope == nullptr || scope->kind != Scope::Kind::kBraces) return completion;
    const char quote = place_.text[*place_.open_string];
    const std::string_view typed = place_.text.substr(completion.begin);
    const TokenKind last = place_.last()->kind;
    std::vector<std::string> texts;
    if (IsMatcherOperator(last)) {
      texts = ValuesAt(*scope);
    } else if (last == TokenKind::kLeftBrace || last == TokenKind::kComma) {
      texts = catalog_.MetricNames();
    }
    for (std::string& text : texts) text = Escaped(text, quote);
    // The quote may stand there already.
    const bool closed = rest_.starts_with(quote);
    completion.candidates =
        Matching(Plain(std::move(texts), closed ? std::string() : std::string(1, quote)), typed);
    return completion;
  }

  // Behind a matcher's operator: the values of its label.
  std::vector<std::string> ValuesAt(const Scope& scope) const {
    const size_t count = place_.tokens.size();
    if (count < 2) return {};
    const Token& name = place_.tokens[count - 2];
    std::string label(place_.TextOf(name));
    if (name.kind == TokenKind::kString) {
      const absl::StatusOr<std::string> unquoted = promql::UnquoteLiteral(label);
      if (!unquoted.ok()) return {};
      label = *unquoted;
    }
    return catalog_.LabelValues(label, SelectorOf(scope));
  }

  // The selector whose braces these are, with the matchers that are complete.
  std::string SelectorOf(const Scope& scope) const {
    const std::string_view name =
        scope.before.has_value() && promql::IsMetricName(scope.before->kind)
            ? place_.TextOf(*scope.before)
            : std::string_view();
    size_t complete = scope.first_token;
    for (size_t i = scope.first_token; i < place_.tokens.size(); ++i) {
      if (place_.tokens[i].kind == TokenKind::kComma) complete = i;
    }
    if (complete == scope.first_token) return std::string(name);
    const uint32_t begin = place_.tokens[scope.first_token].span.begin;
    const uint32_t end = place_.tokens[complete].span.begin;
    return fmt::format("{}{{{}}}", name, place_.text.substr(begin, end - begin));
  }

  // A selector for the metrics of the whole query, "" if it names none yet.
  std::string MentionedMetrics() const {
    const std::string whole = std::string(place_.text) + std::string(rest_);
    // What follows an unfinished piece may not lex as it will: read both sides on their own.
    std::set<std::string> names;
    for (const std::string_view text : {std::string_view(whole), place_.text, rest_}) {
      const std::vector<Token> tokens = promql::Lex(text).tokens;
      bool in_braces = false;
      for (size_t i = 0; i + 1 < tokens.size(); ++i) {
        if (tokens[i].kind == TokenKind::kLeftBrace) in_braces = true;
        if (tokens[i].kind == TokenKind::kRightBrace) in_braces = false;
        const bool is_name = tokens[i].kind == TokenKind::kIdentifier ||
                             tokens[i].kind == TokenKind::kMetricIdentifier;
        if (!is_name || in_braces || tokens[i + 1].kind == TokenKind::kLeftParen) continue;
        names.emplace(text.substr(tokens[i].span.begin, tokens[i].span.end - tokens[i].span.begin));
      }
    }
    // Labels in by (...) look like metrics, too.
    const std::vector<std::string> known = catalog_.MetricNames();
    std::string pattern;
    for (const std::string& name : names) {
      if (!std::binary_search(known.begin(), known.end(), name)) continue;
      pattern += (pattern.empty() ? "" : "|") + name;
    }
    return pattern.empty() ? "" : fmt::format("{{__name__=~\"{}\"}}", pattern);
  }

  std::vector<Candidate> InExpression() const {
    const Token* const last = place_.last();
    const std::string_view word = place_.word();
    const bool is_number = !word.empty() && word[0] >= '0' && word[0] <= '9';
    if (is_number && (last == nullptr || last->kind != TokenKind::kOffset)) return {};
    if (last == nullptr) return Operands();
    if (last->kind == TokenKind::kOffset) return Durations("");
    if (last->kind == TokenKind::kAt) return Plain({"start()", "end()"});
    if (last->kind == TokenKind::kAggregator) return Plain({"by", "without"}, " (", "keyword");
    if (EndsOperand(last->kind)) return AfterOperand(last->kind);
    std::vector<Candidate> candidates = Operands();
    if (promql::IsOperator(last->kind)) {
      Append(Plain({"bool"}, " ", "keyword"), &candidates);
      Append(Plain({"on", "ignoring", "group_left", "group_right"}, " (", "keyword"), &candidates);
    }
    return candidates;
  }

  std::vector<Candidate> AfterOperand(TokenKind last) const {
    std::vector<Candidate> candidates =
        Plain({"and", "or", "unless", "offset", "atan2"}, " ", "keyword");
    if (last == TokenKind::kRightParen) {
      Append(Plain({"by", "without", "group_left", "group_right"}, " (", "keyword"), &candidates);
    }
    return candidates;
  }

  std::vector<Candidate> Operands() const {
    // Names of metrics come in when something is typed that could be one, or all with nothing.
    std::vector<Candidate> candidates;
    for (std::string& name : catalog_.MetricNames()) {
      const bool quoted = !std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == ':';
      });
      if (quoted) name = fmt::format("{{\"{}\"}}", Escaped(name, '"'));
      candidates.push_back({std::move(name), "", "metric"});
    }
    for (const Aggregation& one : kAggregations) {
      candidates.push_back({std::string(one.name), "(", fmt::format("({})", one.arguments)});
    }
    for (const promql::FunctionSignature& function : promql::AllFunctions()) {
      candidates.push_back({std::string(function.name), "(", ArgumentsText(function)});
    }
    return candidates;
  }

  const Place& place_;
  const std::string_view rest_;
  Catalog& catalog_;
};

// Behind a backslash: the shell's own commands, then their arguments.
Completion CompleteCommand(std::string_view text, size_t cursor, Catalog& catalog) {
  const std::string_view before = text.substr(0, cursor);
  const size_t space = before.find(' ');
  if (space == std::string_view::npos) {
    std::vector<Candidate> commands;
    for (const ShellCommand& command : ShellCommands()) {
      commands.push_back({std::string(command.name), command.argument.empty() ? "" : " ",
                          std::string(command.help)});
    }
    return {0, Matching(std::move(commands), before)};
  }
  const size_t begin = std::min(before.find_first_not_of(' ', space), before.size());
  const ShellCommand* const command = FindShellCommand(before.substr(0, space));
  if (command == nullptr) return {cursor, {}};
  if (command->values.empty() && !command->takes_query) return {cursor, {}};
  if (command->takes_query) {
    Completion completion = Complete(text.substr(begin), cursor - begin, catalog);
    completion.begin += begin;
    return completion;
  }
  std::vector<Candidate> values;
  for (const std::string_view value : command->values)
    values.push_back({std::string(value), "", ""});
  return {begin, Matching(std::move(values), before.substr(begin))};
}

}  // namespace

Completion Complete(std::string_view text, size_t cursor, Catalog& catalog) {
  if (text.starts_with('\\')) return CompleteCommand(text, cursor, catalog);
  const Place place = Locate(text.substr(0, cursor));
  return Completer(place, text.substr(cursor), catalog).Run();
}

std::string CommonPrefix(const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return "";
  std::string common = candidates.front().text;
  for (const Candidate& candidate : candidates) {
    const auto [end, other] =
        std::mismatch(common.begin(), common.end(), candidate.text.begin(), candidate.text.end());
    common.erase(end, common.end());
  }
  // Not half a character.
  while (!common.empty() && common.size() < candidates.front().text.size() &&
         (candidates.front().text[common.size()] & 0xC0) == 0x80) {
    common.pop_back();
  }
  return common;
}

std::string CallHint(std::string_view text, size_t cursor) {
  const Place place = Locate(text.substr(0, cursor));
  if (place.lost) return "";
  for (size_t i = place.scopes.size(); i-- > 0;) {
    const Scope& scope = place.scopes[i];
    if (scope.kind != Scope::Kind::kParen || !scope.before.has_value()) continue;
    if (TakesLabels(scope.before->kind)) return "";
    const std::string_view name = place.TextOf(*scope.before);
    if (const promql::FunctionSignature* const function = promql::FindFunction(name)) {
      return std::string(name) + ArgumentsText(*function);
    }
    for (const Aggregation& one : kAggregations) {
      if (one.name == name) return fmt::format("{}({})", name, one.arguments);
    }
  }
  return "";
}

}  // namespace vigil::cli
