// SPDX-License-Identifier: Apache-2.0
//
// What all evaluators of one query share.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include <absl/container/flat_hash_set.h>

#include "base/thread_pool.h"
#include "query/exec/annotations.h"
#include "query/exec/engine.h"
#include "query/exec/kept_selections.h"
#include "query/exec/limits.h"
#include "query/exec/steps.h"
#include "query/promql/ast.h"
#include "storage/metrics/querier.h"

namespace vigil::exec {

class SharedValues;

// The query's own window, which `start()`, `end()`, `step()`, `range()` and `@ start()` mean,
// also inside subqueries.
struct QueryWindow {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t step_ms = 0;  // 0 for an instant query.
  bool IsRange() const { return step_ms > 0; }
  int64_t RangeMs() const { return SaturatingSub(end_ms, start_ms); }
};

// Lives as long as its query.
struct QueryContext {
  storage::MetricQuerier& querier;
  const EngineOptions& options;
  ThreadPool* const helpers;  // May be null.
  const std::string_view text;
  const QueryWindow window;
  const int64_t lookback_ms;
  // Nodes that give the same at every step.
  const absl::flat_hash_set<const promql::Expr*> constant_nodes;
  QueryLimits limits;
  Annotations annotations;
  // For QueryStatistics.
  std::atomic<int64_t> selection_ns{0};
  std::atomic<int64_t> samples_read{0};
  PlanRecorder* plan = nullptr;  // Null: nobody asks.
  // What this and other expressions have in common; null: nothing is shared.
  SharedValues* shared = nullptr;
  KeptSelections* kept = nullptr;  // Null: none are.

  // Who keeps what `selector`, which may be null, selects; null if nobody does.
  KeptSelections* KeptFor(const promql::VectorSelector* selector) const {
    return selector != nullptr && kept != nullptr && kept->Has(*selector) ? kept : nullptr;
  }
};

}  // namespace vigil::exec
