// SPDX-License-Identifier: Apache-2.0
//
// What several expressions have in common: the nodes that stand in more than one place of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "query/promql/ast.h"

namespace vigil::exec {

// Constant once made, so thread-safe.
class CommonNodes {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  CommonNodes() = default;
  // Borrows the expressions. Nodes that give instant vectors are the same when they print the same.
  // One that always stands in the same larger node is not counted: that one is made but once.
  explicit CommonNodes(const std::vector<const promql::Expr*>& exprs);

  // The number that all nodes with the same text have, kNone for one that stands alone.
  uint32_t Find(const promql::Expr& node) const {
    const auto found = numbers_.find(&node);
    return found == numbers_.end() ? kNone : found->second;
  }
  // Any one of the nodes with that number.
  const promql::Expr& Example(uint32_t number) const { return *examples_[number]; }
  // Numbers are smaller.
  size_t size() const { return examples_.size(); }

 private:
  absl::flat_hash_map<const promql::Expr*, uint32_t> numbers_;
  std::vector<const promql::Expr*> examples_;
};

}  // namespace vigil::exec
