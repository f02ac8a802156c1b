// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/shared_runner.h"

#include "base/status.h"
#include "query/promql/parser.h"

namespace vigil::alerting {

SharedRunner::SharedRunner(const exec::Engine* engine, storage::MetricSource* source,
                           const exec::CommonNodes* common, exec::KeptSelections* kept,
                           int64_t time_ms)
    : engine_(engine),
      source_(source),
      values_(common, time_ms, engine->options().max_samples, kept) {}

storage::MetricQuerier& SharedRunner::view() {
  if (view_ == nullptr) view_ = engine_->NewQuerier(*source_);
  return *view_;
}

absl::StatusOr<exec::QueryResult> SharedRunner::Run(const promql::Expr& expr, std::string_view text,
                                                    int64_t time_ms) {
  return engine_->InstantOn(view(), &values_, expr, text, time_ms);
}

absl::StatusOr<exec::QueryResult> SharedRunner::RunText(std::string_view text, int64_t time_ms) {
  VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr,
                         promql::ParseExpr(text, engine_->options().language));
  return engine_->InstantOn(view(), nullptr, *expr, text, time_ms);
}

void SharedRunner::Wrote(const StringSet& metrics) {
  view_.reset();
  values_.Forget([&metrics](const promql::Expr& node) { return MaySelect(node, metrics); });
}

}  // namespace vigil::alerting
