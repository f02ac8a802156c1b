// SPDX-License-Identifier: Apache-2.0
#include "query/exec/found_series.h"

#include "base/clock.h"
#include "base/status.h"

namespace vigil::exec {

absl::StatusOr<FoundSeries> FindSeries(QueryContext& context,
                                       const promql::VectorSelector* selector,
                                       const std::vector<storage::Matcher>& matchers,
                                       TimeRange span) {
  const int64_t begin_ns = MonotonicNs();
  Reservation held(context.limits);
  KeptSelections* const kept = context.KeptFor(selector);
  if (kept != nullptr) {
    VIGIL_ASSIGN_OR_RETURN_WITH(std::shared_ptr<const Selection> selection,
                                kept->Select(*selector, context.querier, span), "expanding series");
    context.selection_ns.fetch_add(MonotonicNs() - begin_ns, std::memory_order_relaxed);
    VIGIL_RETURN_IF_ERROR(held.Add(selection->label_weight));
    return FoundSeries(std::move(selection), std::move(held));
  }
  VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<storage::SeriesHandle> handles,
                              context.querier.Select(matchers, span), "expanding series");
  context.selection_ns.fetch_add(MonotonicNs() - begin_ns, std::memory_order_relaxed);
  int64_t weight = 0;
  for (const storage::SeriesHandle& handle : handles) weight += LabelWeight(handle.labels);
  VIGIL_RETURN_IF_ERROR(held.Add(weight));
  return FoundSeries(std::move(handles), std::move(held));
}

}  // namespace vigil::exec
