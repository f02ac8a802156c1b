// SPDX-License-Identifier: Apache-2.0
//
// JSON with templates in its texts: `payload` of webhooks, `details` of PagerDuty.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>
#include <nlohmann/json.hpp>

#include "alerting/notify/channel_fields.h"
#include "alerting/notify/text/notification_templates.h"

namespace vigil::alerting {

// A value type; thread-safe as const.
class Payload {
 public:
  Payload() = default;
  // Of a map, with maps, lists and texts in it. `name` is that of the field.
  static Payload Read(const YAML::Node& node, std::string_view name, ChannelFields* fields);
  // Of any value.
  static Payload ReadValue(const YAML::Node& node, std::string_view name, ChannelFields* fields) {
    return ReadValue(node, name, 0, fields);
  }

  bool given() const { return kind_ != Kind::kNone; }
  // A text that comes out as a JSON object or array is taken for that: {{ .Alerts | toJson }}.
  nlohmann::ordered_json Expand(NotificationTexts* texts) const;

 private:
  enum class Kind { kNone, kText, kMap, kList, kConstant };

  static Payload ReadValue(const YAML::Node& node, std::string_view name, int depth,
                           ChannelFields* fields);

  Kind kind_ = Kind::kNone;
  TemplateText text_;
  nlohmann::ordered_json constant_;
  std::vector<std::pair<TemplateText, Payload>> members_;  // Of a list without names.
};

}  // namespace vigil::alerting
