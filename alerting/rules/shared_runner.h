// SPDX-License-Identifier: Apache-2.0
//
// Runs the expressions of a group's rules at one instant, on one view of the store: what they have
// in common is computed once.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <absl/status/statusor.h>

#include "alerting/rules/expr_runner.h"
#include "query/exec/common_nodes.h"
#include "query/exec/kept_selections.h"
#include "query/exec/shared_values.h"

namespace vigil::alerting {

// Not thread-safe.
class SharedRunner final : public ExprRunner {
 public:
  // `common` and `kept`, which may be null, are of the group's expressions; `time_ms` the instant
  // that they are run at. All must outlive it.
  SharedRunner(const exec::Engine* engine, storage::MetricSource* source,
               const exec::CommonNodes* common, exec::KeptSelections* kept, int64_t time_ms);

  absl::StatusOr<exec::QueryResult> Run(const promql::Expr& expr, std::string_view text,
                                        int64_t time_ms) override;
  absl::StatusOr<exec::QueryResult> RunText(std::string_view text, int64_t time_ms) override;
  void Wrote(const StringSet& metrics) override;

 private:
  storage::MetricQuerier& view();

  const exec::Engine* const engine_;
  storage::MetricSource* const source_;
  std::unique_ptr<storage::MetricQuerier> view_;  // Null: the next who asks makes one.
  exec::SharedValues values_;
};

}  // namespace vigil::alerting
