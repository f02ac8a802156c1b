// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/value.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "alerting/template/go_format.h"

namespace vigil::text_template {
namespace {

// What a value without text costs in a list.
constexpr size_t kSlotBytes = sizeof(Value);

size_t SaturatingAdd(size_t a, size_t b) {
  return a > std::numeric_limits<size_t>::max() - b ? std::numeric_limits<size_t>::max() : a + b;
}

class Struct final : public Object {
 public:
  Struct(std::string type_name, std::vector<std::pair<std::string, Value>> fields)
      : type_name_(std::move(type_name)), fields_(std::move(fields)) {}

  std::string TypeName() const override { return type_name_; }

  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    const auto field = std::find_if(fields_.begin(), fields_.end(),
                                    [name](const auto& entry) { return entry.first == name; });
    if (field == fields_.end()) {
      return absl::NotFoundError(fmt::format("no field {} in {}", name, type_name_));
    }
    if (!args.empty()) {
      return absl::InvalidArgumentError(fmt::format("{} has arguments but is no method", name));
    }
    return field->second;
  }

  std::string ToText() const override {
    std::string text = "{";
    for (const auto& [name, value] : fields_) {
      if (text.size() > 1) text += ' ';
      text += text_template::ToText(value);
    }
    return text + "}";
  }

 private:
  const std::string type_name_;
  const std::vector<std::pair<std::string, Value>> fields_;
};

void AppendText(const Value& value, std::string* out) {
  switch (value.kind()) {
    case Kind::kNil:
      *out += "<nil>";
      return;
    case Kind::kBool:
      *out += value.AsBool() ? "true" : "false";
      return;
    case Kind::kInt:
      *out += fmt::to_string(value.AsInt());
      return;
    case Kind::kFloat:
      *out += FormatFloat(value.AsFloat(), 'g', kShortest);
      return;
    case Kind::kString:
      *out += value.AsString();
      return;
    case Kind::kList: {
      *out += '[';
      for (const Value& item : value.AsList()) {
        if (&item != value.AsList().data()) *out += ' ';
        AppendText(item, out);
      }
      *out += ']';
      return;
    }
    case Kind::kMap: {
      std::string_view separator = "map[";
      if (value.AsMap().entries.empty()) *out += separator;
      for (const auto& [key, item] : value.AsMap().entries) {
        *out += separator;
        separator = " ";
        *out += key;
        *out += ':';
        AppendText(item, out);
      }
      *out += ']';
      return;
    }
    case Kind::kObject:
      *out += value.AsObject().ToText();
      return;
    case Kind::kFunction:
      *out += "<function>";
      return;
  }
}

}  // namespace

struct Value::ListBox {
  List items;
  int nesting = 1;
  size_t weight_bytes = kSlotBytes;
};

struct Value::MapBox {
  Map map;
  int nesting = 1;
  size_t cost_bytes = kSlotBytes;
  size_t weight_bytes = kSlotBytes;
};

Value::Value(List items) {
  auto box = std::make_shared<ListBox>();
  for (const Value& item : items) {
    box->nesting = std::max(box->nesting, item.Nesting() + 1);
    box->weight_bytes = SaturatingAdd(box->weight_bytes, item.WeightBytes());
  }
  box->items = std::move(items);
  data_ = std::shared_ptr<const ListBox>(std::move(box));
}

Value::Value(Map map) {
  auto box = std::make_shared<MapBox>();
  for (const auto& [key, item] : map.entries) {
    box->nesting = std::max(box->nesting, item.Nesting() + 1);
    box->cost_bytes += key.size() + kSlotBytes;
    box->weight_bytes = SaturatingAdd(box->weight_bytes, key.size());
    box->weight_bytes = SaturatingAdd(box->weight_bytes, item.WeightBytes());
  }
  box->map = std::move(map);
  data_ = std::shared_ptr<const MapBox>(std::move(box));
}

Value::Value(std::shared_ptr<const Object> object) : data_(std::move(object)) {}
Value::Value(std::shared_ptr<const Function> function) : data_(std::move(function)) {}

const List& Value::AsList() const { return std::get<std::shared_ptr<const ListBox>>(data_)->items; }
const Map& Value::AsMap() const { return std::get<std::shared_ptr<const MapBox>>(data_)->map; }

int Value::Nesting() const {
  if (kind() == Kind::kList) return std::get<std::shared_ptr<const ListBox>>(data_)->nesting;
  if (kind() == Kind::kMap) return std::get<std::shared_ptr<const MapBox>>(data_)->nesting;
  return 0;
}

size_t Value::CostBytes() const {
  if (kind() == Kind::kString) return kSlotBytes + AsString().size();
  if (kind() == Kind::kList) return kSlotBytes * (AsList().size() + 1);
  if (kind() == Kind::kMap) return std::get<std::shared_ptr<const MapBox>>(data_)->cost_bytes;
  return kSlotBytes;
}

size_t Value::WeightBytes() const {
  if (kind() == Kind::kList) return std::get<std::shared_ptr<const ListBox>>(data_)->weight_bytes;
  if (kind() == Kind::kMap) return std::get<std::shared_ptr<const MapBox>>(data_)->weight_bytes;
  return CostBytes();
}

std::string Object::ToText() const {
  const Value underlying = Underlying();
  return underlying.IsNil() ? TypeName() : text_template::ToText(underlying);
}

Value MakeStruct(std::string type_name, std::vector<std::pair<std::string, Value>> fields) {
  return Value(std::shared_ptr<const Object>(
      std::make_shared<Struct>(std::move(type_name), std::move(fields))));
}

Value Underlying(const Value& value) {
  if (value.kind() != Kind::kObject) return value;
  Value underlying = value.AsObject().Underlying();
  return underlying.IsNil() ? value : underlying;
}

bool Truth(const Value& value) {
  switch (value.kind()) {
    case Kind::kNil:
      return false;
    case Kind::kBool:
      return value.AsBool();
    case Kind::kInt:
      return value.AsInt() != 0;
    case Kind::kFloat:
      return value.AsFloat() != 0;
    case Kind::kString:
      return !value.AsString().empty();
    case Kind::kList:
      return !value.AsList().empty();
    case Kind::kMap:
      return !value.AsMap().entries.empty();
    case Kind::kObject: {
      const Value underlying = value.AsObject().Underlying();
      return underlying.IsNil() || Truth(underlying);
    }
    case Kind::kFunction:
      return true;
  }
  return false;
}

std::string TypeName(const Value& value) {
  switch (value.kind()) {
    case Kind::kNil:
      return "nil";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float64";
    case Kind::kString:
      return "string";
    case Kind::kList:
      return "[]interface {}";
    case Kind::kMap:
      return value.AsMap().missing.IsNil() ? "map[string]interface {}" : "map[string]string";
    case Kind::kObject:
      return value.AsObject().TypeName();
    case Kind::kFunction:
      return "func";
  }
  return "nil";
}

std::string ToText(const Value& value) {
  std::string text;
  AppendText(value, &text);
  return text;
}

}  // namespace vigil::text_template
