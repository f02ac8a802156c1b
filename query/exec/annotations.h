// SPDX-License-Identifier: Apache-2.0
//
// What the engine wants to say about a query that still succeeds: warnings and infos, each text
// once, with the position of the last expression it was said about, as Prometheus has it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "query/promql/ast.h"

namespace vigil::exec {

// How the note on a metric begins whose name is not one of a counter.
inline constexpr std::string_view kNoCounterNote = "metric might not be a counter";

// Whether an annotation is about the names of metrics. It is taken to hold for all of a query's
// steps, though a metric may not be at each of them.
bool IsAboutNames(std::string_view annotation);

// Serves one query; thread-safe but for the taking.
class Annotations {
 public:
  // `text` is the query; it must outlive the annotations.
  explicit Annotations(std::string_view text) : text_(text) {}

  void Warn(promql::Span where, std::string_view core);
  void Info(promql::Span where, std::string_view core);

  // In the order in which they first came up.
  std::vector<std::string> TakeWarnings() { return std::move(warnings_); }
  std::vector<std::string> TakeInfos() { return std::move(infos_); }

  // Those that several operators and functions use.
  void WarnQuantile(promql::Span where, double quantile);
  void WarnMixedRange(promql::Span where, std::string_view metric);
  void WarnMixedAggregation(promql::Span where);
  void InfoIgnoredInRange(promql::Span where, std::string_view metric);
  void WarnNotCounter(promql::Span where, std::string_view metric);
  void WarnNotGauge(promql::Span where, std::string_view metric);
  void WarnMixedSchemas(promql::Span where, std::string_view metric);
  // `operation`: "addition", "subtraction" or "aggregation".
  void WarnConflictingResets(promql::Span where, std::string_view operation);
  void InfoReconciledBounds(promql::Span where, std::string_view operation);

 private:
  void Add(std::string text, promql::Span where, std::vector<std::string>* list);
  std::string Place(promql::Span where) const;

  const std::string_view text_;
  Mutex mutex_;
  // Of each text without its position, where it is in its list.
  StringMap<size_t> places_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> warnings_;  // Added to under the mutex, taken when all threads are done.
  std::vector<std::string> infos_;
};

}  // namespace vigil::exec
