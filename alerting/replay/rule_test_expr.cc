// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/rule_test_expr.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "alerting/replay/rule_test_match.h"
#include "base/status.h"
#include "base/strings.h"
#include "query/promql/parser.h"
#include "query/promql/series_values.h"

namespace vigil::alerting {
namespace {

absl::StatusOr<std::vector<TestSample>> ToSamples(exec::QueryResult result) {
  std::vector<TestSample> samples;
  if (auto* const vector = std::get_if<exec::VectorResult>(&result.value)) {
    for (exec::VectorElement& element : *vector) {
      samples.push_back({std::move(element.labels), element.value, std::move(element.histogram)});
    }
    return samples;
  }
  if (const auto* const scalar = std::get_if<exec::ScalarResult>(&result.value)) {
    samples.push_back({{}, scalar->value, nullptr});
    return samples;
  }
  return absl::InvalidArgumentError("the result is not a vector or scalar");
}

absl::StatusOr<TestSample> ParseExpected(const ExprTest::Expected& expected) {
  TestSample sample;
  sample.value = expected.value;
  if (!Trim(expected.labels).empty()) {
    VIGIL_ASSIGN_OR_RETURN(sample.labels, promql::ParseSeries(expected.labels));
  }
  if (expected.histogram.empty()) return sample;
  VIGIL_ASSIGN_OR_RETURN(std::vector<promql::SeriesValue> values,
                         promql::ParseSeriesValues(expected.histogram));
  if (values.size() != 1 || !values.front().has_value() || values.front()->index() != 1) {
    return absl::InvalidArgumentError(
        fmt::format("\"histogram\" must be one histogram, not \"{}\"", expected.histogram));
  }
  sample.histogram = std::get<1>(*values.front());
  return sample;
}

}  // namespace

std::optional<RuleTestFailure> CheckExprTest(const exec::Engine& engine, const ExprTest& test,
                                             int64_t start_ms, bool fuzzy,
                                             storage::MetricSource* source) {
  RuleTestFailure failure;
  failure.kind = RuleTestFailure::Kind::kExpr;
  failure.place = test.place;
  failure.time_ms = test.eval_time_ms;
  failure.subject = test.expr;
  absl::StatusOr<exec::QueryResult> result =
      engine.Instant(*source, test.expr, start_ms + test.eval_time_ms);
  absl::StatusOr<std::vector<TestSample>> got =
      result.ok() ? ToSamples(*std::move(result)) : result.status();
  if (!got.ok()) {
    failure.message = MessageOf(got.status());
    return failure;
  }
  for (const ExprTest::Expected& one : test.expected) {
    absl::StatusOr<TestSample> sample = ParseExpected(one);
    if (!sample.ok()) {
      failure.place = one.place;
      failure.message = fmt::format("labels \"{}\": {}", one.labels, MessageOf(sample.status()));
      return failure;
    }
    failure.expected_samples.push_back(*std::move(sample));
  }
  failure.got_samples = *std::move(got);
  if (MatchSamples(fuzzy, &failure.expected_samples, &failure.got_samples)) return std::nullopt;
  failure.difference = SampleDifference(fuzzy, failure.expected_samples, failure.got_samples);
  return failure;
}

}  // namespace vigil::alerting
