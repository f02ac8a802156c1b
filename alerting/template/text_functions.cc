// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/text_functions.h"

#include <cctype>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include "alerting/template/builtins.h"
#include "alerting/template/humanize.h"
#include "alerting/template/regex.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::text_template {
namespace {

absl::Status WrongType(std::string_view wanted, const Value& value) {
  return absl::InvalidArgumentError(
      fmt::format("wrong type for value; expected {}; got {}", wanted, TypeName(value)));
}

char UpperAscii(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string ToUpperText(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = UpperAscii(c);
  return upper;
}

std::string Identity(std::string_view text) { return std::string(text); }

bool IsIpAddress(const std::string& host) {
  in6_addr address;
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

struct HostPort {
  std::string_view host;
  std::string_view port;
};

// "host:port" and "[host]:port"; false for everything else.
bool SplitHostPort(std::string_view text, HostPort* parts) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  parts->host = text.substr(0, colon);
  parts->port = text.substr(colon + 1);
  if (parts->host.starts_with('[')) {
    if (!parts->host.ends_with(']')) return false;
    parts->host = parts->host.substr(1, parts->host.size() - 2);
    return parts->host.find_first_of("[]") == std::string_view::npos;
  }
  return parts->host.find_first_of(":[]") == std::string_view::npos &&
         parts->port.find_first_of("[]") == std::string_view::npos;
}

std::string StripPort(std::string_view text) {
  HostPort parts;
  return std::string(SplitHostPort(text, &parts) ? parts.host : text);
}

std::string StripDomain(std::string_view text) {
  HostPort parts;
  const bool has_port = SplitHostPort(text, &parts);
  const std::string_view host = has_port ? parts.host : text;
  if (IsIpAddress(std::string(host))) return std::string(text);
  const std::string_view first = host.substr(0, host.find('.'));
  return has_port ? fmt::format("{}:{}", first, parts.port) : std::string(first);
}

absl::StatusOr<Value> Match(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string pattern, StringArg(args[0]));
  VIGIL_ASSIGN_OR_RETURN(const std::string text, StringArg(args[1]));
  VIGIL_ASSIGN_OR_RETURN(const auto regex, CompileRegex(pattern));
  return Value(re2::RE2::PartialMatch(text, *regex));
}

absl::StatusOr<Value> ReplaceAllFunction(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string pattern, StringArg(args[0]));
  VIGIL_ASSIGN_OR_RETURN(const std::string replacement, StringArg(args[1]));
  VIGIL_ASSIGN_OR_RETURN(const std::string text, StringArg(args[2]));
  VIGIL_ASSIGN_OR_RETURN(std::string replaced, ReplaceAll(pattern, replacement, text));
  return Value(std::move(replaced));
}

}  // namespace

absl::StatusOr<std::string> StringArg(const Value& value) {
  const Value text = Underlying(value);
  if (text.kind() != Kind::kString) return WrongType("string", value);
  return text.AsString();
}

absl::StatusOr<double> NumberArg(const Value& value) {
  const Value number = Underlying(value);
  double parsed = 0;
  switch (number.kind()) {
    case Kind::kInt:
      return static_cast<double>(number.AsInt());
    case Kind::kFloat:
      return number.AsFloat();
    case Kind::kString:
      if (ParseDouble(number.AsString(), &parsed)) return parsed;
      return absl::InvalidArgumentError(fmt::format("\"{}\" is not a number", number.AsString()));
    default:
      return WrongType("float64", value);
  }
}

Function TextFunction(std::string (*function)(std::string_view)) {
  return {1, 1, [function](Args args) -> absl::StatusOr<Value> {
            VIGIL_ASSIGN_OR_RETURN(const std::string text, StringArg(args[0]));
            return Value(function(text));
          }};
}

Function NumberFunction(std::string (*function)(double)) {
  return {1, 1, [function](Args args) -> absl::StatusOr<Value> {
            VIGIL_ASSIGN_OR_RETURN(const double number, NumberArg(args[0]));
            return Value(function(number));
          }};
}

std::string TitleCase(std::string_view text) {
  std::string title(text);
  bool in_word = false;
  for (char& c : title) {
    if (!in_word) c = UpperAscii(c);
    // Bytes beyond ASCII are parts of letters.
    in_word = c == '_' || (c & 0x80) || std::isalnum(static_cast<unsigned char>(c));
  }
  return title;
}

void AddTextFunctions(FunctionSet* set) {
  set->insert_or_assign("toUpper", TextFunction(ToUpperText));
  set->insert_or_assign("toLower", TextFunction(ToLower));
  set->insert_or_assign("safeHtml", TextFunction(Identity));
  set->insert_or_assign("stripPort", TextFunction(StripPort));
  set->insert_or_assign("stripDomain", TextFunction(StripDomain));
  set->insert_or_assign("urlQueryEscape", TextFunction(QueryEscape));
  set->insert_or_assign("humanizeDuration", NumberFunction(HumanizeDuration));
  set->insert_or_assign("match", Function{2, 2, Match});
  set->insert_or_assign("reReplaceAll", Function{3, 3, ReplaceAllFunction});
}

}  // namespace vigil::text_template
