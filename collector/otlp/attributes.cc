// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/attributes.h"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include <opentelemetry/proto/common/v1/common.pb.h>

#include <fmt/format.h>

namespace vigil::collector {
namespace {

namespace common = opentelemetry::proto::common::v1;

std::string TextOf(const storage::Attributes& attributes, std::string_view name) {
  const storage::Value* const value = storage::FindAttribute(attributes, name);
  return value == nullptr ? std::string() : storage::ToText(*value);
}

bool HasMap(const storage::Value& value) {
  const auto* const list = std::get_if<storage::ValueList>(&value.data);
  return std::holds_alternative<storage::Attributes>(value.data) ||
         (list != nullptr && std::any_of(list->begin(), list->end(), HasMap));
}

void SortMaps(storage::Value* value) {
  if (auto* const list = std::get_if<storage::ValueList>(&value->data)) {
    for (storage::Value& member : *list) SortMaps(&member);
  } else if (auto* const map = std::get_if<storage::Attributes>(&value->data)) {
    for (storage::Attribute& member : *map) SortMaps(&member.value);
    std::stable_sort(map->begin(), map->end(),
                     [](const auto& a, const auto& b) { return a.name < b.name; });
  }
}

// Maps have no order: equal ones make equal labels, however they were sent.
std::string LabelText(const storage::Value& value) {
  if (!HasMap(value)) return storage::ToText(value);
  storage::Value sorted = value;
  SortMaps(&sorted);
  return storage::ToText(sorted);
}

}  // namespace

storage::Value ToValue(const common::AnyValue& message) {
  switch (message.value_case()) {
    case common::AnyValue::kStringValue:
      return {message.string_value()};
    case common::AnyValue::kBoolValue:
      return {message.bool_value()};
    case common::AnyValue::kIntValue:
      return {int64_t{message.int_value()}};
    case common::AnyValue::kDoubleValue:
      return {message.double_value()};
    case common::AnyValue::kArrayValue: {
      storage::ValueList list;
      for (const common::AnyValue& item : message.array_value().values()) {
        list.push_back(ToValue(item));
      }
      return {std::move(list)};
    }
    case common::AnyValue::kKvlistValue:
      return {ToAttributes(message.kvlist_value().values())};
    case common::AnyValue::kBytesValue:
      return {storage::Bytes{message.bytes_value()}};
    case common::AnyValue::VALUE_NOT_SET:
      return {};
  }
  return {};
}

storage::Attribute ToAttribute(const common::KeyValue& message) {
  return {message.key(), ToValue(message.value())};
}

absl::Status AddLabels(const storage::Attributes& attributes, const NameRules& rules,
                       std::vector<storage::Label>* labels, std::vector<std::string>* joined) {
  // By original name, so that values that fall together are joined in its order; of a name that
  // repeats the last value counts.
  std::map<std::string_view, const storage::Value*> by_name;
  for (const storage::Attribute& attribute : attributes) by_name[attribute.name] = &attribute.value;
  std::map<std::string, std::string> translated;
  for (const auto& [name, value] : by_name) {
    std::string label = TranslateLabelName(name, rules);
    if (label.empty()) {
      return absl::InvalidArgumentError(
          fmt::format("attribute \"{}\" has no name that a label could have", name));
    }
    if (label == storage::kMetricName) continue;
    std::string text = LabelText(*value);
    // Left alone where the label is there.
    const auto [at, added] = translated.try_emplace(std::move(label), std::move(text));
    if (added) continue;
    at->second += ";" + text;
    if (joined->empty() || joined->back() != at->first) joined->push_back(at->first);
  }
  for (auto& [name, value] : translated) labels->push_back({name, std::move(value)});
  return absl::OkStatus();
}

absl::StatusOr<storage::Attribute> ParseAttribute(std::string_view bytes) {
  common::KeyValue message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("an attribute is not a KeyValue message with UTF-8 text");
  }
  return ToAttribute(message);
}

TargetIdentity IdentityOf(const storage::Attributes& resource) {
  TargetIdentity identity;
  identity.job = TextOf(resource, "service.name");
  const std::string service_namespace = TextOf(resource, "service.namespace");
  if (!identity.job.empty() && !service_namespace.empty()) {
    identity.job = service_namespace + "/" + identity.job;
  }
  identity.instance = TextOf(resource, "service.instance.id");
  return identity;
}

}  // namespace vigil::collector
