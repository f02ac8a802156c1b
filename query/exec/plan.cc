// SPDX-License-Identifier: Apache-2.0
#include "query/exec/plan.h"

#include <algorithm>

#include "base/clock.h"

namespace vigil::exec {

size_t PlanRecorder::Begin(promql::Span where) {
  const size_t begin = std::min<size_t>(where.begin, text_.size());
  const size_t end = std::clamp<size_t>(where.end, begin, text_.size());
  plan_.push_back({.text = std::string(text_.substr(begin, end - begin)),
                   .depth = depth_++,
                   .time_ns = -MonotonicNs()});
  return plan_.size() - 1;
}

void PlanRecorder::End(size_t number, size_t series, bool streamed) {
  --depth_;
  PlanNode& node = plan_[number];
  node.series = series;
  node.streamed = streamed;
  node.time_ns += MonotonicNs();
}

}  // namespace vigil::exec
