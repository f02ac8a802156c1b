// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/group_samples.h"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/model/sample.h"

namespace vigil::alerting {

using storage::LabeledSample;

void GroupSamples::Add(std::vector<LabeledSample> samples, int64_t time_ms, RuleOutput* output) {
  output->status = absl::OkStatus();
  Share share = {output, {}, samples_.size(), samples_.size() + samples.size()};
  for (const LabeledSample& sample : samples) share.written.insert(sample.labels);
  for (const storage::Labels& labels : output->series) {
    if (share.written.contains(labels)) continue;
    LabeledSample marker;
    marker.labels = labels;
    marker.time_ms = time_ms;
    marker.value = storage::StaleNan();
    samples.push_back(std::move(marker));
  }
  if (samples.empty()) return;
  for (const LabeledSample& sample : samples) {
    const std::string_view metric = sample.labels.MetricName();
    if (!metrics_.contains(metric)) metrics_.emplace(metric);
  }
  if (samples_.empty()) {
    samples_ = std::move(samples);
  } else {
    std::move(samples.begin(), samples.end(), std::back_inserter(samples_));
  }
  shares_.push_back(std::move(share));
}

absl::Status GroupSamples::Write(const std::vector<LabeledSample>& samples) {
  VIGIL_ASSIGN_OR_RETURN_WITH(const storage::WriteResult result, output_->Append(samples, {}),
                              "writing samples");
  if (result.rejected == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{} samples were rejected: {}", result.rejected, result.rejection_reason));
}

void GroupSamples::FlushShare(const absl::Status& together, Share* share) {
  RuleOutput& output = *share->output;
  output.status = together;
  // Whose samples were refused is seen when they are written apart; those that were taken before
  // are taken again. Refused markers are no failure: another rule has gone on with the series.
  if (absl::IsFailedPrecondition(together)) {
    const auto begin = samples_.begin();
    output.status = Write({begin + static_cast<ptrdiff_t>(share->begin),
                           begin + static_cast<ptrdiff_t>(share->markers)});
  }
  if (output.status.ok() || absl::IsFailedPrecondition(output.status)) {
    output.series = std::move(share->written);
  } else {
    // What was not marked now is to be marked later.
    output.series.merge(share->written);
  }
}

void GroupSamples::Flush() {
  if (shares_.empty()) return;
  const absl::Status status = Write(samples_);
  for (Share& share : shares_) FlushShare(status, &share);
  runner_->Wrote(metrics_);
  samples_.clear();
  shares_.clear();
  metrics_.clear();
}

absl::StatusOr<exec::QueryResult> GroupSamples::Run(const promql::Expr& expr, std::string_view text,
                                                    int64_t time_ms) {
  if (MaySelect(expr, metrics_)) Flush();
  return runner_->Run(expr, text, time_ms);
}

absl::StatusOr<exec::QueryResult> GroupSamples::RunText(std::string_view text, int64_t time_ms) {
  Flush();
  return runner_->RunText(text, time_ms);
}

}  // namespace vigil::alerting
