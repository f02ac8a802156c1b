// SPDX-License-Identifier: Apache-2.0
//
// The PromQL engine: runs an expression at one instant or over a range. Works on whole columns:
// each node gives, for every step of the range at once, the values of each of its series.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <absl/status/statusor.h>

#include "query/exec/plan.h"
#include "query/promql/ast.h"
#include "query/promql/parser.h"
#include "storage/metrics/querier.h"
#include "storage/model/sample.h"
#include "storage/series/labels.h"

namespace vigil {
class ThreadPool;
}

namespace vigil::exec {

class SharedValues;

struct EngineOptions {
  int64_t lookback_ms = 5 * 60 * 1000;
  // Samples that one query may hold at a time; a histogram counts for more than one.
  int64_t max_samples = 50'000'000;
  int64_t timeout_ms = 2 * 60 * 1000;
  // The step of a subquery that names none.
  int64_t default_subquery_step_ms = 60 * 1000;
  // Points per series of a range query.
  int64_t max_points = 11'000;
  // Threads that one query may work on, its own included.
  size_t threads = 1;
  // Whether series lose their names at the end of a query instead of at the operator that drops
  // them, so that operators behind it still see them.
  bool delayed_name_removal = false;
  // Whether series tell in `__type__` what they are.
  bool type_and_unit_labels = false;
  // What queries may use.
  promql::ParseOptions language;
  // What rules may keep of what their selectors find, all together; see kept_selections.h.
  int64_t kept_selection_bytes = 256 << 20;
};

// What a caller may ask of one query beyond the options.
struct QueryControl {
  int64_t timeout_ms = 0;   // 0: the engine's. Capped by it.
  int64_t lookback_ms = 0;  // 0: the engine's.
  // The engine gives up soon after it turns true. May be null.
  const std::atomic<bool>* cancelled = nullptr;
  // Whether the samples of each step are counted, which takes some time.
  bool count_samples = false;
  // Whether it is taken down what the parts of the query do.
  bool explain = false;
};

struct ScalarResult {
  int64_t time_ms;
  double value;
};
struct StringResult {
  int64_t time_ms;
  std::string value;
};
struct VectorElement {
  storage::Labels labels;
  int64_t time_ms = 0;
  double value = 0;
  std::shared_ptr<const storage::Histogram> histogram;  // Instead of the value, if not null.
};
using VectorResult = std::vector<VectorElement>;
struct SeriesResult {
  storage::Labels labels;
  storage::SampleColumns samples;
};
using MatrixResult = std::vector<SeriesResult>;  // Sorted by labels.

// Times, and what was looked at. Without QueryControl::count_samples no samples are counted.
struct QueryStatistics {
  int64_t preparation_ns = 0;  // Finding the series, and what is done before anything is computed.
  int64_t evaluation_ns = 0;   // Reading and computing.
  int64_t sorting_ns = 0;
  int64_t peak_samples = 0;
  int64_t samples_read = 0;  // From the store, each once.
  storage::ReadStatistics read;
  Plan plan;  // With QueryControl::explain.
  // By step: their instants, and the samples that the query looked at for each.
  std::vector<int64_t> step_times_ms;
  std::vector<int64_t> step_samples;
};

struct QueryResult {
  std::variant<ScalarResult, StringResult, VectorResult, MatrixResult> value;
  // Texts with their position in the query, "(line:col)"; each once.
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
  QueryStatistics statistics;
};

// Stateless but for its options; thread-safe. Errors: InvalidArgument (the query),
// DeadlineExceeded, Cancelled, ResourceExhausted (a limit), FailedPrecondition (the data do not fit
// the query, such as many-to-many matching; Prometheus calls it "execution"), and what the querier
// returns.
class Engine {
 public:
  // `helpers` lend a hand to queries that read many series; null if there are none. Borrowed.
  explicit Engine(const EngineOptions& options, ThreadPool* helpers = nullptr)
      : options_(options), helpers_(helpers) {}

  // Parses and runs `query` at `time_ms`.
  absl::StatusOr<QueryResult> Instant(storage::MetricSource& source, std::string_view query,
                                      int64_t time_ms, const QueryControl& control = {}) const;
  // At start, start + step, ... <= end. Gives a MatrixResult. Requires: step_ms > 0 is checked.
  absl::StatusOr<QueryResult> Range(storage::MetricSource& source, std::string_view query,
                                    int64_t start_ms, int64_t end_ms, int64_t step_ms,
                                    const QueryControl& control = {}) const;
  // The same for expressions that are parsed already. `text` serves positions in annotations.
  absl::StatusOr<QueryResult> InstantExpr(storage::MetricSource& source, const promql::Expr& expr,
                                          std::string_view text, int64_t time_ms,
                                          const QueryControl& control = {}) const;
  absl::StatusOr<QueryResult> RangeExpr(storage::MetricSource& source, const promql::Expr& expr,
                                        std::string_view text, int64_t start_ms, int64_t end_ms,
                                        int64_t step_ms, const QueryControl& control = {}) const;

  // The same at an instant on a view of the store that the caller has, so that expressions can have
  // `shared` values (of this instant) in common; null if they have none.
  absl::StatusOr<QueryResult> InstantOn(storage::MetricQuerier& querier, SharedValues* shared,
                                        const promql::Expr& expr, std::string_view text,
                                        int64_t time_ms, const QueryControl& control = {}) const;
  // A view of the store that holds selections to what queries may have.
  std::unique_ptr<storage::MetricQuerier> NewQuerier(storage::MetricSource& source) const;

  const EngineOptions& options() const { return options_; }

 private:
  const EngineOptions options_;
  ThreadPool* const helpers_;
};

}  // namespace vigil::exec
