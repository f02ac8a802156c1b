// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/expr_runner.h"

#include <algorithm>

#include "query/promql/selectors.h"

namespace vigil::alerting {
namespace {

bool MaySelect(const promql::VectorSelector& selector, std::string_view metric) {
  return std::all_of(selector.matchers.begin(), selector.matchers.end(),
                     [metric](const storage::Matcher& matcher) {
                       return matcher.name() != storage::kMetricName || matcher.Matches(metric);
                     });
}

}  // namespace

bool MaySelect(const promql::Expr& expr, const StringSet& metrics) {
  if (metrics.empty()) return false;
  const std::vector<const promql::VectorSelector*> selectors = promql::SelectorsOf(expr);
  return std::any_of(selectors.begin(), selectors.end(), [&metrics](const auto* selector) {
    return std::any_of(metrics.begin(), metrics.end(), [selector](const std::string& metric) {
      return MaySelect(*selector, metric);
    });
  });
}

}  // namespace vigil::alerting
