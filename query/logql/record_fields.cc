// SPDX-License-Identifier: Apache-2.0
#include "query/logql/record_fields.h"

#include <array>
#include <cstdlib>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::logql {
namespace {

using storage::Attribute;
using storage::Attributes;

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Sets one field for each scalar in `attributes`; the names of nested ones are joined with "_".
// With `hidden`, names that it has are left out. Recursion is bounded by storage::kMaxValueDepth.
void SetAttributes(const Attributes& attributes, const std::string& prefix,
                   const storage::Labels* hidden, LogLine* line) {
  for (const Attribute& attribute : attributes) {
    const std::string path = prefix + attribute.name;
    if (path.size() > kMaxFieldNameBytes) continue;
    if (const auto* const nested = std::get_if<Attributes>(&attribute.value.data)) {
      SetAttributes(*nested, path + "_", hidden, line);
      continue;
    }
    std::string name = FieldName(path);
    if (hidden != nullptr && hidden->Has(name)) continue;
    line->SetField(std::move(name), storage::ToText(attribute.value));
  }
}

void SetNumber(std::string_view name, uint64_t number, LogLine* line) {
  if (number != 0) line->SetField(std::string(name), fmt::to_string(number));
}

}  // namespace

std::string FieldName(std::string_view attribute) {
  std::string name;
  bool any = false;
  for (const char c : attribute) {
    if (IsAlphanumeric(c)) {
      name += c;
      any = true;
    } else if (name.empty() || name.back() != '_') {
      name += '_';
    }
  }
  if (!any) return "";
  return name[0] >= '0' && name[0] <= '9' ? "key_" + name : name;
}

std::string_view DetectedLevel(const storage::LogRecord& record) {
  constexpr std::array<std::string_view, 6> kLevels = {"trace", "debug", "info",
                                                       "warn",  "error", "fatal"};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kTexts = {
      {{"trace", "trace"},
       {"trc", "trace"},
       {"debug", "debug"},
       {"dbg", "debug"},
       {"info", "info"},
       {"inf", "info"},
       {"information", "info"},
       {"warn", "warn"},
       {"wrn", "warn"},
       {"warning", "warn"},
       {"error", "error"},
       {"err", "error"},
       {"critical", "critical"},
       {"crit", "critical"},
       {"fatal", "fatal"},
       {"panic", "fatal"}}};
  // Four numbers make a level.
  if (record.severity_number >= 1 && record.severity_number <= 24) {
    return kLevels[(record.severity_number - 1) / 4];
  }
  const std::string text = ToLower(record.severity_text);
  for (const auto& [spelling, level] : kTexts) {
    if (spelling == text) return level;
  }
  return "unknown";
}

void SetRecordFields(const storage::LogRecord& record, LogLine* line) {
  const storage::Origin& origin = *record.origin;
  SetAttributes(origin.resource, "", &line->stream(), line);
  SetAttributes(origin.scope_attributes, "", nullptr, line);
  SetAttributes(record.attributes, "", nullptr, line);
  line->SetField("scope_name", origin.scope_name);
  line->SetField("scope_version", origin.scope_version);
  line->SetField("severity_text", record.severity_text);
  line->SetField("detected_level", std::string(DetectedLevel(record)));
  line->SetField("event_name", record.event_name);
  line->SetField("trace_id", record.trace_id.ToText());
  line->SetField("span_id", record.span_id.ToText());
  SetNumber("severity_number", record.severity_number, line);
  SetNumber("observed_timestamp", static_cast<uint64_t>(record.observed_time_ns), line);
  SetNumber("flags", record.flags, line);
  SetNumber("dropped_attributes_count", record.dropped_attributes_count, line);
}

}  // namespace vigil::logql
