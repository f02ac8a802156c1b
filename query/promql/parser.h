// SPDX-License-Identifier: Apache-2.0
//
// Text -> typed tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "query/promql/ast.h"
#include "storage/series/labels.h"

namespace vigil::promql {

// Longer queries, and expressions that nest deeper, are refused: the parser recurses.
inline constexpr size_t kMaxQueryBytes = 1 << 20;
inline constexpr int kMaxNesting = 500;

struct ParseOptions {
  // Whether functions and aggregations are taken that Prometheus calls experimental.
  bool experimental_functions = true;
};

// The tree of a PromQL expression, type-checked. InvalidArgument reads "LINE:COL: parse error: ..."
// and says what was expected.
absl::StatusOr<ExprPtr> ParseExpr(std::string_view query, const ParseOptions& options = {});

// The matchers of a lone selector, as in `match[]`: `name`, `{a="b"}`, `name{a=~"b"}`. Whether they
// may all match the empty string is for the caller to say.
absl::StatusOr<std::vector<storage::Matcher>> ParseSelector(std::string_view text);

// The labels of a series as text writes them: `name{a="b",c="d"}`.
absl::StatusOr<storage::Labels> ParseSeries(std::string_view text);

// The expression on one line, as Prometheus prints it; parses back to the same tree.
std::string Print(const Expr& expr);

// Line and column (from 1, in characters of bytes) of a byte offset.
struct LineColumn {
  int line = 1;
  int column = 1;
};
LineColumn LocateOffset(std::string_view text, size_t offset);

}  // namespace vigil::promql
