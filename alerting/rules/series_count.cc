// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/series_count.h"

#include <fmt/format.h>

#include "base/status.h"
#include "query/promql/parser.h"
#include "query/promql/selectors.h"

namespace vigil::alerting {

absl::StatusOr<SeriesCount> SeriesCount::Create(const std::vector<std::string>& exprs) {
  SeriesCount count;
  for (const std::string& text : exprs) {
    VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr, promql::ParseExpr(text));
    for (const promql::VectorSelector* const selector : promql::SelectorsOf(*expr)) {
      std::string counting = fmt::format("count({})", promql::Print(*selector));
      VIGIL_ASSIGN_OR_RETURN(promql::ExprPtr parsed, promql::ParseExpr(counting));
      count.counts_.emplace_back(std::move(counting), std::move(parsed));
    }
  }
  return count;
}

absl::StatusOr<int64_t> SeriesCount::Run(const RuleEvaluation& evaluation) const {
  int64_t total = 0;
  for (const auto& [text, expr] : counts_) {
    VIGIL_ASSIGN_OR_RETURN(exec::QueryResult result,
                           evaluation.runner.Run(*expr, text, evaluation.data_time_ms()));
    VIGIL_ASSIGN_OR_RETURN(const exec::VectorResult elements, ToVector(std::move(result)));
    for (const exec::VectorElement& element : elements) {
      total += static_cast<int64_t>(element.value);
    }
  }
  return total;
}

}  // namespace vigil::alerting
