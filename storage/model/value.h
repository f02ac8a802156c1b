// SPDX-License-Identifier: Apache-2.0
//
// Attribute values as OpenTelemetry has them: text, numbers, bytes, lists and maps, nested.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <absl/status/statusor.h>

namespace vigil::storage {

struct Value;
struct Attribute;
using ValueList = std::vector<Value>;
// In the order they came; a name that repeats is the reader's to resolve (the last one counts).
using Attributes = std::vector<Attribute>;

// Raw bytes, as opposed to text.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

// One value; std::monostate is OTLP's "empty", which is legal and kept. Doubles are equal when
// their bits are: NaN equals itself.
struct Value {
  std::variant<std::monostate, std::string, bool, int64_t, double, Bytes, ValueList, Attributes>
      data;
  friend bool operator==(const Value&, const Value&);
};

struct Attribute {
  std::string name;
  Value value;
  friend bool operator==(const Attribute&, const Attribute&);
};

// Values nest at most this deep, which is also protobuf's limit: decoding must not exhaust the
// stack.
inline constexpr int kMaxValueDepth = 100;

// The value as one text: strings as they are, booleans true/false, numbers as in JSON, bytes in
// base64, lists and maps as compact JSON, empty as "". (OTLP's rules for non-OTLP targets.)
std::string ToText(const Value& value);

// The last attribute of that name, nullptr if there is none. Points into `attributes`.
const Value* FindAttribute(const Attributes& attributes, std::string_view name);

// A self-delimiting binary form: a tag byte, then a varint, eight bytes or length and bytes; lists
// and maps as count and members. Appends to `*out`.
void EncodeValue(const Value& value, std::string* out);
void EncodeAttributes(const Attributes& attributes, std::string* out);

// Reads what the above wrote from the front of `*bytes` and moves it along. DataLoss if it is not
// such bytes or nests deeper than kMaxValueDepth.
absl::StatusOr<Value> DecodeValue(std::string_view* bytes);
absl::StatusOr<Attributes> DecodeAttributes(std::string_view* bytes);

}  // namespace vigil::storage
