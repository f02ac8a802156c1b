// SPDX-License-Identifier: Apache-2.0
//
// The values of common nodes at one instant, each made once for all expressions that have it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include "query/exec/common_nodes.h"
#include "query/exec/limits.h"
#include "query/exec/value.h"
#include "query/promql/ast.h"

namespace vigil::exec {

class KeptSelections;

// An instant vector that several expressions look at.
class SharedVector {
 public:
  explicit SharedVector(std::vector<Series> series) : series_(std::move(series)) {}

  const std::vector<Series>& series() const { return series_; }

  // Which series `value op threshold` holds for, in their order; nothing if that cannot be said
  // without looking at each (histograms, an operator that is no order). After the first few calls
  // the floats are sorted, so that many thresholds cost little more than what they let through.
  std::optional<std::vector<uint32_t>> Beyond(promql::BinaryOp op, double threshold);

 private:
  struct Ranked {
    double value;
    uint32_t series;
  };
  void Rank();
  std::optional<std::vector<uint32_t>> LookThrough(promql::BinaryOp op, double threshold) const;

  const std::vector<Series> series_;
  uint32_t compared_ = 0;
  bool has_histograms_ = false;
  std::vector<Ranked> ranked_;  // By value; without NaN.
};

// Not thread-safe.
class SharedValues {
 public:
  using Make = absl::FunctionRef<absl::StatusOr<VectorValue>()>;

  // Borrows `nodes`, and `kept`, which may be null. Values are those at `time_ms` and hold
  // `max_samples` together at most.
  SharedValues(const CommonNodes* nodes, int64_t time_ms, int64_t max_samples,
               KeptSelections* kept = nullptr);

  // Whether the value of `node` at `time_ms` is shared.
  bool Shares(const promql::Expr& node, int64_t time_ms) const {
    return time_ms == time_ms_ && nodes_->Find(node) != CommonNodes::kNone;
  }
  // The value of a node that is shared, from `make` if nobody asked for it before. Lasts until it
  // is forgotten.
  absl::StatusOr<SharedVector*> Get(const promql::Expr& node, Make make);

  // What the expressions' selectors found when they were evaluated before; null: nobody keeps it.
  KeptSelections* kept() const { return kept_; }

  // Forgets the values of nodes that `stale` holds for.
  void Forget(absl::FunctionRef<bool(const promql::Expr& node)> stale);

 private:
  struct Held {
    explicit Held(VectorValue value) : vector(std::move(value.series)) {}
    SharedVector vector;
    Reservation reservation;
  };

  const CommonNodes* const nodes_;
  const int64_t time_ms_;
  QueryLimits limits_;
  std::vector<std::unique_ptr<Held>> values_;  // By number.
  KeptSelections* const kept_;
};

}  // namespace vigil::exec
