// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/text/notification_functions.h"

#include <cctype>
#include <string>
#include <utility>

#include <absl/strings/escaping.h>
#include <absl/strings/str_replace.h>
#include <absl/time/time.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/notify/notification.h"
#include "alerting/notify/text/notification_data.h"
#include "alerting/template/go_time.h"
#include "alerting/template/humanize.h"
#include "alerting/template/text_functions.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using text_template::Args;
using text_template::Function;
using text_template::FunctionSet;
using text_template::kAnyNumber;
using text_template::Kind;
using text_template::List;
using text_template::Map;
using text_template::StringArg;
using text_template::TextFunction;
using text_template::Value;

constexpr double kNanosPerSecond = 1e9;

absl::Status Mistake(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

std::string TrimSpace(std::string_view text) { return std::string(Trim(text)); }

// Each word with its first letter in upper case and the others in lower.
std::string Title(std::string_view text) { return text_template::TitleCase(ToLower(text)); }

absl::StatusOr<List> ListArg(const Value& value) {
  const Value list = text_template::Underlying(value);
  if (list.kind() == Kind::kList) return list.AsList();
  return Mistake(fmt::format("wrong type for value; expected a list; got {}", TypeName(value)));
}

absl::StatusOr<Value> Join(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string separator, StringArg(args[0]));
  VIGIL_ASSIGN_OR_RETURN(const List items, ListArg(args[1]));
  std::string text;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += separator;
    text += ToText(items[i]);
  }
  return Value(std::move(text));
}

absl::StatusOr<Value> MakeList(Args args) { return Value(List(args.begin(), args.end())); }

absl::StatusOr<Value> StringSlice(Args args) {
  for (const Value& arg : args) VIGIL_RETURN_IF_ERROR(StringArg(arg).status());
  return MakeList(args);
}

absl::StatusOr<Value> Append(Args args) {
  VIGIL_ASSIGN_OR_RETURN(List items, ListArg(args[0]));
  items.insert(items.end(), args.begin() + 1, args.end());
  return Value(std::move(items));
}

absl::StatusOr<Value> Dict(Args args) {
  if (args.size() % 2 != 0) return Mistake("dict needs a value for each key");
  Map map;
  for (size_t i = 0; i < args.size(); i += 2) {
    VIGIL_ASSIGN_OR_RETURN(const std::string key, StringArg(args[i]));
    map.entries[key] = args[i + 1];
  }
  return Value(std::move(map));
}

absl::StatusOr<absl::Time> TimeArg(const Value& value) {
  if (const auto time = text_template::TimeOf(value); time.has_value()) return *time;
  return Mistake(fmt::format("wrong type for value; expected time.Time; got {}", TypeName(value)));
}

absl::StatusOr<Value> Date(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string layout, StringArg(args[0]));
  VIGIL_RETURN_IF_ERROR(TimeArg(args[1]).status());
  // Its own method knows its zone.
  const Value format[] = {Value(layout)};
  return args[1].AsObject().Member("Format", format);
}

absl::StatusOr<Value> InZone(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string name, StringArg(args[0]));
  VIGIL_ASSIGN_OR_RETURN(const absl::Time time, TimeArg(args[1]));
  absl::TimeZone zone = absl::UTCTimeZone();
  if (name == "Local") {
    zone = absl::LocalTimeZone();
  } else if (!name.empty() && !absl::LoadTimeZone(name, &zone)) {
    return Mistake(fmt::format("unknown time zone {}", name));
  }
  return text_template::MakeTime(time, zone);
}

Value ZeroTime() {
  return text_template::MakeTime(absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone()));
}

absl::StatusOr<Value> MustToDate(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string layout, StringArg(args[0]));
  VIGIL_ASSIGN_OR_RETURN(const std::string text, StringArg(args[1]));
  VIGIL_ASSIGN_OR_RETURN(const absl::Time time, text_template::ParseGoTime(layout, text));
  return text_template::MakeTime(time);
}

absl::StatusOr<Value> ToDate(Args args) {
  absl::StatusOr<Value> time = MustToDate(args);
  return time.ok() ? *std::move(time) : ZeroTime();
}

absl::StatusOr<Value> HumanizeDuration(Args args) {
  if (const auto duration = text_template::DurationOf(args[0]); duration.has_value()) {
    return Value(text_template::HumanizeDuration(static_cast<double>(*duration) / kNanosPerSecond));
  }
  VIGIL_ASSIGN_OR_RETURN(const double seconds, text_template::NumberArg(args[0]));
  return Value(text_template::HumanizeDuration(seconds));
}

// As Go's json.Marshal, which writes what HTML would take for markup as escapes.
absl::StatusOr<Value> ToJson(Args args) {
  std::string text;
  for (const char c : DumpJson(JsonOf(args[0]))) {
    switch (c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text += c;
    }
  }
  return Value(std::move(text));
}

// With the alphabet for URLs, as Alertmanager has it.
std::string EncodeBase64(std::string_view text) {
  return absl::StrReplaceAll(absl::Base64Escape(std::string(text)), {{"+", "-"}, {"/", "_"}});
}

absl::StatusOr<Value> DecodeBase64(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string text, StringArg(args[0]));
  std::string bytes;
  if (!absl::Base64Unescape(absl::StrReplaceAll(text, {{"-", "+"}, {"_", "/"}}), &bytes)) {
    return Mistake(fmt::format("\"{}\" is not base64", text));
  }
  return Value(std::move(bytes));
}

absl::StatusOr<Value> UnescapeUrl(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const std::string text, StringArg(args[0]));
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string byte;
    if (text[i] == '%') {
      if (!FromHex(std::string_view(text).substr(i + 1, 2), &byte) || byte.size() != 1) {
        return Mistake(fmt::format("invalid URL escape in \"{}\"", text));
      }
      plain += byte;
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return Value(std::move(plain));
}

std::string Identity(std::string_view text) { return std::string(text); }

}  // namespace

FunctionSet NotificationFunctions(const FunctionContext& context) {
  FunctionSet set;
  text_template::AddTextFunctions(&set);
  set.insert_or_assign("title", TextFunction(Title));
  set.insert_or_assign("trimSpace", TextFunction(TrimSpace));
  set.insert_or_assign("join", Function{2, 2, Join});
  set.insert_or_assign("stringSlice", Function{0, kAnyNumber, StringSlice});
  set.insert_or_assign("list", Function{0, kAnyNumber, MakeList});
  set.insert_or_assign("append", Function{1, kAnyNumber, Append});
  set.insert_or_assign("dict", Function{0, kAnyNumber, Dict});
  set.insert_or_assign("date", Function{2, 2, Date});
  set.insert_or_assign("tz", Function{2, 2, InZone});
  set.insert_or_assign("toDate", Function{2, 2, ToDate});
  set.insert_or_assign("mustToDate", Function{2, 2, MustToDate});
  set.insert_or_assign("humanizeDuration", Function{1, 1, HumanizeDuration});
  set.insert_or_assign("toJson", Function{1, 1, ToJson});
  set.insert_or_assign("base64encode", TextFunction(EncodeBase64));
  set.insert_or_assign("base64decode", Function{1, 1, DecodeBase64});
  set.insert_or_assign("urlUnescape", Function{1, 1, UnescapeUrl});
  set.insert_or_assign("safeUrl", TextFunction(Identity));
  const absl::Time now = absl::FromUnixMillis(context.now_ms);
  set.insert_or_assign("now", Function{0, 0, [now](Args) { return text_template::MakeTime(now); }});
  set.insert_or_assign(
      "since", Function{1, 1, [now](Args args) -> absl::StatusOr<Value> {
                          VIGIL_ASSIGN_OR_RETURN(const absl::Time time, TimeArg(args[0]));
                          return text_template::MakeDuration(absl::ToInt64Nanoseconds(now - time));
                        }});
  set.insert_or_assign(
      "routeLabels",
      Function{1, 1, [labels = context.route_labels](Args args) -> absl::StatusOr<Value> {
                 VIGIL_ASSIGN_OR_RETURN(const std::string name, StringArg(args[0]));
                 if (labels.kind() != Kind::kObject) return Value("");
                 const auto& entries = labels.AsObject().Underlying().AsMap().entries;
                 const auto at = entries.find(name);
                 return at == entries.end() ? Value("") : at->second;
               }});
  return set;
}

}  // namespace vigil::alerting
