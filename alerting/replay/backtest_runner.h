// SPDX-License-Identifier: Apache-2.0
//
// Runs the expressions of a rule over time that lies in the past: one range query computes many
// slots at once and each slot is handed its column. Where that would not give what an instant query
// gives, it asks the engine slot by slot.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/expr_reads.h"
#include "alerting/rules/expr_runner.h"
#include "query/exec/engine.h"
#include "query/promql/ast.h"

namespace vigil::alerting {

// What the runners of one backtest share. All is borrowed.
struct BacktestQueries {
  const exec::Engine* engine = nullptr;
  storage::MetricSource* source = nullptr;
  exec::QueryControl control;
};

// Asked for one slot after the other; other instants cost a query each. Not thread-safe.
class BacktestRunner final : public ExprRunner {
 public:
  // Whether all slots up to the window's end may be computed from what is written by now.
  using IsSettled = std::function<bool(const ExprReads& reads)>;

  // Instants up to `*window_end_ms` are asked for, and what settled expressions read up to then is
  // written; whoever drives the runner moves it on.
  BacktestRunner(const BacktestQueries& queries, int64_t interval_ms, const int64_t* window_end_ms,
                 IsSettled is_settled);

  absl::StatusOr<exec::QueryResult> Run(const promql::Expr& expr, std::string_view text,
                                        int64_t time_ms) override;
  absl::StatusOr<exec::QueryResult> RunText(std::string_view text, int64_t time_ms) override;
  // Nothing that is computed ahead reads it.
  void Wrote(const StringSet&) override {}

 private:
  // The results at some instants, by instant: those of `begins[i]` to `begins[i + 1]` are that of
  // the i-th.
  struct Columns {
    int64_t start_ms = 0;
    bool scalar = false;
    std::vector<storage::Labels> labels;
    std::vector<size_t> begins;
    struct Point {
      uint32_t series = 0;
      double value = 0;
    };
    std::vector<Point> points;
    // Instead of the value of the point with that number.
    absl::flat_hash_map<size_t, std::shared_ptr<const storage::Histogram>> histograms;

    size_t steps() const { return begins.empty() ? 0 : begins.size() - 1; }
  };
  struct State {
    bool columnar = false;
    Columns columns;
    // Range queries that began before failed; up to there it is asked instant by instant.
    int64_t failed_until_ms = INT64_MIN;
    // Of the next range query: fewer where they fail.
    int64_t most_steps = INT64_MAX;
  };

  State& StateOf(const promql::Expr& expr);
  // Computes instants from `time_ms` on. False if there are none that can be computed at once.
  absl::StatusOr<bool> Load(const promql::Expr& expr, std::string_view text, int64_t time_ms,
                            State* state);
  Columns Arrange(exec::MatrixResult matrix, bool scalar, int64_t start_ms, size_t steps) const;
  exec::QueryResult At(const Columns& columns, size_t step, int64_t time_ms) const;

  const BacktestQueries queries_;
  const int64_t interval_ms_;
  const IsSettled is_settled_;
  const int64_t& window_end_ms_;
  absl::flat_hash_map<const promql::Expr*, State> states_;
};

}  // namespace vigil::alerting
