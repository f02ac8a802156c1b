// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/test_fields.h"

#include <optional>

#include <fmt/format.h>

#include "alerting/rules/yaml_number.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

// From the year 0 to 9999: what RFC 3339 can say.
constexpr int64_t kMinInstantMs = -62'167'219'200'000;
constexpr int64_t kMaxInstantMs = 253'402'300'799'999;

}  // namespace

TestFields::TestFields(const YAML::Node& node, std::string_view context,
                       std::initializer_list<std::string_view> known, MistakeList* mistakes)
    : mark_(node.Mark()),
      context_(context),
      mistakes_(*mistakes),
      fields_(node, context, known, mistakes) {}

TextPlace TestFields::place() const {
  return mark_.is_null() ? TextPlace() : TextPlace{mark_.line + 1, mark_.column + 1};
}

const YAML::Node* TestFields::Find(std::string_view name) const {
  const YamlFields::Field* const field = fields_.Find(name);
  return field == nullptr || field->value.IsNull() ? nullptr : &field->value;
}

const YAML::Node* TestFields::FindList(std::string_view name) {
  const YAML::Node* const node = Find(name);
  if (node == nullptr || node->IsSequence()) return node;
  Mistake(name, fmt::format("\"{}\" must be a list", name));
  return nullptr;
}

void TestFields::Mistake(std::string_view name, std::string_view message) {
  const YamlFields::Field* const field = fields_.Find(name);
  mistakes_.Add(field == nullptr ? mark_ : field->value.Mark(), context_, message);
}

bool TestFields::ReadScalar(const YAML::Node& node, std::string_view name, std::string* text) {
  text->clear();
  if (node.IsNull()) return true;
  if (!node.IsScalar()) {
    mistakes_.Add(node.Mark(), context_, fmt::format("\"{}\" must be a text", name));
    return false;
  }
  *text = node.Scalar();
  return true;
}

void TestFields::Text(std::string_view name, std::string* text) {
  const YAML::Node* const node = Find(name);
  if (node != nullptr) ReadScalar(*node, name, text);
}

void TestFields::TextList(std::string_view name, std::vector<std::string>* texts) {
  EachItem(name, [&](const YAML::Node& item) { ReadScalar(item, name, &texts->emplace_back()); });
}

void TestFields::TextPairs(std::string_view name, TextMap* pairs) {
  const YAML::Node* const node = Find(name);
  if (node == nullptr) return;
  const YamlFields entries(*node, fmt::format("{}, {}", context_, name), {}, &mistakes_);
  for (const YamlFields::Field& entry : entries.fields()) {
    ReadScalar(entry.value, entry.name, &(*pairs)[entry.name]);
  }
}

void TestFields::Bool(std::string_view name, bool* value) {
  const YAML::Node* const node = Find(name);
  if (node == nullptr) return;
  const std::optional<bool> flag = IsPlain(*node) ? YamlBool(node->Scalar()) : std::nullopt;
  if (flag.has_value()) {
    *value = *flag;
  } else {
    Mistake(name, fmt::format("\"{}\" must be true or false", name));
  }
}

void TestFields::Number(std::string_view name, double* number) {
  const YAML::Node* const node = Find(name);
  if (node == nullptr) return;
  const std::optional<double> parsed = IsPlain(*node) ? YamlNumber(node->Scalar()) : std::nullopt;
  if (parsed.has_value()) {
    *number = *parsed;
  } else {
    Mistake(name, fmt::format("\"{}\" must be a number; infinities are .inf and -.inf", name));
  }
}

void TestFields::Duration(std::string_view name, int64_t* duration_ms) {
  const YAML::Node* const node = Find(name);
  std::string text;
  if (node == nullptr || !ReadScalar(*node, name, &text)) return;
  const std::string wrong = ReadDuration(name, text, duration_ms);
  if (!wrong.empty()) Mistake(name, wrong);
}

void TestFields::Instant(std::string_view name, int64_t* unix_ms) {
  const YAML::Node* const node = Find(name);
  std::string text;
  if (node == nullptr || !ReadScalar(*node, name, &text)) return;
  // Distances from now would make the outcome of a test depend on when it runs.
  const bool absolute = text.find_first_not_of("0123456789.:+-TtZz ") == std::string::npos;
  const absl::StatusOr<int64_t> parsed =
      absolute ? ParseInstantMs(text, 0)
               : absl::InvalidArgumentError("neither RFC 3339 nor Unix seconds");
  if (parsed.ok() && *parsed >= kMinInstantMs && *parsed <= kMaxInstantMs) {
    *unix_ms = *parsed;
  } else {
    Mistake(name, fmt::format("\"{}\": \"{}\" is neither RFC 3339 nor Unix seconds", name, text));
  }
}

void TestFields::EachItem(std::string_view name,
                          const std::function<void(const YAML::Node&)>& read) {
  const YAML::Node* const node = FindList(name);
  if (node == nullptr) return;
  for (const auto& item : *node) read(item);
}

}  // namespace vigil::alerting
