// SPDX-License-Identifier: Apache-2.0
#include "base/yaml_map.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil {
namespace {

// Keeps "now plus a duration" within the type.
constexpr int64_t kMaxDurationMs = 100 * 365 * kMillisPerDay;
// Merge keys may name maps that merge others, but an anchor may also name what it stands in.
constexpr int kMaxMergeDepth = 16;
constexpr int kMaxMergedMaps = 1'000;

// Quoted scalars and blocks have the tag "!": they are texts, whatever they say.
bool IsQuoted(const YAML::Node& node) { return node.Tag() == "!"; }

bool IsMergeKey(const YAML::Node& key) { return key.Scalar() == "<<" && !IsQuoted(key); }

}  // namespace

void YamlErrors::Add(const YAML::Mark& mark, std::string_view message) {
  // A null mark (an empty document) is -1.
  errors_.push_back(
      {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1, std::string(message)});
}

absl::Status YamlErrors::ToStatus() const {
  if (errors_.empty()) return absl::OkStatus();
  std::vector<Error> sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Error& a, const Error& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  std::string text;
  for (const Error& error : sorted) {
    if (!text.empty()) text += '\n';
    text += fmt::format("{}:{}:{}: {}", file_name_, error.line, error.column, error.message);
  }
  return absl::InvalidArgumentError(text);
}

YamlMap::YamlMap(const YAML::Node& node, std::string_view what, YamlErrors* errors)
    : what_(what), mark_(node.Mark()), errors_(errors) {
  int maps_left = kMaxMergedMaps;
  if (!node.IsNull()) AddFields(node, 0, &maps_left);
}

void YamlMap::AddFields(const YAML::Node& node, int depth, int* maps_left) {
  if (!node.IsMap()) return errors_->Add(node, fmt::format("{} must be a map", what_));
  if (*maps_left <= 0) return;  // Said already.
  if (--*maps_left == 0 || depth > kMaxMergeDepth) {
    *maps_left = 0;
    return errors_->Add(node, "maps merge each other too deeply");
  }
  // Those of the maps that merge this one go before its own.
  const size_t merging = fields_.size();
  std::vector<YAML::Node> merged;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      errors_->Add(entry.first, fmt::format("{} has a key that is not a text", what_));
    } else if (IsMergeKey(entry.first)) {
      merged.push_back(entry.second);
    } else {
      AddField(entry.first, entry.second, merging);
    }
  }
  for (const YAML::Node& other : merged) {
    if (!other.IsSequence()) {
      AddFields(other, depth + 1, maps_left);
      continue;
    }
    for (const YAML::Node& item : other) AddFields(item, depth + 1, maps_left);
  }
}

void YamlMap::AddField(const YAML::Node& key, const YAML::Node& value, size_t merging) {
  const std::string& name = key.Scalar();
  const auto known = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Field& field) { return field.name == name; });
  if (known == fields_.end()) {
    fields_.push_back({name, key.Mark(), value});
  } else if (static_cast<size_t>(known - fields_.begin()) >= merging) {
    errors_->Add(key, fmt::format("{} is given twice in {}", name, what_));
  }
}

YAML::Node YamlMap::Take(std::string_view name) {
  for (Field& field : fields_) {
    if (field.name != name) continue;
    field.taken = true;
    return field.value;
  }
  return YAML::Node(YAML::NodeType::Null);
}

bool YamlMap::Has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const Field& field) {
    return field.name == name && !field.value.IsNull();
  });
}

YAML::Mark YamlMap::MarkOf(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.name == name) return field.value.Mark();
  }
  return mark_;
}

bool YamlMap::TakeScalar(std::string_view name, YAML::Node* node) {
  node->reset(Take(name));
  if (node->IsNull()) return false;
  if (node->IsScalar()) return true;
  errors_->Add(*node, fmt::format("{} must be a single value", name));
  return false;
}

bool YamlMap::TakeString(std::string_view name, std::string* out) {
  YAML::Node node;
  if (!TakeScalar(name, &node)) return false;
  *out = node.Scalar();
  return true;
}

bool YamlMap::TakeBool(std::string_view name, bool* out) {
  YAML::Node node;
  if (!TakeScalar(name, &node)) return false;
  if (!IsQuoted(node) && YAML::convert<bool>::decode(node, *out)) return true;
  errors_->Add(node, fmt::format("{} must be true or false", name));
  return false;
}

bool YamlMap::TakeInt(std::string_view name, int64_t* out) {
  YAML::Node node;
  if (!TakeScalar(name, &node)) return false;
  int64_t value = 0;
  if (!IsQuoted(node) && YAML::convert<int64_t>::decode(node, value) && value >= 0) {
    *out = value;
    return true;
  }
  errors_->Add(node, fmt::format("{} must be a whole number, 0 or more", name));
  return false;
}

bool YamlMap::TakeDurationMs(std::string_view name, int64_t* out) {
  YAML::Node node;
  if (!TakeScalar(name, &node)) return false;
  const absl::StatusOr<int64_t> duration = ParseDurationMs(node.Scalar());
  if (!duration.ok()) {
    errors_->Add(node, fmt::format("{}: {}", name, MessageOf(duration.status())));
    return false;
  }
  if (*duration > kMaxDurationMs) {
    errors_->Add(node, fmt::format("{} is longer than 100y", name));
    return false;
  }
  *out = *duration;
  return true;
}

void YamlMap::Refuse(std::initializer_list<std::string_view> names, std::string_view remedy) {
  for (Field& field : fields_) {
    if (std::find(names.begin(), names.end(), field.name) == names.end()) continue;
    field.taken = true;
    errors_->Add(field.mark, fmt::format("{} is not supported{}{}", field.name,
                                         remedy.empty() ? "" : ": ", remedy));
  }
}

std::vector<std::string> YamlMap::Names() const {
  std::vector<std::string> names;
  for (const Field& field : fields_) names.push_back(field.name);
  return names;
}

void YamlMap::Finish() {
  for (const Field& field : fields_) {
    if (field.taken) continue;
    errors_->Add(field.mark, fmt::format("unknown field {} in {}", field.name, what_));
  }
}

}  // namespace vigil
