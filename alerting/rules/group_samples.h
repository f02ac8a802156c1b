// SPDX-License-Identifier: Apache-2.0
//
// The samples of a group's rules on their way to the store. Those of many rules are one write; but
// whoever runs an expression that may select them finds them written.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/rules/expr_runner.h"
#include "base/strings.h"
#include "storage/series/labels.h"
#include "storage/storage.h"

namespace vigil::alerting {

using SeriesSet = absl::flat_hash_set<storage::Labels>;

// What a rule writes: its series, and how the last write went.
struct RuleOutput {
  SeriesSet series;  // Of the last evaluation.
  absl::Status status;
};

// Serves one evaluation of a group; not thread-safe. Runs expressions for its rules.
class GroupSamples final : public ExprRunner {
 public:
  // Both must outlive it.
  GroupSamples(ExprRunner* runner, storage::MetricSink* output)
      : runner_(runner), output_(output) {}

  // Takes the samples of a rule at `time_ms`, and marks the ends of series that are not among them
  // any more. `*output`, which must live until the next Flush, says then how it went.
  void Add(std::vector<storage::LabeledSample> samples, int64_t time_ms, RuleOutput* output);
  // Writes what is not written yet.
  void Flush();

  absl::StatusOr<exec::QueryResult> Run(const promql::Expr& expr, std::string_view text,
                                        int64_t time_ms) override;
  absl::StatusOr<exec::QueryResult> RunText(std::string_view text, int64_t time_ms) override;
  void Wrote(const StringSet& metrics) override { runner_->Wrote(metrics); }

 private:
  // What one rule has in `samples_`.
  struct Share {
    RuleOutput* output;
    size_t begin;
    size_t markers;  // Where those begin that end series.
  };

  absl::Status Write(const std::vector<storage::LabeledSample>& samples);
  // Takes the labels of its samples.
  void FlushShare(const absl::Status& together, const Share& share);

  ExprRunner* const runner_;
  storage::MetricSink* const output_;
  std::vector<storage::LabeledSample> samples_;
  std::vector<Share> shares_;
  StringSet metrics_;  // Whose samples are in `samples_`.
};

}  // namespace vigil::alerting
