// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/text/notification_data.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/labels_json.h"
#include "alerting/template/go_time.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;
using storage::Labels;
using storage::LabelView;
using text_template::Args;
using text_template::Kind;
using text_template::List;
using text_template::Map;
using text_template::Object;
using text_template::Value;

absl::Status NoMember(const Object& object, std::string_view name) {
  return absl::NotFoundError(fmt::format("no field or method {} in {}", name, object.TypeName()));
}

absl::Status WrongArguments(std::string_view name) {
  return absl::InvalidArgumentError(fmt::format("wrong arguments for {}", name));
}

// An object that toJson knows how to write.
class JsonObject : public Object {
 public:
  virtual Json ToJson() const = 0;
};

Value TextList(std::vector<std::string> texts) {
  List list;
  for (std::string& text : texts) list.emplace_back(std::move(text));
  return Value(std::move(list));
}

// A name and its value.
class PairObject final : public JsonObject {
 public:
  PairObject(std::string name, std::string value)
      : name_(std::move(name)), value_(std::move(value)) {}

  std::string TypeName() const override { return "template.Pair"; }
  std::string ToText() const override { return fmt::format("{{{} {}}}", name_, value_); }
  Json ToJson() const override { return {{"Name", name_}, {"Value", value_}}; }
  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    if (!args.empty()) return WrongArguments(name);
    if (name == "Name") return Value(name_);
    if (name == "Value") return Value(value_);
    return NoMember(*this, name);
  }

 private:
  const std::string name_;
  const std::string value_;
};

class PairsObject final : public JsonObject {
 public:
  explicit PairsObject(const Labels& labels) {
    // The alert's name first, then in the order of names.
    for (const bool alertname : {true, false}) {
      for (const LabelView& label : labels) {
        if ((label.name == "alertname") != alertname) continue;
        names_.emplace_back(label.name);
        values_.emplace_back(label.value);
      }
    }
    List list;
    for (size_t i = 0; i < names_.size(); ++i) {
      list.emplace_back(
          std::shared_ptr<const Object>(std::make_shared<PairObject>(names_[i], values_[i])));
    }
    list_ = Value(std::move(list));
  }

  std::string TypeName() const override { return "template.Pairs"; }
  Value Underlying() const override { return list_; }
  Json ToJson() const override { return JsonOf(list_); }
  // name=value, as people write it.
  std::string ToText() const override {
    std::string text;
    for (size_t i = 0; i < names_.size(); ++i) {
      text += fmt::format("{}{}={}", i == 0 ? "" : ", ", names_[i], values_[i]);
    }
    return text;
  }
  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    if (!args.empty()) return WrongArguments(name);
    if (name == "Names") return TextList(names_);
    if (name == "Values") return TextList(values_);
    return NoMember(*this, name);
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::string> values_;
  Value list_;
};

class KeyValuesObject final : public JsonObject {
 public:
  explicit KeyValuesObject(const Labels& labels) : labels_(labels) {
    Map map;
    for (const LabelView& label : labels_) map.entries[std::string(label.name)] = label.value;
    map.missing = Value("");
    map_ = Value(std::move(map));
  }

  std::string TypeName() const override { return "template.KV"; }
  Value Underlying() const override { return map_; }
  Json ToJson() const override { return EncodeLabels<Json>(labels_); }
  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    if (name == "Remove") return Remove(args);
    if (!args.empty()) return WrongArguments(name);
    if (name == "SortedPairs") {
      return Value(std::shared_ptr<const Object>(std::make_shared<PairsObject>(labels_)));
    }
    if (name == "Names") return PairsObject(labels_).Member(name, args);
    if (name == "Values") return PairsObject(labels_).Member(name, args);
    return Value(labels_.Get(name));
  }

 private:
  absl::StatusOr<Value> Remove(Args args) const {
    if (args.size() != 1) return WrongArguments("Remove");
    const Value names = text_template::Underlying(args[0]);
    if (names.kind() != Kind::kList) return WrongArguments("Remove");
    std::vector<storage::Label> left;
    for (const LabelView& label : labels_) {
      const bool removed =
          std::any_of(names.AsList().begin(), names.AsList().end(), [&label](const Value& name) {
            return name.kind() == Kind::kString && name.AsString() == label.name;
          });
      if (!removed) left.push_back({std::string(label.name), std::string(label.value)});
    }
    return KeyValues(Labels(std::move(left)));
  }

  const Labels labels_;
  Value map_;
};

class AlertObject final : public JsonObject {
 public:
  explicit AlertObject(ToldAlert told)
      : told_(std::move(told)),
        labels_(KeyValues(told_.alert.labels)),
        annotations_(KeyValues(told_.alert.annotations)) {}

  const ToldAlert& told() const { return told_; }
  std::string TypeName() const override { return "template.Alert"; }
  std::string ToText() const override { return DumpJson(ToJson()); }
  Json ToJson() const override { return ToldAlertJson(told_); }
  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    if (!args.empty()) return WrongArguments(name);
    if (name == "Status") return Value(told_.resolved ? "resolved" : "firing");
    if (name == "Labels") return labels_;
    if (name == "Annotations") return annotations_;
    if (name == "StartsAt") return Time(told_.alert.starts_at_ms);
    if (name == "EndsAt") return told_.resolved ? Time(told_.alert.ends_at_ms) : NoTime();
    if (name == "GeneratorURL") return Value(told_.alert.generator_url);
    if (name == "Fingerprint") return Value(fmt::format("{:016x}", told_.fingerprint));
    return NoMember(*this, name);
  }

 private:
  static Value Time(int64_t unix_ms) {
    return text_template::MakeTime(absl::FromUnixMillis(unix_ms));
  }
  static Value NoTime() {
    return text_template::MakeTime(
        absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone()));
  }

  const ToldAlert told_;
  const Value labels_;
  const Value annotations_;
};

class AlertsObject final : public JsonObject {
 public:
  explicit AlertsObject(std::vector<std::shared_ptr<const AlertObject>> alerts)
      : alerts_(std::move(alerts)) {
    List list;
    for (const auto& alert : alerts_) list.emplace_back(std::shared_ptr<const Object>(alert));
    list_ = Value(std::move(list));
  }

  std::string TypeName() const override { return "template.Alerts"; }
  Value Underlying() const override { return list_; }
  Json ToJson() const override { return JsonOf(list_); }
  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    if (!args.empty()) return WrongArguments(name);
    if (name == "Firing") return Only(false);
    if (name == "Resolved") return Only(true);
    return NoMember(*this, name);
  }

 private:
  Value Only(bool resolved) const {
    std::vector<std::shared_ptr<const AlertObject>> some;
    for (const auto& alert : alerts_) {
      if (alert->told().resolved == resolved) some.push_back(alert);
    }
    return Value(std::shared_ptr<const Object>(std::make_shared<AlertsObject>(std::move(some))));
  }

  const std::vector<std::shared_ptr<const AlertObject>> alerts_;
  Value list_;
};

class RootObject final : public JsonObject {
 public:
  explicit RootObject(const Notification& notification) {
    std::vector<std::shared_ptr<const AlertObject>> alerts;
    for (const ToldAlert& told : notification.alerts) {
      alerts.push_back(std::make_shared<AlertObject>(told));
    }
    fields_ = {
        {"Receiver", "receiver", Value(notification.receiver)},
        {"Status", "status", Value(notification.firing() ? "firing" : "resolved")},
        {"Alerts", "alerts",
         Value(std::shared_ptr<const Object>(std::make_shared<AlertsObject>(std::move(alerts))))},
        {"GroupLabels", "groupLabels", KeyValues(notification.group_labels)},
        {"CommonLabels", "commonLabels", KeyValues(notification.CommonLabels())},
        {"CommonAnnotations", "commonAnnotations", KeyValues(notification.CommonAnnotations())},
        {"RouteLabels", "routeLabels", KeyValues(notification.route_labels)},
        {"ExternalURL", "externalURL", Value(notification.external_url)},
        {"NotificationReason", "notification_reason", Value(notification.reason)},
    };
  }

  std::string TypeName() const override { return "template.Data"; }
  std::string ToText() const override { return DumpJson(ToJson()); }
  Json ToJson() const override {
    Json json;
    for (const FieldOfRoot& field : fields_)
      json[std::string(field.json_name)] = JsonOf(field.value);
    return json;
  }
  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    if (!args.empty()) return WrongArguments(name);
    for (const FieldOfRoot& field : fields_) {
      if (field.name == name) return field.value;
    }
    return NoMember(*this, name);
  }

 private:
  struct FieldOfRoot {
    std::string_view name;
    std::string_view json_name;
    Value value;
  };
  std::vector<FieldOfRoot> fields_;
};

Json NumberJson(double number) {
  // A whole number is written as one, as Go does.
  constexpr double kMaxExact = 9007199254740992;  // 2^53
  if (std::abs(number) < kMaxExact && std::trunc(number) == number) {
    return static_cast<int64_t>(number);
  }
  return number;
}

Json ObjectJson(const Value& value) {
  const Object& object = value.AsObject();
  if (const auto* const known = dynamic_cast<const JsonObject*>(&object)) return known->ToJson();
  if (const auto time = text_template::TimeOf(value); time.has_value()) {
    return text_template::FormatGoTime("2006-01-02T15:04:05.999999999Z07:00", *time,
                                       absl::UTCTimeZone());
  }
  const Value underlying = object.Underlying();
  return underlying.IsNil() ? Json(object.ToText()) : JsonOf(underlying);
}

}  // namespace

Value NotificationData(const Notification& notification) {
  return Value(std::shared_ptr<const Object>(std::make_shared<RootObject>(notification)));
}

Value KeyValues(const Labels& labels) {
  return Value(std::shared_ptr<const Object>(std::make_shared<KeyValuesObject>(labels)));
}

Json JsonOf(const Value& value) {
  switch (value.kind()) {
    case Kind::kNil:
    case Kind::kFunction:
      return nullptr;
    case Kind::kBool:
      return value.AsBool();
    case Kind::kInt:
      return value.AsInt();
    case Kind::kFloat:
      return NumberJson(value.AsFloat());
    case Kind::kString:
      return value.AsString();
    case Kind::kList: {
      Json json = Json::array();
      for (const Value& item : value.AsList()) json.push_back(JsonOf(item));
      return json;
    }
    case Kind::kMap: {
      Json json = Json::object();
      for (const auto& [key, item] : value.AsMap().entries) json[key] = JsonOf(item);
      return json;
    }
    case Kind::kObject:
      return ObjectJson(value);
  }
  return nullptr;
}

}  // namespace vigil::alerting
