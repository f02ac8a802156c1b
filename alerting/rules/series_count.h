// SPDX-License-Identifier: Apache-2.0
//
// Counts the series that a rule reads.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/rules/rule_evaluator.h"
#include "query/promql/ast.h"

namespace vigil::alerting {

// Thread-safe as const.
class SeriesCount {
 public:
  // Counts by the selectors of `exprs`, which are PromQL. InvalidArgument when one does not parse.
  static absl::StatusOr<SeriesCount> Create(const std::vector<std::string>& exprs);

  // How many series have a sample at the evaluation's time, of all selectors together.
  absl::StatusOr<int64_t> Run(const RuleEvaluation& evaluation) const;

 private:
  std::vector<std::pair<std::string, promql::ExprPtr>> counts_;  // Text and tree of "count(...)".
};

}  // namespace vigil::alerting
