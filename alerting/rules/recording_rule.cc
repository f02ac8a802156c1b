// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/recording_rule.h"

#include <algorithm>
#include <utility>

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include "base/status.h"

namespace vigil::alerting {
namespace {

bool HasNegativeCounts(const storage::Histogram& histogram) {
  const auto negative = [](double count) { return count < 0; };
  return negative(histogram.count) || negative(histogram.zero_count) ||
         std::any_of(histogram.positive_counts.begin(), histogram.positive_counts.end(),
                     negative) ||
         std::any_of(histogram.negative_counts.begin(), histogram.negative_counts.end(), negative);
}

}  // namespace

storage::Labels RecordingRule::ResultLabels(const storage::Labels& element) const {
  storage::LabelsBuilder labels(element);
  labels.Set(storage::kMetricName, rule().record);
  for (const auto& [name, value] : rule().labels) labels.Set(name, value);
  return labels.Build();
}

absl::StatusOr<std::vector<storage::LabeledSample>> RecordingRule::Evaluate(
    const RuleEvaluation& evaluation) {
  VIGIL_ASSIGN_OR_RETURN(exec::VectorResult result, RunExpr(evaluation));
  std::vector<storage::LabeledSample> samples;
  absl::flat_hash_set<storage::Labels> seen;
  for (exec::VectorElement& element : result) {
    storage::LabeledSample sample;
    sample.labels = ResultLabels(element.labels);
    sample.time_ms = evaluation.data_time_ms();
    sample.value = element.value;
    sample.histogram = std::move(element.histogram);
    if (!seen.insert(sample.labels).second) {
      return absl::FailedPreconditionError(
          "vector contains metrics with the same labelset after applying rule labels");
    }
    if (sample.histogram != nullptr && HasNegativeCounts(*sample.histogram)) {
      return absl::FailedPreconditionError(
          fmt::format("histogram with negative counts: {}", sample.labels.ToString()));
    }
    samples.push_back(std::move(sample));
  }
  if (evaluation.limit > 0 && static_cast<int64_t>(samples.size()) > evaluation.limit) {
    return absl::ResourceExhaustedError(
        fmt::format("exceeded limit of {} with {} series", evaluation.limit, samples.size()));
  }
  return samples;
}

}  // namespace vigil::alerting
