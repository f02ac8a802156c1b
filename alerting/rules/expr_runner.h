// SPDX-License-Identifier: Apache-2.0
//
// Runs the expressions of rules. Rules know the query engine as this alone, so that live groups,
// which share what their rules have in common, unit tests and backtests, which compute many
// instants at once, are one code.
#pragma once

#include <cstdint>
#include <string_view>

#include <absl/status/statusor.h>

#include "base/strings.h"
#include "query/exec/engine.h"
#include "query/promql/ast.h"
#include "storage/metrics/querier.h"

namespace vigil::alerting {

// Serves one group; not thread-safe.
class ExprRunner {
 public:
  virtual ~ExprRunner() = default;
  // The result of `expr`, whose text is `text`, at `time_ms`. Errors as exec::Engine's.
  virtual absl::StatusOr<exec::QueryResult> Run(const promql::Expr& expr, std::string_view text,
                                                int64_t time_ms) = 0;
  // The same for an expression that a template asks for.
  virtual absl::StatusOr<exec::QueryResult> RunText(std::string_view text, int64_t time_ms) = 0;
  // Samples of metrics with these names were written: what selects them from now on is to see them.
  virtual void Wrote(const StringSet& metrics) = 0;
};

// Whether `expr` may select series of one of `metrics`, judging by names alone.
bool MaySelect(const promql::Expr& expr, const StringSet& metrics);

// Asks the engine each time, which looks at what is there then.
class EngineRunner final : public ExprRunner {
 public:
  // Both must outlive it.
  EngineRunner(const exec::Engine* engine, storage::MetricSource* source)
      : engine_(engine), source_(source) {}

  absl::StatusOr<exec::QueryResult> Run(const promql::Expr& expr, std::string_view text,
                                        int64_t time_ms) override {
    return engine_->InstantExpr(*source_, expr, text, time_ms);
  }
  absl::StatusOr<exec::QueryResult> RunText(std::string_view text, int64_t time_ms) override {
    return engine_->Instant(*source_, text, time_ms);
  }
  void Wrote(const StringSet&) override {}

 private:
  const exec::Engine* const engine_;
  storage::MetricSource* const source_;
};

}  // namespace vigil::alerting
