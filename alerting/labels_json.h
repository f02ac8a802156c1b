// SPDX-License-Identifier: Apache-2.0
//
// Labels as objects of JSON, for rows of state and for what alert managers send each other.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// Of nlohmann::json or ordered_json.
template <typename Json>
Json EncodeLabels(const storage::Labels& labels) {
  Json json = Json::object();
  for (const storage::LabelView& label : labels) {
    json[std::string(label.name)] = std::string(label.value);
  }
  return json;
}

// Throws what nlohmann throws.
template <typename Json>
storage::Labels DecodeLabels(const Json& json) {
  std::vector<storage::Label> labels;
  for (const auto& [name, value] : json.items()) {
    labels.push_back({name, value.template get<std::string>()});
  }
  return storage::Labels(std::move(labels));
}

// Member `key` of an object, escaped as Alertmanager does.
inline void WriteLabels(std::string_view key, const storage::Labels& labels, JsonWriter* json) {
  json->Key(key);
  json->BeginObject();
  for (const storage::LabelView& label : labels) {
    json->EscapedKey(label.name);
    json->Text(label.value);
  }
  json->EndObject();
}

}  // namespace vigil::alerting
