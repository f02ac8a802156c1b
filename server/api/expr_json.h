// SPDX-License-Identifier: Apache-2.0
//
// Syntax trees as JSON, in the shape that Prometheus' query builder reads.
#pragma once

#include "base/json_writer.h"
#include "query/promql/ast.h"

namespace vigil::server {

// Keys of each node are sorted.
void WriteExpr(const promql::Expr& expr, JsonWriter* json);

}  // namespace vigil::server
