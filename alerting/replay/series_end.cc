// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/series_end.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "query/exec/histogram/histogram_math.h"
#include "storage/model/histogram.h"

namespace vigil::alerting {
namespace {

using storage::CounterResetHint;
using storage::Histogram;
using storage::LabeledSample;
using storage::SampleColumns;

bool SameAsNewest(const SampleColumns& columns, const LabeledSample& sample) {
  if (NewestTime(columns) != sample.time_ms) return false;
  if (sample.histogram != nullptr) {
    return !columns.histogram_times_ms.empty() &&
           columns.histogram_times_ms.back() == sample.time_ms &&
           exec::SameObservations(*columns.histograms.back(), *sample.histogram);
  }
  return !columns.times_ms.empty() && columns.times_ms.back() == sample.time_ms &&
         std::bit_cast<uint64_t>(columns.values.back()) == std::bit_cast<uint64_t>(sample.value);
}

// What is known of a reset between the newest histogram and the next one.
CounterResetHint HintFor(const SampleColumns& columns, const Histogram& next) {
  if (next.reset_hint == CounterResetHint::kGauge) return CounterResetHint::kGauge;
  if (columns.histograms.empty() || storage::IsStale(next)) return CounterResetHint::kUnknown;
  // Floats in between begin anew.
  if (NewestTime(columns) != columns.histogram_times_ms.back()) return CounterResetHint::kUnknown;
  const Histogram& previous = *columns.histograms.back();
  if (previous.reset_hint == CounterResetHint::kGauge || storage::IsStale(previous)) {
    return CounterResetHint::kUnknown;
  }
  Histogram unhinted = next;
  if (next.reset_hint != CounterResetHint::kReset) unhinted.reset_hint = CounterResetHint::kUnknown;
  return exec::DetectReset(previous, unhinted) ? CounterResetHint::kUnknown
                                               : CounterResetHint::kNotReset;
}

std::shared_ptr<const Histogram> WithHint(std::shared_ptr<const Histogram> histogram,
                                          CounterResetHint hint) {
  if (histogram->reset_hint == hint) return histogram;
  Histogram copy = *histogram;
  copy.reset_hint = hint;
  return std::make_shared<const Histogram>(std::move(copy));
}

}  // namespace

int64_t NewestTime(const SampleColumns& columns) {
  int64_t newest_ms = INT64_MIN;
  if (!columns.times_ms.empty()) newest_ms = columns.times_ms.back();
  if (!columns.histogram_times_ms.empty()) {
    newest_ms = std::max(newest_ms, columns.histogram_times_ms.back());
  }
  return newest_ms;
}

AppendOutcome AppendSample(const LabeledSample& sample, SampleColumns* columns) {
  if (SameAsNewest(*columns, sample)) return AppendOutcome::kThere;
  if (sample.time_ms <= NewestTime(*columns)) return AppendOutcome::kOlder;
  if (sample.histogram != nullptr) {
    const CounterResetHint hint = HintFor(*columns, *sample.histogram);
    columns->histogram_times_ms.push_back(sample.time_ms);
    columns->histograms.push_back(WithHint(sample.histogram, hint));
  } else {
    columns->times_ms.push_back(sample.time_ms);
    columns->values.push_back(sample.value);
  }
  return AppendOutcome::kAdded;
}

}  // namespace vigil::alerting
