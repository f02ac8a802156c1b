// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/backtest_runner.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/status.h"

namespace vigil::alerting {
namespace {

using exec::MatrixResult;
using exec::QueryResult;
using exec::VectorElement;

// Enough that what a query costs beyond its instants does not matter; fewer than a query may have.
constexpr int64_t kMaxSteps = 10'000;
// Below it a range query that failed is not tried again with half of the instants.
constexpr int64_t kFewSteps = 8;

}  // namespace

BacktestRunner::BacktestRunner(const BacktestQueries& queries, int64_t interval_ms,
                               const int64_t* window_end_ms, IsSettled is_settled)
    : queries_(queries),
      interval_ms_(interval_ms),
      is_settled_(std::move(is_settled)),
      window_end_ms_(*window_end_ms) {}

absl::StatusOr<QueryResult> BacktestRunner::Run(const promql::Expr& expr, std::string_view text,
                                                int64_t time_ms) {
  State& state = StateOf(expr);
  const auto ask = [&] {
    return queries_.engine->InstantExpr(*queries_.source, expr, text, time_ms, queries_.control);
  };
  if (!state.columnar || time_ms <= state.failed_until_ms) return ask();
  const auto step_of = [&] { return (time_ms - state.columns.start_ms) / interval_ms_; };
  if (step_of() >= static_cast<int64_t>(state.columns.steps())) {
    VIGIL_ASSIGN_OR_RETURN(const bool loaded, Load(expr, text, time_ms, &state));
    if (!loaded) return ask();
  }
  const bool is_among_them =
      time_ms >= state.columns.start_ms && (time_ms - state.columns.start_ms) % interval_ms_ == 0;
  return is_among_them ? At(state.columns, static_cast<size_t>(step_of()), time_ms) : ask();
}

absl::StatusOr<QueryResult> BacktestRunner::RunText(std::string_view text, int64_t time_ms) {
  return queries_.engine->Instant(*queries_.source, text, time_ms, queries_.control);
}

BacktestRunner::State& BacktestRunner::StateOf(const promql::Expr& expr) {
  const auto [entry, is_new] = states_.try_emplace(&expr);
  if (is_new) {
    const ExprReads reads = ReadsOf(expr, queries_.engine->options());
    entry->second.columnar = reads.columnar && is_settled_(reads);
  }
  return entry->second;
}

absl::StatusOr<bool> BacktestRunner::Load(const promql::Expr& expr, std::string_view text,
                                          int64_t time_ms, State* state) {
  const int64_t max_steps = std::min(kMaxSteps, queries_.engine->options().max_points);
  int64_t steps =
      std::min({max_steps, state->most_steps, (window_end_ms_ - time_ms) / interval_ms_ + 1});
  // One failing instant fails them all, and so does a limit: fewer may do.
  while (steps > kFewSteps) {
    absl::StatusOr<QueryResult> result = queries_.engine->RangeExpr(
        *queries_.source, expr, text, time_ms, time_ms + (steps - 1) * interval_ms_, interval_ms_,
        queries_.control);
    if (result.ok()) {
      state->columns =
          Arrange(std::get<MatrixResult>(std::move(result->value)),
                  expr.type == promql::ValueType::kScalar, time_ms, static_cast<size_t>(steps));
      state->most_steps = std::max(state->most_steps, 2 * steps);
      return true;
    }
    if (absl::IsCancelled(result.status())) return result.status();
    steps /= 2;
    state->most_steps = std::max(steps, 2 * kFewSteps);
  }
  state->failed_until_ms = time_ms + (std::max<int64_t>(steps, 1) - 1) * interval_ms_;
  return false;
}

BacktestRunner::Columns BacktestRunner::Arrange(MatrixResult matrix, bool scalar, int64_t start_ms,
                                                size_t steps) const {
  Columns columns;
  columns.start_ms = start_ms;
  columns.scalar = scalar;
  const auto step_of = [&](int64_t time_ms) {
    return static_cast<size_t>((time_ms - start_ms) / interval_ms_);
  };
  // A counting sort by instant.
  columns.begins.assign(steps + 1, 0);
  for (const exec::SeriesResult& series : matrix) {
    for (const int64_t time_ms : series.samples.times_ms) ++columns.begins[step_of(time_ms) + 1];
    for (const int64_t time_ms : series.samples.histogram_times_ms) {
      ++columns.begins[step_of(time_ms) + 1];
    }
  }
  for (size_t step = 0; step < steps; ++step) columns.begins[step + 1] += columns.begins[step];
  columns.points.resize(columns.begins.back());
  std::vector<size_t> next(columns.begins.begin(), std::prev(columns.begins.end()));
  for (exec::SeriesResult& series : matrix) {
    const auto number = static_cast<uint32_t>(columns.labels.size());
    columns.labels.push_back(std::move(series.labels));
    const storage::SampleColumns& samples = series.samples;
    for (size_t i = 0; i < samples.times_ms.size(); ++i) {
      columns.points[next[step_of(samples.times_ms[i])]++] = {number, samples.values[i]};
    }
    for (size_t i = 0; i < samples.histograms.size(); ++i) {
      const size_t point = next[step_of(samples.histogram_times_ms[i])]++;
      columns.points[point] = {number, 0};
      columns.histograms[point] = samples.histograms[i];
    }
    series.samples = {};
  }
  return columns;
}

QueryResult BacktestRunner::At(const Columns& columns, size_t step, int64_t time_ms) const {
  QueryResult result;
  const size_t begin = columns.begins[step];
  const size_t end = columns.begins[step + 1];
  if (columns.scalar) {
    // Scalars are at every instant.
    result.value = exec::ScalarResult{time_ms, columns.points[begin].value};
    return result;
  }
  exec::VectorResult vector;
  vector.reserve(end - begin);
  for (size_t point = begin; point < end; ++point) {
    VectorElement element;
    element.labels = columns.labels[columns.points[point].series];
    element.time_ms = time_ms;
    element.value = columns.points[point].value;
    if (!columns.histograms.empty()) {
      if (const auto found = columns.histograms.find(point); found != columns.histograms.end()) {
        element.histogram = found->second;
      }
    }
    vector.push_back(std::move(element));
  }
  result.value = std::move(vector);
  return result;
}

}  // namespace vigil::alerting
