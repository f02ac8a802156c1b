// SPDX-License-Identifier: Apache-2.0
//
// What an alert that fires can show for itself: the threshold that was passed, and traces of what
// passed it, found by the exemplars of the series that the rule looks at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/alert.h"
#include "base/duration.h"
#include "query/exec/engine.h"
#include "query/promql/ast.h"
#include "storage/metrics/exemplar.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"

namespace vigil::alerting {

// Reads the exemplars of one tenant.
class ExemplarSource {
 public:
  virtual ~ExemplarSource() = default;
  // See storage::Storage::ReadExemplars.
  virtual absl::StatusOr<std::vector<storage::ExemplarSeries>> Read(
      const std::vector<storage::Matcher>& matchers, TimeRange range) = 0;
};

// What values are held against: `op` as if they stood on its left.
struct Threshold {
  promql::BinaryOp op = promql::BinaryOp::kGreater;
  double value = 0;

  bool IsPassedBy(double other) const;
};

// Of an expression that is a comparison of a vector with a number, or `and` or `unless` with one on
// its left. nullopt for all others.
std::optional<Threshold> ThresholdOf(const promql::Expr& expr);

// An alert that begins to fire.
struct EvidenceQuestion {
  const promql::Expr& expr;
  std::string_view query;  // Its text.
  const storage::Labels& labels;
  // Labels that come from the rule and say nothing of the data.
  const std::vector<std::pair<std::string, std::string>>& rule_labels;
  int64_t time_ms = 0;  // Of the data.
};

// Thread-safe.
class EvidenceFinder {
 public:
  // `source` must outlive it.
  EvidenceFinder(ExemplarSource* source, const exec::EngineOptions& options)
      : source_(*source), options_(options) {}

  // With at most kMaxTraces traces: those beyond the threshold first, then the newest. Exemplars
  // that cannot be read are none.
  Evidence Find(const EvidenceQuestion& question) const;
  // The same without looking for traces.
  static Evidence WithoutTraces(const promql::Expr& expr, std::string_view query);

  static constexpr size_t kMaxTraces = 5;

 private:
  std::vector<std::string> FindTraces(const EvidenceQuestion& question,
                                      const std::optional<Threshold>& threshold) const;

  ExemplarSource& source_;
  const exec::EngineOptions options_;
};

}  // namespace vigil::alerting
