// SPDX-License-Identifier: Apache-2.0
#include "query/exec/binary/binary_groups.h"

#include <absl/container/flat_hash_map.h>

namespace vigil::exec {
namespace {

class Grouper {
 public:
  explicit Grouper(const promql::VectorMatching& matching) : matching_(matching) {}

  void Take(const VectorValue& vector, std::vector<size_t> MatchGroup::*side) {
    for (size_t i = 0; i < vector.series.size(); ++i) {
      const storage::Labels& labels = vector.series[i].labels;
      storage::Labels matched =
          matching_.on ? labels.KeepOnly(matching_.labels) : labels.Without(matching_.labels);
      const auto [at, inserted] = places_.try_emplace(std::move(matched), groups_.size());
      if (inserted) groups_.push_back({at->first, {}, {}});
      (groups_[at->second].*side).push_back(i);
    }
  }
  std::vector<MatchGroup> Finish() { return std::move(groups_); }

 private:
  const promql::VectorMatching& matching_;
  absl::flat_hash_map<storage::Labels, size_t> places_;
  std::vector<MatchGroup> groups_;
};

}  // namespace

std::vector<MatchGroup> GroupSeries(const promql::VectorMatching& matching, const VectorValue& left,
                                    const VectorValue& right) {
  Grouper grouper(matching);
  grouper.Take(left, &MatchGroup::left);
  grouper.Take(right, &MatchGroup::right);
  return grouper.Finish();
}

std::vector<bool> PresentSteps(const VectorValue& vector, const std::vector<size_t>& series,
                               size_t steps) {
  std::vector<bool> present(steps, false);
  for (const size_t i : series) {
    const Column& column = vector.series[i].column;
    for (size_t step = 0; step < steps; ++step) {
      if (column.Has(step)) present[step] = true;
    }
  }
  return present;
}

}  // namespace vigil::exec
