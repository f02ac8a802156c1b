// SPDX-License-Identifier: Apache-2.0
//
// What an expression looks at: which series, how far back, and whether a range query would give the
// same for many instants at once.
#pragma once

#include <cstdint>
#include <vector>

#include "query/exec/engine.h"
#include "query/promql/ast.h"
#include "storage/series/matcher.h"

namespace vigil::alerting {

// More than anyone keeps data for.
inline constexpr int64_t kUnknownReachMs = INT64_MAX / 4;

// One selector.
struct SeriesRead {
  std::vector<storage::Matcher> matchers;  // None: any series.
  // How far before the instant of evaluation it may look.
  int64_t reach_ms = kUnknownReachMs;
  // It looks at nothing after the instant of evaluation.
  bool looks_back = true;
  // What it reads is worth evaluating the rules that write it so long before the tested time.
  bool warms_up = true;
};

struct ExprReads {
  std::vector<SeriesRead> reads;
  // A range query gives at each step what an instant query gives then.
  bool columnar = true;
};

ExprReads ReadsOf(const promql::Expr& expr, const exec::EngineOptions& options);

}  // namespace vigil::alerting
