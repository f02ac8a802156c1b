// SPDX-License-Identifier: Apache-2.0
#include "query/exec/common_nodes.h"

#include <string>
#include <utility>

#include "query/promql/parser.h"
#include "query/promql/walk.h"

namespace vigil::exec {
namespace {

using promql::Expr;
using promql::ExprKind;

// Whether a node is evaluated as an instant vector, so that its value can be shared.
bool IsVectorNode(const Expr& expr) {
  return expr.type == promql::ValueType::kVector && expr.kind != ExprKind::kParen;
}

// What is below them has other instants than the expression, or is no value.
bool HidesItsOperands(ExprKind kind) {
  return kind == ExprKind::kSubquery || kind == ExprKind::kMatrixSelector;
}

// Where nodes of one text stand.
struct Places {
  std::vector<const Expr*> nodes;
  uint32_t parent = 0;
  bool several_parents = false;
};

class Counter {
 public:
  void AddRoot(const Expr& expr) {
    // No two expressions are within the same one.
    Visit(expr, next_parent_++);
  }

  // By their texts, in the order in which they were first seen.
  const std::vector<Places>& places() const { return places_; }

 private:
  void Visit(const Expr& expr, uint32_t parent) {
    if (HidesItsOperands(expr.kind)) return;
    uint32_t within = parent;
    if (IsVectorNode(expr)) within = Count(expr, parent);
    promql::ForEachChild(expr, [&](const Expr& child) { Visit(child, within); });
  }

  // Returns what the node is as a parent.
  uint32_t Count(const Expr& expr, uint32_t parent) {
    const auto [entry, added] =
        by_text_.emplace(promql::Print(expr), std::pair(places_.size(), next_parent_));
    if (added) {
      ++next_parent_;
      places_.push_back({{}, parent, false});
    }
    Places& places = places_[entry->second.first];
    places.nodes.push_back(&expr);
    places.several_parents |= places.parent != parent;
    return entry->second.second;
  }

  // Text -> where in `places_`, and the number as a parent.
  absl::flat_hash_map<std::string, std::pair<size_t, uint32_t>> by_text_;
  std::vector<Places> places_;
  uint32_t next_parent_ = 0;
};

}  // namespace

CommonNodes::CommonNodes(const std::vector<const promql::Expr*>& exprs) {
  Counter counter;
  for (const Expr* expr : exprs) counter.AddRoot(*expr);
  for (const Places& places : counter.places()) {
    if (!places.several_parents) continue;
    const auto number = static_cast<uint32_t>(examples_.size());
    examples_.push_back(places.nodes.front());
    for (const Expr* node : places.nodes) numbers_.emplace(node, number);
  }
}

}  // namespace vigil::exec
