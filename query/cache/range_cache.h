// SPDX-License-Identifier: Apache-2.0
//
// Answers of range queries, kept for the next time that a dashboard asks the same over a range that
// has moved on: only the steps that are new are computed. An answer stays good until something is
// written or deleted at or before its instants, which the store tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/mutex.h"
#include "query/exec/engine.h"
#include "storage/model/ids.h"
#include "storage/model/write_observer.h"

namespace vigil::cache {

// Thread-safe.
class RangeCache final : public storage::MetricWriteObserver {
 public:
  // Steps closer to now are computed each time: samples for them are still on their way, and each
  // would undo what was kept.
  static constexpr int64_t kFreshMs = 60 * 1000;

  // Keeps about `max_bytes` of answers; 0: none. Borrows engine and clock. The store that queries
  // read must tell this object of its writes from before the first query on.
  RangeCache(const exec::Engine* engine, const Clock* clock, size_t max_bytes)
      : engine_(*engine), clock_(*clock), max_bytes_(max_bytes) {}

  // What Engine::Range gives. `source` has the metrics of `tenant`.
  absl::StatusOr<exec::QueryResult> Range(storage::TenantId tenant, storage::MetricSource& source,
                                          std::string_view query, int64_t start_ms, int64_t end_ms,
                                          int64_t step_ms, const exec::QueryControl& control = {});
  // What Engine::RangeExpr gives; `query` is the text that `expr` was parsed from.
  absl::StatusOr<exec::QueryResult> RangeExpr(storage::TenantId tenant,
                                              storage::MetricSource& source,
                                              const promql::Expr& expr, std::string_view query,
                                              int64_t start_ms, int64_t end_ms, int64_t step_ms,
                                              const exec::QueryControl& control = {});

  void OnMetricsWritten(storage::TenantId tenant, int64_t first_ms) override;
  void OnMetricsDropped() override;

  // About what the answers take, bytes.
  size_t size_bytes() const;

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  struct Key {
    storage::TenantId tenant;
    int64_t step_ms;
    int64_t phase_ms;  // Of the steps: start modulo step.
    int64_t lookback_ms;
    std::string query;

    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.tenant, key.step_ms, key.phase_ms, key.lookback_ms,
                        key.query);
    }
  };
  // An answer for the steps from start to end, both included.
  struct Extent {
    int64_t start_ms;
    int64_t end_ms;
    exec::QueryResult result;  // Holds a MatrixResult.
    size_t size_bytes;
  };
  using ExtentPtr = std::shared_ptr<const Extent>;
  struct Entry {
    Key key;
    ExtentPtr extent;
    int64_t changed_ms = kNever;  // Steps from here on may be other ones by now.
  };
  using Entries = std::list<Entry>;  // The one used last comes first.

  struct Steps {
    int64_t start_ms;
    int64_t last_ms;
    int64_t step_ms;
    int64_t CountTo(int64_t time_ms) const { return (time_ms - start_ms) / step_ms + 1; }
  };
  // A query that runs: what is written meanwhile may or may not be in its answer.
  class Run;
  // Whether anything is kept, and the engine would not refuse the range.
  bool MayKeep(const TimeRange& range, int64_t step_ms) const;
  // An answer that is good for the step at `start_ms` and those up to `*good_end_ms`; null if there
  // is none. One with annotations that may be about some of its steps is good for those up to
  // `last_ms` only if it has no others.
  ExtentPtr Find(const Key& key, int64_t start_ms, int64_t last_ms, int64_t* good_end_ms);
  // Keeps an answer that `run` has made, but for what is too fresh; not if it is very large, nor a
  // part of one that has annotations on some steps.
  void Offer(Key key, const Run& run, const Steps& steps, const exec::QueryResult& result);
  // The same with what is to be kept, as far as it is still good.
  void Keep(Key key, const Run& run, ExtentPtr extent);
  void Remove(Entries::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const exec::Engine& engine_;
  const Clock& clock_;
  const size_t max_bytes_;

  mutable Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Key, Entries::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
  std::list<Run*> runs_ ABSL_GUARDED_BY(mutex_);
  size_t size_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // No step behind it is kept.
  int64_t last_kept_ms_ ABSL_GUARDED_BY(mutex_) = std::numeric_limits<int64_t>::min();
};

}  // namespace vigil::cache
