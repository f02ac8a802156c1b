// SPDX-License-Identifier: Apache-2.0
#include "query/logql/log_line.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace vigil::logql {
namespace {

constexpr std::string_view kExtractedSuffix = "_extracted";

bool ByName(const Field& field, std::string_view name) { return field.name < name; }

// `key` as a field's name: letters, digits and underscores, no digit first.
std::string SanitizeKey(std::string_view key) {
  key = Trim(key);
  std::string name;
  if (!key.empty() && key[0] >= '0' && key[0] <= '9') name = "_";
  for (const char c : key) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    name += plain ? c : '_';
  }
  return name;
}

}  // namespace

std::string_view LogLine::Get(std::string_view name) const {
  const auto found = std::lower_bound(fields_.begin(), fields_.end(), name, ByName);
  if (found != fields_.end() && found->name == name) return found->value;
  return stream_->Get(name);
}

std::vector<Field>::iterator LogLine::Find(std::string_view name) {
  const auto found = std::lower_bound(fields_.begin(), fields_.end(), name, ByName);
  return found != fields_.end() && found->name == name ? found : fields_.end();
}

void LogLine::Insert(std::string name, std::string value, bool parsed) {
  const auto at = std::lower_bound(fields_.begin(), fields_.end(), name, ByName);
  fields_.insert(at, {std::move(name), std::move(value), parsed});
}

void LogLine::SetField(std::string name, std::string value) {
  if (name.empty() || value.empty()) return;
  if (const auto found = Find(name); found != fields_.end()) {
    found->value = std::move(value);
  } else {
    Insert(std::move(name), std::move(value), false);
  }
}

void LogLine::AddParsed(std::string_view key, std::string_view value) {
  if (key.size() > kMaxFieldNameBytes) return;
  std::string name = SanitizeKey(key);
  if (name.empty() || value.empty()) return;
  auto found = Find(name);
  const bool reserved = name == kErrorField || name == kErrorDetailsField;
  const bool taken = reserved || (found != fields_.end() ? !found->parsed : stream_->Has(name));
  if (taken) {
    name += kExtractedSuffix;
    found = Find(name);
  }
  if (found != fields_.end()) return;
  if (parsed_fields_ == kMaxParsedFields) {
    return SetError("TooManyFieldsErr", "the line has more fields than a query looks at");
  }
  Insert(std::move(name), std::string(value), true);
  ++parsed_fields_;
}

void LogLine::SetError(std::string_view error, std::string_view details) {
  if (Find(kErrorField) != fields_.end()) return;
  Insert(std::string(kErrorField), std::string(error), true);
  Insert(std::string(kErrorDetailsField), std::string(details), true);
}

}  // namespace vigil::logql
