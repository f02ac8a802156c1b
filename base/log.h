// SPDX-License-Identifier: Apache-2.0
//
// vigil's own log: one JSON object a line on standard error, as log shippers like it.
//
//   Log(LogLevel::kInfo, "listening", {{"protocol", "grpc"}, {"port", port}});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace vigil {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// A named value of a log line. Text values must outlive the call only.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, int64_t, double, bool> value;

  LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, const std::string& text)
      : name(field_name), value(std::string_view(text)) {}
  LogField(std::string_view field_name, const char* text)
      : name(field_name), value(std::string_view(text)) {}
  LogField(std::string_view field_name, bool flag) : name(field_name), value(flag) {}
  LogField(std::string_view field_name, double number) : name(field_name), value(number) {}
  LogField(std::string_view field_name, int number) : name(field_name), value(int64_t{number}) {}
  LogField(std::string_view field_name, int64_t number) : name(field_name), value(number) {}
  LogField(std::string_view field_name, uint64_t number)
      : name(field_name), value(static_cast<int64_t>(number)) {}
};

// Writes one line. Thread-safe; lines of several threads do not mix.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// Lines below `level` are dropped from now on. The default is kInfo.
void SetLogLevel(LogLevel level);

// `text` as the inside of a JSON string: quotes, backslashes and control characters escaped,
// invalid UTF-8 replaced.
std::string EscapeJson(std::string_view text);

}  // namespace vigil
