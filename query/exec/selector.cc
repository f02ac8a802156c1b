// SPDX-License-Identifier: Apache-2.0
#include "query/exec/selector.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "query/exec/duration_value.h"

namespace vigil::exec {
namespace {

using storage::SampleColumns;

absl::Status CheckPlain(const promql::VectorSelector& selector) {
  if (selector.anchored) return absl::FailedPreconditionError("modifier anchored is not available");
  if (selector.smoothed) return absl::FailedPreconditionError("modifier smoothed is not available");
  return absl::OkStatus();
}

// What a selector with `times` needs to see when it looks back by `back_ms` (left-open).
TimeRange SpanOf(const LookupTimes& times, int64_t back_ms) {
  return {SaturatingAdd(SaturatingSub(times.First(), back_ms), 1), times.Last()};
}

absl::Status AccountFor(const SampleColumns& samples, Reservation* held) {
  int64_t weight = static_cast<int64_t>(samples.values.size());
  for (const HistogramPtr& histogram : samples.histograms) weight += SampleWeight(*histogram);
  return held->Add(weight);
}

// Accounts for the labels of selected series, which are there before the first sample is read.
absl::Status AccountFor(const std::vector<storage::SeriesHandle>& handles, Reservation* held) {
  int64_t weight = 0;
  for (const storage::SeriesHandle& handle : handles) weight += LabelWeight(handle.labels);
  return held->Add(weight);
}

// Puts the newest sample within the lookback of each step into a column.
class InstantFiller {
 public:
  InstantFiller(const LookupTimes& times, int64_t lookback_ms, SelectWhat what)
      : times_(times), lookback_ms_(lookback_ms), what_(what) {}

  void Fill(const SampleColumns& samples, Column* column) const {
    size_t floats = 0;  // How many of them are not after the step's time.
    size_t histograms = 0;
    for (size_t step = 0; step < column->size(); ++step) {
      const int64_t at_ms = times_.At(step);
      while (floats < samples.times_ms.size() && samples.times_ms[floats] <= at_ms) ++floats;
      while (histograms < samples.histogram_times_ms.size() &&
             samples.histogram_times_ms[histograms] <= at_ms) {
        ++histograms;
      }
      const int64_t after_ms = SaturatingSub(at_ms, lookback_ms_);
      const bool has_float = floats > 0 && samples.times_ms[floats - 1] > after_ms;
      const bool has_histogram =
          histograms > 0 && samples.histogram_times_ms[histograms - 1] > after_ms;
      if (has_float && (!has_histogram || samples.times_ms[floats - 1] >
                                              samples.histogram_times_ms[histograms - 1])) {
        PutFloat(samples, floats - 1, step, column);
      } else if (has_histogram) {
        PutHistogram(samples, histograms - 1, step, column);
      }
    }
  }

 private:
  void PutFloat(const SampleColumns& samples, size_t i, size_t step, Column* column) const {
    if (storage::IsStale(samples.values[i])) return;
    column->SetFloat(
        step, what_ == SelectWhat::kSamples ? samples.values[i] : InSeconds(samples.times_ms[i]));
  }
  void PutHistogram(const SampleColumns& samples, size_t i, size_t step, Column* column) const {
    if (storage::IsStale(*samples.histograms[i])) return;
    if (what_ == SelectWhat::kSamples) {
      column->SetHistogram(step, samples.histograms[i]);
    } else {
      column->SetFloat(step, InSeconds(samples.histogram_times_ms[i]));
    }
  }
  static double InSeconds(int64_t ms) { return static_cast<double>(ms) / kMillisPerSecond; }

  const LookupTimes& times_;
  const int64_t lookback_ms_;
  const SelectWhat what_;
};

template <typename T, typename Stale>
void RemoveWhere(const Stale& stale, std::vector<int64_t>* times, std::vector<T>* values) {
  if (std::none_of(values->begin(), values->end(), stale)) return;
  size_t kept = 0;
  for (size_t i = 0; i < values->size(); ++i) {
    if (stale((*values)[i])) continue;
    (*times)[kept] = (*times)[i];
    (*values)[kept++] = std::move((*values)[i]);
  }
  times->resize(kept);
  values->resize(kept);
}

void RemoveStale(SampleColumns* samples) {
  bool stale = false;  // A loop without an early end looks at several values at once.
  for (const double value : samples->values) stale |= storage::IsStale(value);
  if (stale) {
    RemoveWhere([](double value) { return storage::IsStale(value); }, &samples->times_ms,
                &samples->values);
  }
  RemoveWhere([](const HistogramPtr& histogram) { return storage::IsStale(*histogram); },
              &samples->histogram_times_ms, &samples->histograms);
}

// The series of a matrix selector, read when asked for.
class SelectedRange final : public RangeVector {
 public:
  SelectedRange(QueryContext& context, const LookupTimes& times, int64_t range_ms,
                std::vector<storage::SeriesHandle> handles, Reservation labels_held)
      : RangeVector(times, range_ms),
        context_(context),
        handles_(std::move(handles)),
        labels_held_(std::move(labels_held)) {}

  size_t size() const override { return handles_.size(); }
  const storage::Labels& labels(size_t series) const override { return handles_[series].labels; }
  storage::Labels TakeLabels(size_t series) override { return std::move(handles_[series].labels); }
  absl::Status Read(size_t series, RangeBuffer* buffer) const override {
    VIGIL_RETURN_IF_ERROR(context_.limits.Check());
    VIGIL_RETURN_IF_ERROR_WITH(
        context_.querier.Read(handles_[series].ref, SpanOf(times(), range_ms()), &buffer->samples),
        "expanding series");
    RemoveStale(&buffer->samples);
    buffer->held = Reservation(context_.limits);
    return AccountFor(buffer->samples, &buffer->held);
  }

 private:
  QueryContext& context_;
  std::vector<storage::SeriesHandle> handles_;
  const Reservation labels_held_;
};

// The series of a vector selector.
class InstantSource final : public SeriesSource {
 public:
  InstantSource(QueryContext& context, const LookupTimes& times, SelectWhat what,
                std::vector<storage::SeriesHandle> handles, Reservation labels_held)
      : context_(context),
        times_(times),
        what_(what),
        handles_(std::move(handles)),
        labels_held_(std::move(labels_held)) {}

  size_t size() const override { return handles_.size(); }
  const storage::Labels& labels(size_t series) const override { return handles_[series].labels; }
  storage::Labels TakeLabels(size_t series) override { return std::move(handles_[series].labels); }
  bool DropsName() const override { return false; }
  bool SeveralNames() const override { return false; }
  absl::StatusOr<std::unique_ptr<SeriesReader>> NewReader() const override {
    return std::make_unique<Reader>(*this);
  }

 private:
  class Reader final : public SeriesReader {
   public:
    explicit Reader(const InstantSource& source)
        : source_(source),
          span_(SpanOf(source.times_, source.context_.lookback_ms)),
          filler_(source.times_, source.context_.lookback_ms, source.what_) {}

    absl::Status Read(size_t series, Column* column) override {
      QueryContext& context = source_.context_;
      VIGIL_RETURN_IF_ERROR_WITH(
          context.querier.Read(source_.handles_[series].ref, span_, &samples_), "expanding series");
      Reservation held(context.limits);
      VIGIL_RETURN_IF_ERROR(AccountFor(samples_, &held));
      filler_.Fill(samples_, column);
      return absl::OkStatus();
    }

   private:
    const InstantSource& source_;
    const TimeRange span_;
    const InstantFiller filler_;
    SampleColumns samples_;
  };

  QueryContext& context_;
  const LookupTimes times_;
  const SelectWhat what_;
  std::vector<storage::SeriesHandle> handles_;
  const Reservation labels_held_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SeriesSource>> SelectInstantSource(
    Evaluator& evaluator, const promql::VectorSelector& selector, SelectWhat what) {
  QueryContext& context = evaluator.context();
  VIGIL_RETURN_IF_ERROR(CheckPlain(selector));
  VIGIL_ASSIGN_OR_RETURN(const LookupTimes times,
                         ResolveShift(context, evaluator.grid(), selector.shift));
  VIGIL_ASSIGN_OR_RETURN_WITH(
      std::vector<storage::SeriesHandle> handles,
      context.querier.Select(selector.matchers, SpanOf(times, context.lookback_ms)),
      "expanding series");
  Reservation held(context.limits);
  VIGIL_RETURN_IF_ERROR(AccountFor(handles, &held));
  return std::make_unique<InstantSource>(context, times, what, std::move(handles), std::move(held));
}

absl::StatusOr<VectorValue> SelectInstant(Evaluator& evaluator,
                                          const promql::VectorSelector& selector, SelectWhat what) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<SeriesSource> source,
                         SelectInstantSource(evaluator, selector, what));
  return CollectSeries(evaluator, *source);
}

absl::StatusOr<std::unique_ptr<RangeVector>> SelectRange(Evaluator& evaluator,
                                                         const promql::MatrixSelector& matrix) {
  QueryContext& context = evaluator.context();
  VIGIL_RETURN_IF_ERROR(CheckPlain(*matrix.selector));
  VIGIL_ASSIGN_OR_RETURN(const LookupTimes times,
                         ResolveShift(context, evaluator.grid(), matrix.selector->shift));
  VIGIL_ASSIGN_OR_RETURN(
      const int64_t range_ms,
      DurationMs(context, matrix.range_ms, matrix.range_expr.get(), DurationSign::kPositive));
  VIGIL_ASSIGN_OR_RETURN_WITH(
      std::vector<storage::SeriesHandle> handles,
      context.querier.Select(matrix.selector->matchers, SpanOf(times, range_ms)),
      "expanding series");
  Reservation held(context.limits);
  VIGIL_RETURN_IF_ERROR(AccountFor(handles, &held));
  return std::make_unique<SelectedRange>(context, times, range_ms, std::move(handles),
                                         std::move(held));
}

}  // namespace vigil::exec
