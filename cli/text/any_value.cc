// SPDX-License-Identifier: Apache-2.0
#include "cli/text/any_value.h"

#include <cmath>

#include <absl/strings/escaping.h>
#include <fmt/format.h>
#include <opentelemetry/proto/common/v1/common.pb.h>

#include "base/json_writer.h"
#include "base/strings.h"

namespace vigil::cli {
namespace {

namespace common = opentelemetry::proto::common::v1;

std::string NumberText(double number) {
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return FormatValue(number);
}

void Write(const common::AnyValue& value, JsonWriter* json) {
  switch (value.value_case()) {
    case common::AnyValue::kStringValue:
      return json->LabelText(value.string_value());
    case common::AnyValue::kBoolValue:
      return json->Bool(value.bool_value());
    case common::AnyValue::kIntValue:
      return json->Int(value.int_value());
    case common::AnyValue::kDoubleValue:
      if (std::isfinite(value.double_value())) return json->Number(value.double_value());
      return json->LabelText(NumberText(value.double_value()));
    case common::AnyValue::kArrayValue:
      json->BeginArray();
      for (const common::AnyValue& member : value.array_value().values()) Write(member, json);
      return json->EndArray();
    case common::AnyValue::kKvlistValue:
      json->BeginObject();
      for (const common::KeyValue& member : value.kvlist_value().values()) {
        json->EscapedKey(member.key());
        Write(member.value(), json);
      }
      return json->EndObject();
    case common::AnyValue::kBytesValue:
      return json->LabelText(absl::Base64Escape(value.bytes_value()));
    case common::AnyValue::VALUE_NOT_SET:
      return json->Null();
  }
}

}  // namespace

std::string AnyValueText(const common::AnyValue& value) {
  switch (value.value_case()) {
    case common::AnyValue::kStringValue:
      return value.string_value();
    case common::AnyValue::kDoubleValue:
      return NumberText(value.double_value());
    case common::AnyValue::kBytesValue:
      return absl::Base64Escape(value.bytes_value());
    case common::AnyValue::VALUE_NOT_SET:
      return "";
    default: {
      std::string text;
      JsonWriter json(&text);
      Write(value, &json);
      return text;
    }
  }
}

}  // namespace vigil::cli
