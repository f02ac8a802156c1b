// SPDX-License-Identifier: Apache-2.0
//
// Evaluates the expression of a rule once, to tell what it reads and how near an alert's value is
// to the threshold.
#pragma once

#include <atomic>
#include <cstdint>

#include "alerting/explain/facts.h"
#include "alerting/rules/rule_file.h"
#include "query/exec/engine.h"
#include "storage/metrics/querier.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

struct RuleReading {
  const Rule& rule;
  // Of the alert, without those that its sender added; what is missing may have any value.
  const storage::Labels& labels;
  bool labels_are_all = true;  // An element with others is another alert.
  int64_t time_ms = 0;
  const std::atomic<bool>* cancelled = nullptr;
};

ReadFacts ReadRule(const exec::Engine& engine, storage::MetricSource& source,
                   const RuleReading& reading);

}  // namespace vigil::alerting
