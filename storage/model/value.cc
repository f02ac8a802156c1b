// SPDX-License-Identifier: Apache-2.0
#include "storage/model/value.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <absl/strings/escaping.h>
#include <fmt/format.h>

#include "base/log.h"
#include "base/strings.h"
#include "storage/codec/bytes.h"

namespace vigil::storage {
namespace {

// Tags of the binary form. Persisted: never renumber.
enum class Tag : uint8_t {
  kEmpty = 0,
  kString = 1,
  kFalse = 2,
  kTrue = 3,
  kInt = 4,
  kDouble = 5,
  kBytes = 6,
  kList = 7,
  kMap = 8,
};

// Shortest text that reads back as `value`; JSON's grammar when it is finite.
std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::string text = FormatValue(value);
  // Exponents have at least two digits there, which shortest texts have not: 1e-7.
  if (const size_t zero = text.find("e-0"); zero != std::string::npos) text.erase(zero + 2, 1);
  return text;
}

void AppendJsonString(std::string_view text, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "\"{}\"", EscapeJson(text));
}

void AppendJson(const Value& value, std::string* out);

// Appends one alternative of a Value as JSON.
struct JsonPrinter {
  std::string* out;

  void operator()(std::monostate) const { *out += "null"; }
  void operator()(const std::string& text) const { AppendJsonString(text, out); }
  void operator()(bool flag) const { *out += flag ? "true" : "false"; }
  void operator()(int64_t number) const { *out += fmt::to_string(number); }
  void operator()(double number) const {
    // JSON has no NaN and infinities: they become strings.
    if (std::isfinite(number)) {
      *out += NumberText(number);
    } else {
      AppendJsonString(NumberText(number), out);
    }
  }
  void operator()(const Bytes& bytes) const {
    AppendJsonString(absl::Base64Escape(bytes.data), out);
  }
  void operator()(const ValueList& list) const {
    *out += '[';
    for (size_t i = 0; i < list.size(); ++i) {
      if (i != 0) *out += ',';
      AppendJson(list[i], out);
    }
    *out += ']';
  }
  void operator()(const Attributes& map) const {
    *out += '{';
    for (size_t i = 0; i < map.size(); ++i) {
      if (i != 0) *out += ',';
      AppendJsonString(map[i].name, out);
      *out += ':';
      AppendJson(map[i].value, out);
    }
    *out += '}';
  }
};

void AppendJson(const Value& value, std::string* out) { std::visit(JsonPrinter{out}, value.data); }

// Appends one alternative of a Value in binary.
struct Encoder {
  std::string* out;

  void Put(Tag tag) const { out->push_back(static_cast<char>(tag)); }
  void operator()(std::monostate) const { Put(Tag::kEmpty); }
  void operator()(const std::string& text) const {
    Put(Tag::kString);
    AppendText(text, out);
  }
  void operator()(bool flag) const { Put(flag ? Tag::kTrue : Tag::kFalse); }
  void operator()(int64_t number) const {
    Put(Tag::kInt);
    AppendZigzag(number, out);
  }
  void operator()(double number) const {
    Put(Tag::kDouble);
    AppendFixed64(std::bit_cast<uint64_t>(number), out);
  }
  void operator()(const Bytes& bytes) const {
    Put(Tag::kBytes);
    AppendText(bytes.data, out);
  }
  void operator()(const ValueList& list) const {
    Put(Tag::kList);
    AppendVarint(list.size(), out);
    for (const Value& member : list) EncodeValue(member, out);
  }
  void operator()(const Attributes& map) const {
    Put(Tag::kMap);
    EncodeAttributes(map, out);
  }
};

Value ReadValue(ByteReader* reader, int depth);

// A member takes a byte at least, so a count beyond the bytes left is a lie; the vectors grow with
// what is really there.
ValueList ReadList(ByteReader* reader, int depth) {
  ValueList list;
  const uint64_t count = reader->ReadVarintUpTo(reader->remaining(), "list size");
  for (uint64_t i = 0; i < count && reader->ok(); ++i) list.push_back(ReadValue(reader, depth));
  return list;
}

Attributes ReadMap(ByteReader* reader, int depth) {
  Attributes map;
  const uint64_t count = reader->ReadVarintUpTo(reader->remaining(), "map size");
  for (uint64_t i = 0; i < count && reader->ok(); ++i) {
    std::string name(reader->ReadText("attribute name"));
    map.push_back({std::move(name), ReadValue(reader, depth)});
  }
  return map;
}

// `depth` is how many lists and maps are around the value.
Value ReadValue(ByteReader* reader, int depth) {
  if (depth > kMaxValueDepth) {
    reader->Fail("value", fmt::format("nested deeper than {}", kMaxValueDepth));
    return {};
  }
  const uint8_t tag = reader->ReadByte("value tag");
  switch (static_cast<Tag>(tag)) {
    case Tag::kEmpty:
      return {};
    case Tag::kString:
      return {std::string(reader->ReadText("string value"))};
    case Tag::kFalse:
      return {false};
    case Tag::kTrue:
      return {true};
    case Tag::kInt:
      return {reader->ReadZigzag("int value")};
    case Tag::kDouble:
      return {std::bit_cast<double>(reader->ReadFixed64("double value"))};
    case Tag::kBytes:
      return {Bytes{std::string(reader->ReadText("bytes value"))}};
    case Tag::kList:
      return {ReadList(reader, depth + 1)};
    case Tag::kMap:
      return {ReadMap(reader, depth + 1)};
  }
  reader->Fail("value tag", fmt::format("{} is unknown", tag));
  return {};
}

}  // namespace

bool operator==(const Value& a, const Value& b) {
  const double* const x = std::get_if<double>(&a.data);
  const double* const y = std::get_if<double>(&b.data);
  if (x != nullptr && y != nullptr) {
    return std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(*y);
  }
  return a.data == b.data;
}

bool operator==(const Attribute& a, const Attribute& b) {
  return a.name == b.name && a.value == b.value;
}

std::string ToText(const Value& value) {
  if (std::holds_alternative<std::monostate>(value.data)) return {};
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  if (const auto* number = std::get_if<double>(&value.data)) return NumberText(*number);
  if (const auto* bytes = std::get_if<Bytes>(&value.data)) return absl::Base64Escape(bytes->data);
  std::string text;
  AppendJson(value, &text);
  return text;
}

const Value* FindAttribute(const Attributes& attributes, std::string_view name) {
  const auto found =
      std::find_if(attributes.rbegin(), attributes.rend(),
                   [name](const Attribute& attribute) { return attribute.name == name; });
  return found == attributes.rend() ? nullptr : &found->value;
}

void EncodeValue(const Value& value, std::string* out) { std::visit(Encoder{out}, value.data); }

void EncodeAttributes(const Attributes& attributes, std::string* out) {
  AppendVarint(attributes.size(), out);
  for (const Attribute& attribute : attributes) {
    AppendText(attribute.name, out);
    EncodeValue(attribute.value, out);
  }
}

absl::StatusOr<Value> DecodeValue(std::string_view* bytes) {
  ByteReader reader(*bytes);
  Value value = ReadValue(&reader, 0);
  if (!reader.ok()) return reader.status();
  *bytes = reader.rest();
  return value;
}

absl::StatusOr<Attributes> DecodeAttributes(std::string_view* bytes) {
  ByteReader reader(*bytes);
  Attributes attributes = ReadMap(&reader, 1);
  if (!reader.ok()) return reader.status();
  *bytes = reader.rest();
  return attributes;
}

}  // namespace vigil::storage
