// SPDX-License-Identifier: Apache-2.0
//
// What the parts of a query did, for those who want to know where its time went.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/promql/ast.h"

namespace vigil::exec {

// A part of a query: an operator, a call or a selector.
struct PlanNode {
  std::string text;     // As it is written.
  size_t depth = 0;     // Of parts around it.
  size_t series = 0;    // That it gave; a selector, or what is streamed: that it found.
  int64_t time_ns = 0;  // With the parts within it. A selector: of finding its series.
  // The part around it reads the series one by one, within its own time.
  bool streamed = false;
};

// Parts in the order in which they began, the outermost first.
using Plan = std::vector<PlanNode>;

// Takes down a plan. Parts end in the reverse order of their beginnings. Not thread-safe.
class PlanRecorder {
 public:
  // Parts are shown as the piece of `text` that they stand in.
  explicit PlanRecorder(std::string_view text) : text_(text) {}

  // Returns the part's number.
  size_t Begin(promql::Span where);
  void End(size_t number, size_t series, bool streamed = false);
  Plan Take() { return std::move(plan_); }

 private:
  const std::string_view text_;
  Plan plan_;
  size_t depth_ = 0;
};

// A part while it is worked on; does nothing without a recorder.
class PlanScope {
 public:
  PlanScope(PlanRecorder* recorder, promql::Span where)
      : recorder_(recorder), number_(recorder == nullptr ? 0 : recorder->Begin(where)) {}
  PlanScope(const PlanScope&) = delete;
  PlanScope& operator=(const PlanScope&) = delete;
  ~PlanScope() {
    if (recorder_ != nullptr) recorder_->End(number_, series_, streamed_);
  }
  void SetSeries(size_t series) { series_ = series; }
  void SetStreamed() { streamed_ = true; }

 private:
  PlanRecorder* const recorder_;
  const size_t number_;
  size_t series_ = 0;
  bool streamed_ = false;
};

}  // namespace vigil::exec
