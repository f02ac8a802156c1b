// SPDX-License-Identifier: Apache-2.0
//
// What a selector has found in one query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "query/exec/context.h"
#include "query/exec/kept_selections.h"
#include "query/exec/limits.h"
#include "query/promql/ast.h"
#include "storage/metrics/querier.h"

namespace vigil::exec {

// The series of one selector in one query: found for it alone, or kept by somebody who keeps
// selections.
class FoundSeries {
 public:
  // Their labels, which are there before the first sample is read, are accounted for in `held`.
  FoundSeries(std::vector<storage::SeriesHandle> own, Reservation held)
      : own_(std::move(own)), held_(std::move(held)) {}
  FoundSeries(std::shared_ptr<const Selection> kept, Reservation held)
      : kept_(std::move(kept)), held_(std::move(held)) {}

  size_t size() const { return handles().size(); }
  const storage::SeriesHandle& operator[](size_t series) const { return handles()[series]; }

  // Whoever gets the labels accounts for them.
  storage::Labels TakeLabels(size_t series) {
    held_.GiveBack(LabelWeight((*this)[series].labels));
    return kept_ != nullptr ? kept_->handles[series].labels : std::move(own_[series].labels);
  }

  // The store keeps series by their numbers, those of one metric and one day side by side.
  std::vector<uint32_t> ReadOrder() const {
    return kept_ != nullptr ? kept_->order : OrderInStore(own_);
  }

 private:
  const std::vector<storage::SeriesHandle>& handles() const {
    return kept_ != nullptr ? kept_->handles : own_;
  }

  std::vector<storage::SeriesHandle> own_;
  std::shared_ptr<const Selection> kept_;  // Instead of own_, unless null.
  Reservation held_;
};

// The series that meet `matchers`, whose finding is timed. `selector` is where they stand, null for
// nowhere.
absl::StatusOr<FoundSeries> FindSeries(QueryContext& context,
                                       const promql::VectorSelector* selector,
                                       const std::vector<storage::Matcher>& matchers,
                                       TimeRange span);

}  // namespace vigil::exec
