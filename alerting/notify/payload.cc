// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/payload.h"

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

// The JSON that a text is; nullopt if it is no list or map of it.
std::optional<Json> ParseNested(const std::string& text) {
  if (!text.starts_with('{') && !text.starts_with('[')) return std::nullopt;
  Json parsed = ParseJson(text);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

// What a text without quotes stands for: a number, true, null; else the text.
Json ConstantOf(const YAML::Node& node) {
  bool flag = false;
  int64_t whole = 0;
  double number = 0;
  if (YAML::convert<bool>::decode(node, flag)) return flag;
  if (YAML::convert<int64_t>::decode(node, whole)) return whole;
  if (YAML::convert<double>::decode(node, number)) return number;
  return node.Scalar();
}

}  // namespace

Payload Payload::Read(const YAML::Node& node, std::string_view name, ChannelFields* fields) {
  if (node.IsNull()) return {};
  if (!node.IsMap()) {
    fields->errors().Add(node, fmt::format("{} must be a map", name));
    return {};
  }
  return ReadValue(node, name, 0, fields);
}

Payload Payload::ReadValue(const YAML::Node& node, std::string_view name, int depth,
                           ChannelFields* fields) {
  Payload payload;
  if (depth > kMaxJsonDepth) {  // YAML's aliases could make a document endless.
    fields->errors().Add(node, fmt::format("{} is deeper than {}", name, kMaxJsonDepth));
  } else if (node.IsMap()) {
    payload.kind_ = Kind::kMap;
    for (const auto& member : node) {
      payload.members_.emplace_back(fields->Template(member.first, name),
                                    ReadValue(member.second, name, depth + 1, fields));
    }
  } else if (node.IsSequence()) {
    payload.kind_ = Kind::kList;
    for (const YAML::Node& item : node) {
      payload.members_.emplace_back(TemplateText(), ReadValue(item, name, depth + 1, fields));
    }
  } else if (node.IsScalar() && node.Scalar().find("{{") != std::string::npos) {
    payload.kind_ = Kind::kText;
    payload.text_ = fields->Template(node, name);
  } else {
    payload.kind_ = Kind::kConstant;
    // "?" is the tag of a text without quotes.
    if (node.IsScalar())
      payload.constant_ = node.Tag() == "?" ? ConstantOf(node) : Json(node.Scalar());
  }
  return payload;
}

Json Payload::Expand(NotificationTexts* texts) const {
  switch (kind_) {
    case Kind::kNone:
      return nullptr;
    case Kind::kConstant:
      return constant_;
    case Kind::kText: {
      std::string text = texts->Expand(text_);
      std::optional<Json> parsed = ParseNested(text);
      return parsed.has_value() ? *std::move(parsed) : Json(std::move(text));
    }
    case Kind::kMap: {
      Json json = Json::object();
      for (const auto& [name, member] : members_) json[texts->Expand(name)] = member.Expand(texts);
      return json;
    }
    case Kind::kList: {
      Json json = Json::array();
      for (const auto& [name, member] : members_) json.push_back(member.Expand(texts));
      return json;
    }
  }
  return nullptr;
}

}  // namespace vigil::alerting
