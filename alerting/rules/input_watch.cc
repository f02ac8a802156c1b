// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/input_watch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "query/promql/parser.h"
#include "query/promql/walk.h"

namespace vigil::alerting {
namespace {

// Queries look so far back for a sample; a little more does no harm here.
constexpr int64_t kLookbackMs = 5 * 60'000;
// That there is one series says enough. Reading stops when so many bytes of labels are there.
constexpr size_t kEnoughLabelBytes = 4'096;

}  // namespace

std::string_view InputStateName(InputState state) {
  switch (state) {
    case InputState::kUnknown:
      return "";
    case InputState::kPresent:
      return "present";
    case InputState::kNeverSeen:
      return "never_seen";
    case InputState::kVanished:
      return "vanished";
  }
  return "";
}

absl::StatusOr<bool> InputIndex::HasSeries(const std::string& key,
                                           const std::vector<storage::Matcher>& matchers,
                                           TimeRange range, int64_t now_ms) {
  Answer& answer = answers_[key];
  if (answer.asked_at_ms != 0 && now_ms - answer.asked_at_ms < InputWatch::kIntervalMs) {
    return answer.has_series;
  }
  if (querier_ == nullptr) {
    querier_ = source_->NewQuerier();
    querier_->LimitSelection(kEnoughLabelBytes);
  }
  const std::optional<bool> kept =
      kept_ == nullptr ? std::nullopt : kept_->FindsAny(matchers, *querier_, range);
  if (kept.has_value()) {
    answer = {now_ms, *kept};
    return *kept;
  }
  const int64_t start_ns = MonotonicNs();
  const auto series = querier_->Select(matchers, range);
  asking_ns_ += MonotonicNs() - start_ns;
  ++questions_;
  if (!series.ok() && !absl::IsResourceExhausted(series.status())) return series.status();
  answer = {now_ms, !series.ok() || !series->empty()};
  return answer.has_series;
}

InputWatch::InputWatch(const promql::Expr& expr) { Walk(expr, 0, kLookbackMs); }

void InputWatch::Walk(const promql::Expr& expr, int64_t shift_ms, int64_t range_ms) {
  switch (expr.kind) {
    case promql::ExprKind::kVectorSelector:
      return Add(promql::As<promql::VectorSelector>(expr), shift_ms, range_ms);
    case promql::ExprKind::kMatrixSelector: {
      const auto& matrix = promql::As<promql::MatrixSelector>(expr);
      return Walk(*matrix.selector, shift_ms, range_ms + matrix.range_ms);
    }
    case promql::ExprKind::kSubquery: {
      const auto& subquery = promql::As<promql::Subquery>(expr);
      return Walk(*subquery.expr, shift_ms + subquery.shift.offset_ms,
                  range_ms + subquery.range_ms);
    }
    default:
      promql::ForEachChild(expr,
                           [&](const promql::Expr& child) { Walk(child, shift_ms, range_ms); });
  }
}

void InputWatch::Add(const promql::VectorSelector& selector, int64_t shift_ms, int64_t range_ms) {
  // What is pinned to a time says nothing of now.
  if (selector.shift.at != promql::TimeShift::At::kNone) return;
  Input input;
  input.text = promql::Print(selector);
  input.matchers = selector.matchers;
  input.to_ms = shift_ms + selector.shift.offset_ms;
  input.from_ms = input.to_ms + range_ms;
  input.key = fmt::format("{} {} {}", input.text, input.from_ms, input.to_ms);
  const bool known = std::any_of(inputs_.begin(), inputs_.end(),
                                 [&input](const Input& other) { return other.key == input.key; });
  if (!known) inputs_.push_back(std::move(input));
}

void InputWatch::Look(int64_t time_ms, InputIndex* index) {
  if (inputs_.empty() || (looks_ > 0 && time_ms - looked_at_ms_ < kIntervalMs)) return;
  std::vector<std::string> missing;
  for (const Input& input : inputs_) {
    const TimeRange range = {time_ms - input.from_ms, time_ms - input.to_ms};
    const absl::StatusOr<bool> there = index->HasSeries(input.key, input.matchers, range, time_ms);
    if (!there.ok()) return;  // The next look tells.
    if (!*there) missing.push_back(input.text);
  }
  looked_at_ms_ = time_ms;
  ++looks_;
  const bool found = missing.size() < inputs_.size();
  ever_found_ |= found;
  status_.missing = std::move(missing);
  if (found) {
    SetState(InputState::kPresent, time_ms);
  } else if (ever_found_) {
    SetState(InputState::kVanished, time_ms);
  } else {
    if (looks_ == 1) status_.since_ms = time_ms;
    if (looks_ >= kLooksUntilNeverSeen) status_.state = InputState::kNeverSeen;
  }
}

void InputWatch::SetState(InputState state, int64_t time_ms) {
  if (status_.state == state) return;
  status_.state = state;
  status_.since_ms = time_ms;
}

}  // namespace vigil::alerting
