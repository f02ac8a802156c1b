// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <atomic>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/strings.h"

namespace vigil {
namespace {

std::atomic<LogLevel> g_lowest_level{LogLevel::kInfo};

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

struct ValuePrinter {
  std::string operator()(std::string_view text) const {
    return fmt::format("\"{}\"", EscapeJson(text));
  }
  std::string operator()(int64_t number) const { return fmt::to_string(number); }
  std::string operator()(double number) const {
    return std::isfinite(number) ? fmt::to_string(number) : "null";
  }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
};

}  // namespace

void SetLogLevel(LogLevel level) { g_lowest_level.store(level); }

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < g_lowest_level.load(std::memory_order_relaxed)) return;
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","message":"{}")",
                  FormatInstantMs(SystemClock().NowMs()), LevelName(level), EscapeJson(message));
  for (const LogField& field : fields) {
    line +=
        fmt::format(",\"{}\":{}", EscapeJson(field.name), std::visit(ValuePrinter{}, field.value));
  }
  line += "}\n";
  // One write a line: stdio locks the stream for the length of the call.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string EscapeJson(std::string_view text) {
  std::string clean;
  if (!IsValidUtf8(text)) {
    clean = ReplaceInvalidUtf8(text);
    text = clean;
  }
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '"':
        escaped += "\\\"";
        break;
      case '\\':
        escaped += "\\\\";
        break;
      case '\n':
        escaped += "\\n";
        break;
      case '\r':
        escaped += "\\r";
        break;
      case '\t':
        escaped += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          escaped += fmt::format("\\u{:04x}", static_cast<int>(c));
        } else {
          escaped += c;
        }
    }
  }
  return escaped;
}

}  // namespace vigil
