// SPDX-License-Identifier: Apache-2.0
//
// The values that templates work on: what the data, variables, arguments and results of functions
// are. Modelled on what Go's text/template sees through reflection.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <absl/status/statusor.h>

namespace vigil::text_template {

class Value;
class Object;
struct Map;
struct Function;
using List = std::vector<Value>;
using Args = std::span<const Value>;

enum class Kind : uint8_t { kNil, kBool, kInt, kFloat, kString, kList, kMap, kObject, kFunction };

// Immutable and cheap to copy: texts, lists and maps are shared. Thread-safe as const.
class Value {
 public:
  Value() = default;
  // Exactly bool, so that pointers do not turn into one.
  template <std::same_as<bool> T>
  Value(T flag) : data_(flag) {}
  Value(int number) : data_(int64_t{number}) {}
  Value(int64_t number) : data_(number) {}
  Value(double number) : data_(number) {}
  Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(List items);
  Value(Map map);
  Value(std::shared_ptr<const Object> object);
  Value(std::shared_ptr<const Function> function);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool IsNil() const { return kind() == Kind::kNil; }

  // Requires: kind() is the one named.
  bool AsBool() const { return std::get<bool>(data_); }
  int64_t AsInt() const { return std::get<int64_t>(data_); }
  double AsFloat() const { return std::get<double>(data_); }
  const std::string& AsString() const {
    return *std::get<std::shared_ptr<const std::string>>(data_);
  }
  const List& AsList() const;
  const Map& AsMap() const;
  const Object& AsObject() const { return *std::get<std::shared_ptr<const Object>>(data_); }
  const Function& AsFunction() const { return *std::get<std::shared_ptr<const Function>>(data_); }

  // How deep lists and maps nest in it; 0 for anything else. Whoever recurses relies on Execute
  // refusing values deeper than kMaxValueNesting.
  int Nesting() const;
  // About how many bytes it took to make, without what it shares with its members.
  size_t CostBytes() const;
  // About how many bytes it is when written out: what members share counts each time. Execute
  // refuses values that are small in memory but huge on paper.
  size_t WeightBytes() const;

 private:
  struct ListBox;
  struct MapBox;
  // In the order of Kind.
  std::variant<std::monostate, bool, int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const ListBox>, std::shared_ptr<const MapBox>,
               std::shared_ptr<const Object>, std::shared_ptr<const Function>>
      data_;
};

inline constexpr int kMaxValueNesting = 100;

// A map with text keys, in their order. `missing` is what a key that is not there gives: nil, or ""
// for maps that hold only texts (as Go's map[string]string).
struct Map {
  std::map<std::string, Value, std::less<>> entries;
  Value missing;
};

inline constexpr int kAnyNumber = -1;

// A function of templates. Execute checks the number of arguments; `call` checks their kinds.
struct Function {
  int min_args = 0;
  int max_args = kAnyNumber;
  std::function<absl::StatusOr<Value>(Args)> call;
};

// A value with fields or methods of its own. Implementations are thread-safe as const.
class Object {
 public:
  virtual ~Object() = default;
  // What error messages call its type.
  virtual std::string TypeName() const = 0;
  // `.name arg...`: a field (takes no arguments) or a method. NotFound if it has none of that name.
  virtual absl::StatusOr<Value> Member(std::string_view name, Args args) const = 0;
  // What range, len, index, comparisons and numeric verbs see in its place; nil for a plain struct.
  virtual Value Underlying() const { return Value(); }
  // What printing it gives.
  virtual std::string ToText() const;
};

// An object that is nothing but fields; prints as Go prints a struct, `{a b}`.
Value MakeStruct(std::string type_name, std::vector<std::pair<std::string, Value>> fields);

// `value` itself, or what it is underneath if it is an object that has something underneath.
Value Underlying(const Value& value);

// Not nil, not zero, not empty.
bool Truth(const Value& value);

// "string", "int", "float64", "[]interface {}" and so on; "nil" for nil.
std::string TypeName(const Value& value);

// As Go's %v; nil is "<nil>".
std::string ToText(const Value& value);

}  // namespace vigil::text_template
