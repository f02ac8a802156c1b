// SPDX-License-Identifier: Apache-2.0
#include "query/exec/annotations.h"

#include <fmt/format.h>

#include "query/exec/histogram/histogram_buckets.h"
#include "query/promql/parser.h"
#include "storage/series/labels.h"

namespace vigil::exec {

namespace {

constexpr std::string_view kInfoPrefix = "PromQL info: ";

}  // namespace

bool IsAboutNames(std::string_view annotation) {
  return annotation.starts_with(kInfoPrefix) &&
         annotation.substr(kInfoPrefix.size()).starts_with(kNoCounterNote);
}

std::string Annotations::Place(promql::Span where) const {
  const promql::LineColumn place = promql::LocateOffset(text_, where.begin);
  return fmt::format(" ({}:{})", place.line, place.column);
}

void Annotations::Add(std::string text, promql::Span where, std::vector<std::string>* list) {
  MutexLock lock(&mutex_);
  std::string placed = text + Place(where);
  const auto [known, is_new] = places_.try_emplace(std::move(text), list->size());
  if (is_new) {
    list->push_back(std::move(placed));
  } else {
    (*list)[known->second] = std::move(placed);
  }
}

void Annotations::Warn(promql::Span where, std::string_view core) {
  Add(fmt::format("PromQL warning: {}", core), where, &warnings_);
}

void Annotations::Info(promql::Span where, std::string_view core) {
  Add(fmt::format("{}{}", kInfoPrefix, core), where, &infos_);
}

void Annotations::WarnQuantile(promql::Span where, double quantile) {
  Warn(where, fmt::format("quantile value should be between 0 and 1, got {}", ShortText(quantile)));
}

void Annotations::WarnMixedRange(promql::Span where, std::string_view metric) {
  Warn(where, fmt::format("encountered a mix of histograms and floats for metric name {}",
                          storage::Quote(metric)));
}

void Annotations::WarnMixedAggregation(promql::Span where) {
  Warn(where, "encountered a mix of histograms and floats for aggregation");
}

void Annotations::InfoIgnoredInRange(promql::Span where, std::string_view metric) {
  Info(where, fmt::format("ignored histograms in a range containing both floats and histograms for "
                          "metric name {}",
                          storage::Quote(metric)));
}

void Annotations::WarnNotCounter(promql::Span where, std::string_view metric) {
  Warn(where,
       fmt::format("this native histogram metric is not a counter: {}", storage::Quote(metric)));
}

void Annotations::WarnNotGauge(promql::Span where, std::string_view metric) {
  Warn(where,
       fmt::format("this native histogram metric is not a gauge: {}", storage::Quote(metric)));
}

void Annotations::WarnMixedSchemas(promql::Span where, std::string_view metric) {
  Warn(where, fmt::format("vector contains a mix of histograms with exponential and custom buckets "
                          "schemas for metric name {}",
                          storage::Quote(metric)));
}

void Annotations::WarnConflictingResets(promql::Span where, std::string_view operation) {
  Warn(where, fmt::format("conflicting counter resets during histogram {}", operation));
}

void Annotations::InfoReconciledBounds(promql::Span where, std::string_view operation) {
  Info(where, fmt::format("mismatched custom buckets were reconciled during {}", operation));
}

}  // namespace vigil::exec
