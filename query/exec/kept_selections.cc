// SPDX-License-Identifier: Apache-2.0
#include "query/exec/kept_selections.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <string>
#include <utility>

#include "base/status.h"
#include "query/exec/limits.h"
#include "query/promql/selectors.h"

namespace vigil::exec {
namespace {

// What all in the process keep.
std::atomic<int64_t> all_bytes{0};

// Of a selection that is kept: handles, and the blocks of memory that their labels are in.
int64_t BytesOf(const Selection& selection, const storage::SelectionStamp& stamp) {
  constexpr size_t kBlockOverhead = 16;
  size_t bytes = sizeof(Selection) + stamp.parts.capacity() * sizeof(stamp.parts.front());
  bytes += selection.order.capacity() * sizeof(uint32_t);
  for (const storage::SeriesHandle& handle : selection.handles) {
    bytes += sizeof(handle) + handle.labels.packed().size() + kBlockOverhead;
  }
  return static_cast<int64_t>(bytes);
}

// Matchers as a text that stands for them alone.
std::string TextOf(const std::vector<storage::Matcher>& matchers) {
  std::string text;
  for (const storage::Matcher& matcher : matchers) {
    text += matcher.ToString();
    text += ',';
  }
  return text;
}

}  // namespace

std::vector<uint32_t> OrderInStore(const std::vector<storage::SeriesHandle>& handles) {
  const auto before = [](const storage::SeriesHandle& a, const storage::SeriesHandle& b) {
    return a.ref < b.ref;
  };
  if (std::is_sorted(handles.begin(), handles.end(), before)) return {};
  std::vector<uint32_t> order(handles.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return before(handles[a], handles[b]); });
  return order;
}

Selection::Selection(std::vector<storage::SeriesHandle> found)
    : handles(std::move(found)), order(OrderInStore(handles)) {
  for (const storage::SeriesHandle& handle : handles) label_weight += LabelWeight(handle.labels);
}

KeptSelections::KeptSelections(const std::vector<const promql::Expr*>& exprs, int64_t max_bytes)
    : max_bytes_(max_bytes) {
  for (const promql::Expr* const expr : exprs) {
    for (const promql::VectorSelector* const selector : promql::SelectorsOf(*expr)) {
      const auto [at, inserted] = by_text_.try_emplace(TextOf(selector->matchers), by_text_.size());
      numbers_.emplace(selector, at->second);
    }
  }
  kept_.resize(by_text_.size());
}

KeptSelections::~KeptSelections() {
  for (Kept& kept : kept_) Drop(&kept);
}

void KeptSelections::Drop(Kept* kept) {
  all_bytes.fetch_sub(std::exchange(kept->bytes, 0));
  kept->selection.reset();
}

void KeptSelections::Keep(storage::SelectionStamp stamp, std::shared_ptr<const Selection> selection,
                          Kept* kept) {
  if (stamp.parts.empty()) return;
  const int64_t bytes = BytesOf(*selection, stamp);
  if (all_bytes.fetch_add(bytes) > max_bytes_ - bytes) {
    all_bytes.fetch_sub(bytes);
    return;
  }
  *kept = {std::move(stamp), std::move(selection), bytes};
}

absl::StatusOr<std::shared_ptr<const Selection>> KeptSelections::Select(
    const promql::VectorSelector& selector, storage::MetricQuerier& querier, TimeRange range) {
  Kept& kept = kept_[numbers_.at(&selector)];
  if (kept.selection != nullptr && querier.Holds(kept.stamp, range)) return kept.selection;
  storage::SelectionStamp stamp = querier.StampOf(selector.matchers, range);
  // What cannot be kept leaves alone what is kept of another range.
  if (!stamp.parts.empty()) Drop(&kept);
  VIGIL_ASSIGN_OR_RETURN(std::vector<storage::SeriesHandle> handles,
                         querier.Select(selector.matchers, range));
  auto selection = std::make_shared<const Selection>(std::move(handles));
  Keep(std::move(stamp), selection, &kept);
  return selection;
}

std::optional<bool> KeptSelections::FindsAny(const std::vector<storage::Matcher>& matchers,
                                             storage::MetricQuerier& querier,
                                             TimeRange range) const {
  const auto number = by_text_.find(TextOf(matchers));
  if (number == by_text_.end()) return std::nullopt;
  const Kept& kept = kept_[number->second];
  if (kept.selection == nullptr || !querier.Holds(kept.stamp, range)) return std::nullopt;
  return !kept.selection->handles.empty();
}

}  // namespace vigil::exec
