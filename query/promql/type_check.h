// SPDX-License-Identifier: Apache-2.0
//
// Whether the types of an expression fit together, and the defaults that depend on them.
#pragma once

#include <string_view>

#include <absl/status/status.h>

#include "query/promql/ast.h"

namespace vigil::promql {

// Checks the tree bottom-up, the first error wins, and completes Binary::matching: set between
// vectors, many-to-many for set operators. `text` is what it was parsed from.
absl::Status CheckTypes(std::string_view text, Expr* root);

// That `selector` does not name its metric both before and in the braces.
absl::Status CheckMetricName(std::string_view text, const VectorSelector& selector);

}  // namespace vigil::promql
