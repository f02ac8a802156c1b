// SPDX-License-Identifier: Apache-2.0
#include "storage/time_rules.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "storage/limits/refusals.h"

namespace vigil::storage {
namespace {

// Rounds down, so that what lies before 1970 stays there.
int64_t ToMillis(int64_t unix_ns) {
  return unix_ns / kNanosPerMilli - (unix_ns % kNanosPerMilli < 0 ? 1 : 0);
}

}  // namespace

int64_t TimeRules::lowest_ms() const {
  return max_age_ms == 0 ? 0 : std::max<int64_t>(0, now_ms - max_age_ms);
}

std::string TimeRules::Reason(int64_t time_ms) const {
  if (time_ms < 0) return fmt::format("time {} ms lies before 1970", time_ms);
  if (time_ms > highest_ms()) {
    return fmt::format("time {} lies more than {} in the future: check the sender's clock",
                       FormatInstantMs(time_ms), FormatDurationMs(max_future_ms));
  }
  return fmt::format("time {} is older than {} (storage.max_age, storage.retention)",
                     FormatInstantMs(time_ms), FormatDurationMs(max_age_ms));
}

void TimeRules::Refuse(int64_t time_ms, WriteResult* result) const {
  CountRefused(Refusal::kTime);
  ++result->rejected;
  if (result->rejection_reason.empty()) result->rejection_reason = Reason(time_ms);
}

bool TimeRules::Filter(const MetricBatch& batch, MetricBatch* admitted, WriteResult* result) const {
  bool all = true;
  for (const SampleRun& run : batch.runs) all &= Admits(run.time_ms);
  for (const HistogramSample& sample : batch.histograms) all &= Admits(sample.time_ms);
  for (const ExemplarSample& sample : batch.exemplars) all &= Admits(sample.exemplar.time_ms);
  if (all) return false;
  admitted->Clear();
  batch.ForEachFloat([&](SeriesRef ref, int64_t time_ms, double value) {
    if (Admits(time_ms)) {
      admitted->Add(ref, time_ms, value);
    } else {
      Refuse(time_ms, result);
    }
  });
  for (const HistogramSample& sample : batch.histograms) {
    if (Admits(sample.time_ms)) {
      admitted->histograms.push_back(sample);
    } else {
      Refuse(sample.time_ms, result);
    }
  }
  for (const ExemplarSample& sample : batch.exemplars) {
    if (Admits(sample.exemplar.time_ms)) admitted->exemplars.push_back(sample);
  }
  return true;
}

void TimeRules::Filter(LogBatch* batch, WriteResult* result) const {
  for (LogStreamBatch& stream : batch->streams) {
    std::erase_if(stream.records, [&](const LogRecord& record) {
      const int64_t time_ms = ToMillis(record.time_ns);
      if (Admits(time_ms)) return false;
      Refuse(time_ms, result);
      return true;
    });
  }
  std::erase_if(batch->streams,
                [](const LogStreamBatch& stream) { return stream.records.empty(); });
}

void TimeRules::Filter(std::vector<Span>* spans, WriteResult* result) const {
  std::erase_if(*spans, [&](const Span& span) {
    const int64_t time_ms = ToMillis(span.start_ns);
    if (Admits(time_ms)) return false;
    Refuse(time_ms, result);
    return true;
  });
}

}  // namespace vigil::storage
