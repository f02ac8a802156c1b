// SPDX-License-Identifier: Apache-2.0
//
// Watches whether a rule's selectors find series. Asks the index alone, once a minute for each
// different selector of a group.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/rules/input_status.h"
#include "base/strings.h"
#include "query/exec/kept_selections.h"
#include "query/promql/ast.h"
#include "storage/metrics/querier.h"

namespace vigil::alerting {

// Whether selectors have series, remembered for a while. Serves one group; not thread-safe.
class InputIndex {
 public:
  // What one round may ask of the store. Most answers take 30 µs, but a regular expression looks at
  // every value of its label.
  static constexpr int kMaxQuestions = 1'000;
  static constexpr int64_t kMaxRoundNs = 20'000'000;

  // `source` must outlive it.
  explicit InputIndex(storage::MetricSource* source) : source_(source) {}

  // From now on, what the group's evaluation keeps is looked at before the store is asked.
  void Use(const exec::KeptSelections* kept) { kept_ = kept; }

  // Whether series that meet `matchers` may have samples in `range`; `key` stands for both but for
  // the time.
  absl::StatusOr<bool> HasSeries(const std::string& key,
                                 const std::vector<storage::Matcher>& matchers, TimeRange range,
                                 int64_t now_ms);
  // Whether enough was asked in this round; more is asked all the same.
  bool IsTired() const { return questions_ >= kMaxQuestions || asking_ns_ >= kMaxRoundNs; }
  // What is asked from here on is asked of the store as it is then.
  void EndRound() {
    querier_ = nullptr;
    questions_ = 0;
    asking_ns_ = 0;
  }

 private:
  struct Answer {
    int64_t asked_at_ms = 0;
    bool has_series = false;
  };

  storage::MetricSource* const source_;
  const exec::KeptSelections* kept_ = nullptr;       // May be null.
  std::unique_ptr<storage::MetricQuerier> querier_;  // Of this round.
  int64_t asking_ns_ = 0;                            // In this round.
  int questions_ = 0;                                // In this round.
  StringMap<Answer> answers_;
};

// The inputs of one rule. Not thread-safe.
class InputWatch {
 public:
  // Looks again when so much time has passed.
  static constexpr int64_t kIntervalMs = 60'000;
  // So often must nothing have been found before the rule is reported: at start data may be late.
  static constexpr int kLooksUntilNeverSeen = 3;

  InputWatch() = default;
  explicit InputWatch(const promql::Expr& expr);

  // Looks if it is time to. `time_ms` is what the rule's data are looked at at.
  void Look(int64_t time_ms, InputIndex* index);

  const InputStatus& status() const { return status_; }

 private:
  struct Input {
    std::string text;
    std::vector<storage::Matcher> matchers;
    int64_t from_ms = 0;  // The window, before the evaluation's time.
    int64_t to_ms = 0;
    std::string key;
  };

  void Add(const promql::VectorSelector& selector, int64_t shift_ms, int64_t range_ms);
  void Walk(const promql::Expr& expr, int64_t shift_ms, int64_t range_ms);
  void SetState(InputState state, int64_t time_ms);

  std::vector<Input> inputs_;
  InputStatus status_;
  int64_t looked_at_ms_ = 0;
  int looks_ = 0;
  bool ever_found_ = false;
};

}  // namespace vigil::alerting
