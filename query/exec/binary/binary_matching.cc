// SPDX-License-Identifier: Apache-2.0
//
// Operators between the matching elements of two vectors. Groups are found once; within a group the
// steps are walked, as series may come and go.
#include <cstdint>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include "base/status.h"
#include "query/exec/binary/binary.h"
#include "query/exec/binary/binary_groups.h"
#include "query/exec/binary/binary_point.h"

namespace vigil::exec {
namespace {

using promql::VectorMatching;
using storage::Labels;
using Cardinality = VectorMatching::Cardinality;

constexpr int32_t kNobody = -1;

// Every series of a side.
std::vector<size_t> AllOf(const VectorValue& vector) {
  std::vector<size_t> all(vector.series.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

// Runs one operator. "Many" is the side that may have several series per group: the left one, also
// when the operator is one-to-one, unless group_right was written.
class Matching {
 public:
  Matching(Evaluator& evaluator, const promql::Binary& binary, VectorValue left, VectorValue right)
      : evaluator_(evaluator),
        binary_(binary),
        matching_(*binary.matching),
        many_is_left_(matching_.cardinality != Cardinality::kOneToMany),
        // What is calculated of two series has the name of neither.
        drops_name_(DropsName(binary)),
        delays_name_(evaluator.DelaysNames() && binary.return_bool),
        left_(std::move(left)),
        right_(std::move(right)),
        apply_(evaluator.annotations(), binary),
        result_(evaluator.NewVector()) {}

  absl::StatusOr<VectorValue> Run() {
    groups_ = GroupSeries(matching_, left_, right_);
    VIGIL_RETURN_IF_ERROR(FillGaps());
    any_left_ = PresentSteps(left_, AllOf(left_), evaluator_.steps());
    any_right_ = PresentSteps(right_, AllOf(right_), evaluator_.steps());
    for (size_t i = 0; i < groups_.size(); ++i) {
      VIGIL_RETURN_IF_ERROR(evaluator_.context().limits.Check());
      VIGIL_RETURN_IF_ERROR(RunGroup(i));
    }
    return std::move(result_);
  }

 private:
  const VectorValue& many() const { return many_is_left_ ? left_ : right_; }
  const VectorValue& one() const { return many_is_left_ ? right_ : left_; }

  // Gives each group the synthetic series that fill_left and fill_right ask for.
  absl::Status FillGaps() {
    if (!matching_.fill_left.has_value() && !matching_.fill_right.has_value()) {
      return absl::OkStatus();
    }
    for (MatchGroup& group : groups_) {
      const std::vector<bool> has_left = PresentSteps(left_, group.left, evaluator_.steps());
      const std::vector<bool> has_right = PresentSteps(right_, group.right, evaluator_.steps());
      VIGIL_RETURN_IF_ERROR(
          Fill(matching_.fill_left, has_left, has_right, group.labels, &left_, &group.left));
      VIGIL_RETURN_IF_ERROR(
          Fill(matching_.fill_right, has_right, has_left, group.labels, &right_, &group.right));
    }
    return absl::OkStatus();
  }

  absl::Status Fill(const std::optional<double>& fill, const std::vector<bool>& present,
                    const std::vector<bool>& wanted, const Labels& labels, VectorValue* side,
                    std::vector<size_t>* members) {
    if (!fill.has_value()) return absl::OkStatus();
    Column column = evaluator_.NewColumn();
    for (size_t step = 0; step < column.size(); ++step) {
      if (wanted[step] && !present[step]) column.SetFloat(step, *fill);
    }
    const size_t index = side->series.size();
    VIGIL_RETURN_IF_ERROR(side->Add(labels, std::move(column)));
    if (side->series.size() > index) members->push_back(index);
    return absl::OkStatus();
  }

  absl::Status RunGroup(size_t index) {
    const MatchGroup& group = groups_[index];
    VIGIL_RETURN_IF_ERROR(ResolveOne(group, many_is_left_ ? group.right : group.left));
    matched_.assign(evaluator_.steps(), false);
    for (const size_t many_index : many_is_left_ ? group.left : group.right) {
      VIGIL_RETURN_IF_ERROR(RunMany(index, many_index));
    }
    return absl::OkStatus();
  }

  // Notes which series of the "one" side stands for the group at each step.
  absl::Status ResolveOne(const MatchGroup& group, const std::vector<size_t>& members) {
    one_at_.assign(evaluator_.steps(), kNobody);
    for (const size_t member : members) {
      const Column& column = one().series[member].column;
      for (size_t step = 0; step < column.size(); ++step) {
        if (!column.Has(step) || !any_left_[step] || !any_right_[step]) continue;
        if (one_at_[step] != kNobody) {
          return DuplicateError(group, one().series[member].labels,
                                one().series[one_at_[step]].labels);
        }
        one_at_[step] = static_cast<int32_t>(member);
      }
    }
    return absl::OkStatus();
  }

  absl::Status DuplicateError(const MatchGroup& group, const Labels& a, const Labels& b) const {
    return absl::FailedPreconditionError(fmt::format(
        "found duplicate series for the match group {} on the {} hand-side of the operation: "
        "[{}, {}];many-to-many matching not allowed: matching labels must be unique on one side",
        InBraces(group.labels), many_is_left_ ? "right" : "left", InBraces(a), InBraces(b)));
  }

  // A series of the "many" side against all that stand for the group in turn.
  absl::Status RunMany(size_t group, size_t many_index) {
    const Series& series = many().series[many_index];
    Column out = evaluator_.NewColumn();
    int32_t partner = kNobody;  // Whose results are in `out`.
    for (size_t step = 0; step < out.size(); ++step) {
      if (one_at_[step] == kNobody || !series.column.Has(step)) continue;
      VIGIL_RETURN_IF_ERROR(NoteMatch(step));
      if (partner != kNobody && partner != one_at_[step]) {
        VIGIL_RETURN_IF_ERROR(Emit(group, ResultLabels(series.labels, partner), out));
        out = evaluator_.NewColumn();
      }
      partner = one_at_[step];
      const Point many_point = series.column.At(step);
      const Point one_point = one().series[partner].column.At(step);
      out.Set(step, many_is_left_ ? apply_(many_point, one_point) : apply_(one_point, many_point));
    }
    if (partner == kNobody) return absl::OkStatus();
    return Emit(group, ResultLabels(series.labels, partner), std::move(out));
  }

  absl::Status NoteMatch(size_t step) {
    if (matching_.cardinality != Cardinality::kOneToOne) return absl::OkStatus();
    if (matched_[step]) {
      return absl::FailedPreconditionError(
          "multiple matches for labels: many-to-one matching must be explicit "
          "(group_left/group_right)");
    }
    matched_[step] = true;
    return absl::OkStatus();
  }

  Labels ResultLabels(const Labels& many_labels, int32_t partner) const {
    Labels labels = drops_name_ && !delays_name_ ? many_labels.WithoutMetadata() : many_labels;
    if (matching_.cardinality == Cardinality::kOneToOne) {
      return matching_.on ? labels.KeepOnly(matching_.labels)
                          : labels.Without(matching_.labels, /*drop_name=*/false);
    }
    if (matching_.include.empty()) return labels;
    storage::LabelsBuilder builder(labels);
    for (const std::string& name : matching_.include) {
      builder.Set(name, one().series[partner].labels.Get(name));
    }
    return builder.Build();
  }

  // Adds to the result, into the series of the same labels if there is one.
  absl::Status Emit(size_t group, Labels labels, Column column) {
    if (column.Empty()) return absl::OkStatus();
    const auto [at, inserted] = places_.try_emplace(labels, Place{result_.series.size(), group});
    if (inserted) return result_.Add(std::move(labels), std::move(column), delays_name_);
    Column& present = result_.series[at->second.series].column;
    for (size_t step = 0; step < column.size(); ++step) {
      if (!column.Has(step)) continue;
      if (present.Has(step)) {
        return absl::FailedPreconditionError(
            at->second.group == group && matching_.cardinality != Cardinality::kOneToOne
                ? "multiple matches for labels: grouping labels must ensure unique matches"
                : "vector cannot contain metrics with the same labelset");
      }
      present.CopyFrom(column, step);
    }
    return absl::OkStatus();
  }

  struct Place {
    size_t series;
    size_t group;
  };

  Evaluator& evaluator_;
  const promql::Binary& binary_;
  const VectorMatching& matching_;
  const bool many_is_left_;
  const bool drops_name_;
  const bool delays_name_;
  VectorValue left_;
  VectorValue right_;
  PointOperator apply_;
  std::vector<MatchGroup> groups_;
  std::vector<bool> any_left_;
  std::vector<bool> any_right_;
  std::vector<int32_t> one_at_;  // Of the group at hand.
  std::vector<bool> matched_;    // Of the group at hand: steps that one-to-one has used.
  VectorValue result_;
  absl::flat_hash_map<Labels, Place> places_;
};

}  // namespace

absl::StatusOr<VectorValue> MatchVectors(Evaluator& evaluator, const promql::Binary& binary,
                                         VectorValue left, VectorValue right) {
  return Matching(evaluator, binary, std::move(left), std::move(right)).Run();
}

}  // namespace vigil::exec
