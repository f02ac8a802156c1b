// SPDX-License-Identifier: Apache-2.0
//
// Aggregators that need the values of a group at a step together: quantile and count_values.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/exec/aggregate/aggregate.h"
#include "query/exec/histogram/histogram_buckets.h"
#include "query/exec/histogram/quantile.h"

namespace vigil::exec {
namespace {

// The shortest decimal digits, without an exponent.
std::string PlainText(double value) {
  if (!std::isfinite(value)) return FormatValue(value);
  char buffer[32] = {};
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), std::fabs(value),
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t mark = text.find('e');
  std::string digits(text.substr(0, mark));
  std::erase(digits, '.');
  const int point = std::atoi(text.data() + mark + 1) + 1;  // Digits before the decimal point.
  if (point <= 0) {
    digits = "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else if (static_cast<size_t>(point) >= digits.size()) {
    digits.resize(static_cast<size_t>(point), '0');
  } else {
    digits.insert(static_cast<size_t>(point), 1, '.');
  }
  return std::signbit(value) ? '-' + digits : digits;
}

std::string TextOf(const Column& column, size_t step) {
  return column.HasFloat(step) ? PlainText(column.value(step))
                               : HistogramText(*column.histogram(step));
}

}  // namespace

absl::StatusOr<VectorValue> QuantileOfGroups(AggregateRun& run, const ScalarValue& quantile) {
  // Said of the parameter alone, whether or not anything is there: of the worst of all steps.
  const auto [lowest, highest] = ExtremesOf(quantile);
  if (!(highest <= 1)) run.annotations().WarnQuantile(run.param_span(), highest);
  if (lowest < 0) run.annotations().WarnQuantile(run.param_span(), lowest);
  VectorValue result = run.evaluator.NewVector();
  std::vector<double> values;
  for (AggregateGroup& group : run.groups) {
    VIGIL_RETURN_IF_ERROR(run.evaluator.context().limits.Check());
    Column column = run.evaluator.NewColumn();
    for (size_t step = 0; step < column.size(); ++step) {
      values.clear();
      for (const size_t member : group.members) {
        const Column& input = run.input.series[member].column;
        if (input.HasFloat(step)) values.push_back(input.value(step));
        if (input.HasHistogram(step)) run.NoteIgnoredHistogram();
      }
      if (values.empty()) continue;
      column.SetFloat(step, QuantileOf(quantile.values[step], &values));
    }
    VIGIL_RETURN_IF_ERROR(
        result.Add(std::move(group.labels), std::move(column), run.DropsName(group)));
  }
  return result;
}

absl::StatusOr<VectorValue> CountValues(AggregateRun& run, std::string_view label) {
  if (label.empty() || !IsValidUtf8(label)) {
    return absl::FailedPreconditionError(
        fmt::format("invalid label name {}", storage::Quote(label)));
  }
  // The value is a label like others: without(...) removes it.
  const std::vector<std::string>& grouping = run.aggregate.grouping;
  const bool removed =
      run.aggregate.without && std::find(grouping.begin(), grouping.end(), label) != grouping.end();
  // Groups may fall together once the label is overwritten, so counts are by the final labels.
  absl::flat_hash_map<storage::Labels, size_t> places;
  std::vector<Series> counts;
  Reservation held(run.evaluator.context().limits);
  for (const AggregateGroup& group : run.groups) {
    StringMap<size_t> by_text;
    for (const size_t member : group.members) {
      VIGIL_RETURN_IF_ERROR(run.evaluator.context().limits.Check());
      const Column& input = run.input.series[member].column;
      for (size_t step = 0; step < input.size(); ++step) {
        if (!input.Has(step)) continue;
        const std::string text = TextOf(input, step);
        const auto [at, unseen] = by_text.try_emplace(text, 0);
        if (unseen) {
          storage::Labels labels =
              removed ? group.labels
                      : storage::LabelsBuilder(group.labels).Set(label, text).Build();
          const auto [place, inserted] = places.try_emplace(std::move(labels), counts.size());
          if (inserted) {
            VIGIL_RETURN_IF_ERROR(held.Add(static_cast<int64_t>(run.evaluator.steps())));
            counts.push_back({place->first, run.evaluator.NewColumn()});
          }
          at->second = place->second;
        }
        Column& count = counts[at->second].column;
        count.SetFloat(step, count.value(step) + 1);
      }
    }
  }
  held = Reservation(run.evaluator.context().limits);
  VectorValue result = run.evaluator.NewVector();
  for (Series& series : counts) {
    VIGIL_RETURN_IF_ERROR(result.Add(std::move(series.labels), std::move(series.column)));
  }
  return result;
}

}  // namespace vigil::exec
