// SPDX-License-Identifier: Apache-2.0
//
// Finds the parts of an expression that give the same at every step, because all of their selectors
// are pinned by `@` and nothing in them asks for the time: they are evaluated once.
#pragma once

#include <absl/container/flat_hash_set.h>

#include "query/promql/ast.h"

namespace vigil::exec {

absl::flat_hash_set<const promql::Expr*> FindConstantNodes(const promql::Expr& root);

}  // namespace vigil::exec
