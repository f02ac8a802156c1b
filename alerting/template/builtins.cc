// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/builtins.h"

#include <optional>

#include <fmt/format.h>

#include "alerting/template/go_format.h"
#include "base/status.h"

namespace vigil::text_template {
namespace {

absl::Status Mistake(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

absl::Status Incompatible(const Value& a, const Value& b) {
  return Mistake(
      fmt::format("incompatible types for comparison: {} and {}", TypeName(a), TypeName(b)));
}

bool IsBasic(const Value& value) {
  return value.kind() >= Kind::kBool && value.kind() <= Kind::kString;
}

absl::StatusOr<bool> Equal(const Value& a, const Value& b) {
  if (a.IsNil() || b.IsNil()) return a.IsNil() && b.IsNil();
  const Value left = Underlying(a);
  const Value right = Underlying(b);
  if (left.kind() != right.kind()) return Incompatible(left, right);
  switch (left.kind()) {
    case Kind::kBool:
      return left.AsBool() == right.AsBool();
    case Kind::kInt:
      return left.AsInt() == right.AsInt();
    case Kind::kFloat:
      return left.AsFloat() == right.AsFloat();
    case Kind::kString:
      return left.AsString() == right.AsString();
    default:
      return Mistake(fmt::format("non-comparable type {}", TypeName(a)));
  }
}

absl::StatusOr<Value> EqualAny(Args args) {
  if (args.size() < 2) return Mistake("missing argument for comparison");
  for (const Value& other : args.subspan(1)) {
    VIGIL_ASSIGN_OR_RETURN(const bool equal, Equal(args[0], other));
    if (equal) return Value(true);
  }
  return Value(false);
}

absl::StatusOr<Value> NotEqual(Args args) {
  VIGIL_ASSIGN_OR_RETURN(const bool equal, Equal(args[0], args[1]));
  return Value(!equal);
}

// Whether a < b, and whether a = b: all orders come from these two. NaN is neither.
struct Order {
  bool less = false;
  bool equal = false;
};

absl::StatusOr<Order> Compare(const Value& a, const Value& b) {
  const Value left = Underlying(a);
  const Value right = Underlying(b);
  if (!IsBasic(left) || !IsBasic(right)) return Mistake("invalid type for comparison");
  if (left.kind() != right.kind()) return Incompatible(left, right);
  switch (left.kind()) {
    case Kind::kInt:
      return Order{left.AsInt() < right.AsInt(), left.AsInt() == right.AsInt()};
    case Kind::kFloat:
      return Order{left.AsFloat() < right.AsFloat(), left.AsFloat() == right.AsFloat()};
    case Kind::kString:
      return Order{left.AsString() < right.AsString(), left.AsString() == right.AsString()};
    default:
      return Mistake("invalid type for comparison");
  }
}

template <typename Pick>
Function Comparison(Pick pick) {
  return {2, 2, [pick](Args args) -> absl::StatusOr<Value> {
            VIGIL_ASSIGN_OR_RETURN(const Order order, Compare(args[0], args[1]));
            return Value(bool{pick(order)});
          }};
}

absl::StatusOr<Value> Length(Args args) {
  const Value value = Underlying(args[0]);
  switch (value.kind()) {
    case Kind::kString:
      return Value(static_cast<int64_t>(value.AsString().size()));
    case Kind::kList:
      return Value(static_cast<int64_t>(value.AsList().size()));
    case Kind::kMap:
      return Value(static_cast<int64_t>(value.AsMap().entries.size()));
    case Kind::kNil:
      return Mistake("len of nil pointer");
    default:
      return Mistake(fmt::format("len of type {}", TypeName(args[0])));
  }
}

// An index in [0, limit].
absl::StatusOr<size_t> ToIndex(const Value& value, size_t limit) {
  const Value index = Underlying(value);
  if (index.kind() != Kind::kInt) {
    return Mistake(index.IsNil()
                       ? "cannot index slice/array with nil"
                       : fmt::format("cannot index slice/array with type {}", TypeName(value)));
  }
  if (index.AsInt() < 0 || static_cast<uint64_t>(index.AsInt()) > limit) {
    return Mistake(fmt::format("index out of range: {}", index.AsInt()));
  }
  return index.AsInt();
}

absl::StatusOr<Value> IndexOnce(const Value& value, const Value& index) {
  const Value container = Underlying(value);
  if (container.kind() == Kind::kMap) {
    const Value key = Underlying(index);
    if (key.kind() != Kind::kString) {
      return Mistake(fmt::format("value has type {}; should be string", TypeName(index)));
    }
    const auto& entries = container.AsMap().entries;
    const auto entry = entries.find(key.AsString());
    return entry == entries.end() ? container.AsMap().missing : entry->second;
  }
  const bool is_list = container.kind() == Kind::kList;
  if (!is_list && container.kind() != Kind::kString) {
    return Mistake(container.IsNil() ? "index of untyped nil"
                                     : fmt::format("can't index item of type {}", TypeName(value)));
  }
  const size_t size = is_list ? container.AsList().size() : container.AsString().size();
  VIGIL_ASSIGN_OR_RETURN(const size_t at, ToIndex(index, size));
  if (at == size) return Mistake(fmt::format("index out of range: {}", at));
  if (is_list) return container.AsList()[at];
  return Value(int64_t{static_cast<unsigned char>(container.AsString()[at])});
}

absl::StatusOr<Value> Index(Args args) {
  Value value = args[0];
  for (const Value& index : args.subspan(1)) {
    VIGIL_ASSIGN_OR_RETURN(value, IndexOnce(value, index));
  }
  return value;
}

absl::StatusOr<Value> Slice(Args args) {
  const Value container = Underlying(args[0]);
  const bool is_list = container.kind() == Kind::kList;
  if (!is_list && container.kind() != Kind::kString) {
    return Mistake(fmt::format("can't slice item of type {}", TypeName(args[0])));
  }
  const size_t size = is_list ? container.AsList().size() : container.AsString().size();
  size_t begin = 0;
  size_t end = size;
  if (args.size() > 1) {
    VIGIL_ASSIGN_OR_RETURN(begin, ToIndex(args[1], size));
  }
  if (args.size() > 2) {
    VIGIL_ASSIGN_OR_RETURN(end, ToIndex(args[2], size));
  }
  if (begin > end) return Mistake(fmt::format("invalid slice index: {} > {}", begin, end));
  if (!is_list) return Value(container.AsString().substr(begin, end - begin));
  const List& items = container.AsList();
  return Value(List(items.begin() + begin, items.begin() + end));
}

absl::StatusOr<Value> Printf(Args args) {
  const Value format = Underlying(args[0]);
  if (format.kind() != Kind::kString) {
    return Mistake(fmt::format("wrong type for value; expected string; got {}", TypeName(args[0])));
  }
  VIGIL_ASSIGN_OR_RETURN(std::string text, Sprintf(format.AsString(), args.subspan(1)));
  return Value(std::move(text));
}

// One text stands for itself, anything else is printed first.
std::string TextOf(Args args) {
  return args.size() == 1 && args[0].kind() == Kind::kString ? args[0].AsString() : Sprint(args);
}

Function Escaper(std::string (*escape)(std::string_view)) {
  return {0, kAnyNumber,
          [escape](Args args) -> absl::StatusOr<Value> { return Value(escape(TextOf(args))); }};
}

FunctionSet MakeBuiltins() {
  FunctionSet set;
  set["eq"] = {1, kAnyNumber, EqualAny};
  set["ne"] = {2, 2, NotEqual};
  set["lt"] = Comparison([](Order order) { return order.less; });
  set["le"] = Comparison([](Order order) { return order.less || order.equal; });
  set["gt"] = Comparison([](Order order) { return !order.less && !order.equal; });
  set["ge"] = Comparison([](Order order) { return !order.less; });
  set["not"] = {1, 1, [](Args args) -> absl::StatusOr<Value> { return Value(!Truth(args[0])); }};
  set["len"] = {1, 1, Length};
  set["index"] = {1, kAnyNumber, Index};
  set["slice"] = {1, 3, Slice};
  set["printf"] = {1, kAnyNumber, Printf};
  set["print"] = {0, kAnyNumber,
                  [](Args args) -> absl::StatusOr<Value> { return Value(Sprint(args)); }};
  set["println"] = {0, kAnyNumber,
                    [](Args args) -> absl::StatusOr<Value> { return Value(Sprintln(args)); }};
  set["html"] = Escaper(EscapeHtml);
  set["js"] = Escaper(EscapeJavaScript);
  set["urlquery"] = Escaper(QueryEscape);
  return set;
}

}  // namespace

const FunctionSet& BuiltinFunctions() {
  static const FunctionSet* const set = new FunctionSet(MakeBuiltins());
  return *set;
}

}  // namespace vigil::text_template
