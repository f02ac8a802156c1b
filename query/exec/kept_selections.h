// SPDX-License-Identifier: Apache-2.0
//
// The series that selectors have found, kept from one evaluation of the same expressions to the
// next: rules look at the same series every few seconds, while series come and go seldom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include "base/strings.h"
#include "query/promql/ast.h"
#include "storage/metrics/querier.h"

namespace vigil::exec {

// The order in which `handles` are best read: the store keeps series by their numbers, those of one
// metric and one day side by side. Empty if they have it.
std::vector<uint32_t> OrderInStore(const std::vector<storage::SeriesHandle>& handles);

// Series, sorted by labels, and what is worked out of them once. Constant.
struct Selection {
  explicit Selection(std::vector<storage::SeriesHandle> found);

  std::vector<storage::SeriesHandle> handles;
  std::vector<uint32_t> order;  // See OrderInStore.
  int64_t label_weight = 0;     // See LabelWeight; of all together.
};

// What is kept holds as long as its stamp does (storage/metrics/querier.h): until a series comes or
// goes that might be selected, or a partition of time begins or ends. It is asked each time, and
// made anew where it does not hold. Kept are labels, some 150 bytes a series: in the process
// `max_bytes` at most, first come first served; and nothing outlives this. Not thread-safe.
class KeptSelections {
 public:
  KeptSelections() = default;
  // Of the selectors in `exprs`, which must outlive it. Selectors with the same matchers share.
  // `max_bytes`: see EngineOptions::kept_selection_bytes.
  KeptSelections(const std::vector<const promql::Expr*>& exprs, int64_t max_bytes);
  ~KeptSelections();
  KeptSelections(const KeptSelections&) = delete;
  KeptSelections& operator=(const KeptSelections&) = delete;

  // Whether it is one of the selectors.
  bool Has(const promql::VectorSelector& selector) const { return numbers_.contains(&selector); }
  // What `querier` selects in `range`. Queriers must always be of the same source, with the same
  // limits. Requires: Has(selector).
  absl::StatusOr<std::shared_ptr<const Selection>> Select(const promql::VectorSelector& selector,
                                                          storage::MetricQuerier& querier,
                                                          TimeRange range);
  // Whether series that meet `matchers`, of one of the selectors, may have samples in `range`;
  // nullopt unless a selection that is kept tells.
  std::optional<bool> FindsAny(const std::vector<storage::Matcher>& matchers,
                               storage::MetricQuerier& querier, TimeRange range) const;

 private:
  struct Kept {
    storage::SelectionStamp stamp;
    std::shared_ptr<const Selection> selection;  // May be null.
    int64_t bytes = 0;
  };
  void Keep(storage::SelectionStamp stamp, std::shared_ptr<const Selection> selection, Kept* kept);
  static void Drop(Kept* kept);

  StringMap<size_t> by_text_;  // Of matchers.
  absl::flat_hash_map<const promql::VectorSelector*, size_t> numbers_;
  std::vector<Kept> kept_;
  int64_t max_bytes_ = 0;
};

}  // namespace vigil::exec
