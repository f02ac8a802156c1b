// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/group_samples.h"

#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include "base/status.h"
#include "storage/model/sample.h"

namespace vigil::alerting {

using storage::LabeledSample;

namespace {

// Samples that end the series of `series` that are not among `samples`.
std::vector<LabeledSample> Markers(const SeriesSet& series,
                                   const std::vector<LabeledSample>& samples, int64_t time_ms) {
  std::vector<LabeledSample> markers;
  if (series.empty()) return markers;
  absl::flat_hash_set<std::string_view> written;
  written.reserve(samples.size());
  for (const LabeledSample& sample : samples) written.insert(sample.labels.packed());
  for (const storage::Labels& labels : series) {
    if (written.contains(labels.packed())) continue;
    LabeledSample& marker = markers.emplace_back();
    marker.labels = labels;
    marker.time_ms = time_ms;
    marker.value = storage::StaleNan();
  }
  return markers;
}

void MoveBehind(std::vector<LabeledSample> samples, std::vector<LabeledSample>* all) {
  if (all->empty()) {
    *all = std::move(samples);
  } else {
    std::move(samples.begin(), samples.end(), std::back_inserter(*all));
  }
}

}  // namespace

void GroupSamples::Add(std::vector<LabeledSample> samples, int64_t time_ms, RuleOutput* output) {
  output->status = absl::OkStatus();
  const Share share = {output, samples_.size(), samples_.size() + samples.size()};
  MoveBehind(Markers(output->series, samples, time_ms), &samples);
  if (samples.empty()) return;
  for (const LabeledSample& sample : samples) {
    const std::string_view metric = sample.labels.MetricName();
    if (!metrics_.contains(metric)) metrics_.emplace(metric);
  }
  MoveBehind(std::move(samples), &samples_);
  shares_.push_back(share);
}

absl::Status GroupSamples::Write(const std::vector<LabeledSample>& samples) {
  VIGIL_ASSIGN_OR_RETURN_WITH(const storage::WriteResult result, output_->Append(samples, {}),
                              "writing samples");
  if (result.rejected == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{} samples were rejected: {}", result.rejected, result.rejection_reason));
}

void GroupSamples::FlushShare(const absl::Status& together, const Share& share) {
  RuleOutput& output = *share.output;
  output.status = together;
  // Whose samples were refused is seen when they are written apart; those that were taken before
  // are taken again. Refused markers are no failure: another rule has gone on with the series.
  const auto begin = samples_.begin() + static_cast<ptrdiff_t>(share.begin);
  const auto end = samples_.begin() + static_cast<ptrdiff_t>(share.markers);
  if (absl::IsFailedPrecondition(together)) output.status = Write({begin, end});
  // After another failure what was not marked now is to be marked later.
  if (output.status.ok() || absl::IsFailedPrecondition(output.status)) output.series.clear();
  output.series.reserve(share.markers - share.begin);
  for (auto at = begin; at != end; ++at) output.series.insert(std::move(at->labels));
}

void GroupSamples::Flush() {
  if (shares_.empty()) return;
  const absl::Status status = Write(samples_);
  for (const Share& share : shares_) FlushShare(status, share);
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
