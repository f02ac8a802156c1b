// SPDX-License-Identifier: Apache-2.0
#include "query/exec/selector.h"

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/wide.h"
#include "query/exec/duration_value.h"
#include "query/exec/found_series.h"

namespace vigil::exec {
namespace {

using storage::SampleColumns;

// What a selector with `times` needs to see when it looks back by `back_ms` (left-open).
TimeRange SpanOf(const LookupTimes& times, int64_t back_ms) {
  return {SaturatingAdd(SaturatingSub(times.First(), back_ms), 1), times.Last()};
}

absl::Status AccountFor(const SampleColumns& samples, QueryContext& context, Reservation* held) {
  int64_t weight = static_cast<int64_t>(samples.values.size());
  for (const HistogramPtr& histogram : samples.histograms) weight += SampleWeight(*histogram);
  context.samples_read.fetch_add(weight, std::memory_order_relaxed);
  return held->Add(weight);
}

double InSeconds(int64_t ms) { return static_cast<double>(ms) / kMillisPerSecond; }

// Puts what a selector gives of a float into a column.
void PutFloat(int64_t time_ms, double value, SelectWhat what, size_t step, Column* column) {
  if (storage::IsStale(value)) return;
  column->SetFloat(step, what == SelectWhat::kSamples ? value : InSeconds(time_ms));
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
        PutFloat(samples.times_ms[floats - 1], samples.values[floats - 1], what_, step, column);
      } else if (has_histogram) {
        PutHistogram(samples, histograms - 1, step, column);
      }
    }
  }

 private:
  void PutHistogram(const SampleColumns& samples, size_t i, size_t step, Column* column) const {
    if (storage::IsStale(*samples.histograms[i])) return;
    if (what_ == SelectWhat::kSamples) {
      column->SetHistogram(step, samples.histograms[i]);
    } else {
      column->SetFloat(step, InSeconds(samples.histogram_times_ms[i]));
    }
  }

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
  // A loop without an early end, and with a flag as wide as a value, looks at several at once.
  const auto any_stale = [](std::span<const double> values) {
    uint64_t stale = 0;
    for (const double value : values) stale |= storage::IsStale(value) ? 1 : 0;
    return stale != 0;
  };
  if (Wide(any_stale, std::span<const double>(samples->values))) {
    RemoveWhere([](double value) { return storage::IsStale(value); }, &samples->times_ms,
                &samples->values);
  }
  RemoveWhere([](const HistogramPtr& histogram) { return storage::IsStale(*histogram); },
              &samples->histogram_times_ms, &samples->histograms);
}

// Puts the value at each step into a column, on the line between the samples around it. Behind the
// last sample that one holds; before the first there is nothing.
void FillSmoothed(const SampleColumns& samples, const LookupTimes& times, int64_t lookback_ms,
                  Column* column) {
  const std::vector<int64_t>& at = samples.times_ms;
  size_t next = 0;  // The first sample behind the step's time.
  for (size_t step = 0; step < column->size(); ++step) {
    const int64_t time_ms = times.At(step);
    while (next < at.size() && at[next] <= time_ms) ++next;
    if (next == 0 || at[next - 1] <= SaturatingSub(time_ms, lookback_ms)) continue;
    const int64_t before_ms = at[next - 1];
    double value = samples.values[next - 1];
    if (before_ms < time_ms && next < at.size() &&
        at[next] <= SaturatingAdd(time_ms, lookback_ms)) {
      value += (samples.values[next] - value) * static_cast<double>(time_ms - before_ms) /
               static_cast<double>(at[next] - before_ms);
    }
    column->SetFloat(step, value);
  }
}

// Reading one series may take less than to look at the clock.
constexpr size_t kSeriesPerCheck = 8;

// The series of a matrix selector, read when asked for.
class SelectedRange final : public RangeVector {
 public:
  SelectedRange(QueryContext& context, const LookupTimes& times, int64_t range_ms,
                FoundSeries found)
      : RangeVector(times, range_ms), context_(context), found_(std::move(found)) {}

  size_t size() const override { return found_.size(); }
  std::vector<uint32_t> ReadOrder() const override { return found_.ReadOrder(); }
  const storage::Labels& labels(size_t series) const override { return found_[series].labels; }
  storage::Labels TakeLabels(size_t series) override { return found_.TakeLabels(series); }
  absl::Status Read(size_t series, RangeBuffer* buffer) const override {
    if (series % kSeriesPerCheck == 0) VIGIL_RETURN_IF_ERROR(context_.limits.Check());
    VIGIL_RETURN_IF_ERROR_WITH(
        context_.querier.Read(found_[series].ref, SpanOf(times(), range_ms()), &buffer->samples),
        "expanding series");
    RemoveStale(&buffer->samples);
    buffer->held = Reservation(context_.limits);
    return AccountFor(buffer->samples, context_, &buffer->held);
  }

 private:
  QueryContext& context_;
  FoundSeries found_;
};

// The series of a vector selector, each with the column that `fill` makes of its samples. Where a
// series' newest sample is all that is asked for (at a single step), others need not be read.
class InstantSource final : public SeriesSource {
 public:
  using Fill = std::function<void(SampleColumns& samples, Column* column)>;

  // `fill` is called by several threads; `newest` is what it would give of the newest sample,
  // nullopt where it wants to see them all.
  InstantSource(Evaluator& evaluator, const TimeRange& span, Fill fill,
                std::optional<SelectWhat> newest, FoundSeries found)
      : context_(evaluator.context()),
        counts_(evaluator.counts()),
        span_(span),
        fill_(std::move(fill)),
        newest_(newest),
        found_(std::move(found)) {}

  size_t size() const override { return found_.size(); }
  std::vector<uint32_t> ReadOrder() const override { return found_.ReadOrder(); }
  const storage::Labels& labels(size_t series) const override { return found_[series].labels; }
  storage::Labels TakeLabels(size_t series) override { return found_.TakeLabels(series); }
  bool DropsName() const override { return false; }
  bool SeveralNames() const override { return false; }
  absl::StatusOr<std::unique_ptr<SeriesReader>> NewReader() const override {
    return std::make_unique<Reader>(*this);
  }

 private:
  class Reader final : public SeriesReader {
   public:
    explicit Reader(const InstantSource& source) : source_(source) {}

    absl::Status Read(size_t series, Column* column) override {
      const storage::SeriesRef ref = source_.found_[series].ref;
      if (!TakeNewest(ref, column)) VIGIL_RETURN_IF_ERROR(TakeAll(ref, column));
      if (source_.counts_ != nullptr) source_.counts_->AddColumn(*column);
      return absl::OkStatus();
    }

   private:
    // False where that is not enough, or not known without reading.
    bool TakeNewest(storage::SeriesRef ref, Column* column) const {
      if (!source_.newest_.has_value()) return false;
      QueryContext& context = source_.context_;
      const storage::NewestSample newest = context.querier.ReadNewest(ref, source_.span_);
      if (newest.kind == storage::NewestSample::Kind::kUnknown) return false;
      if (newest.kind == storage::NewestSample::Kind::kFloat) {
        context.samples_read.fetch_add(1, std::memory_order_relaxed);
        PutFloat(newest.time_ms, newest.value, *source_.newest_, 0, column);
      }
      return true;
    }

    absl::Status TakeAll(storage::SeriesRef ref, Column* column) {
      QueryContext& context = source_.context_;
      VIGIL_RETURN_IF_ERROR_WITH(context.querier.Read(ref, source_.span_, &samples_),
                                 "expanding series");
      Reservation held(context.limits);
      VIGIL_RETURN_IF_ERROR(AccountFor(samples_, context, &held));
      source_.fill_(samples_, column);
      return absl::OkStatus();
    }

    const InstantSource& source_;
    SampleColumns samples_;
  };

  QueryContext& context_;
  SampleCounts* const counts_;
  const TimeRange span_;
  const Fill fill_;
  const std::optional<SelectWhat> newest_;
  FoundSeries found_;
};

// Which series a selector looks for.
struct Wanted {
  const promql::VectorSelector* selector = nullptr;  // Null: the matchers stand nowhere.
  const std::vector<storage::Matcher>& matchers;
};

absl::StatusOr<std::unique_ptr<SeriesSource>> SelectWith(Evaluator& evaluator, const Wanted& wanted,
                                                         const TimeRange& span,
                                                         InstantSource::Fill fill,
                                                         std::optional<SelectWhat> newest) {
  VIGIL_ASSIGN_OR_RETURN(FoundSeries found,
                         FindSeries(evaluator.context(), wanted.selector, wanted.matchers, span));
  return std::make_unique<InstantSource>(evaluator, span, std::move(fill), newest,
                                         std::move(found));
}

absl::StatusOr<std::unique_ptr<SeriesSource>> SelectPlain(Evaluator& evaluator,
                                                          const Wanted& wanted,
                                                          const LookupTimes& times,
                                                          SelectWhat what) {
  QueryContext& context = evaluator.context();
  // One step of a selector that is kept needs no more than the newest sample of each series.
  const bool one_is_enough = evaluator.steps() == 1 && context.KeptFor(wanted.selector) != nullptr;
  return SelectWith(
      evaluator, wanted, SpanOf(times, context.lookback_ms),
      [times, what, &context](SampleColumns& samples, Column* column) {
        InstantFiller(times, context.lookback_ms, what).Fill(samples, column);
      },
      one_is_enough ? std::optional(what) : std::nullopt);
}

absl::StatusOr<std::unique_ptr<SeriesSource>> SelectSmoothed(Evaluator& evaluator,
                                                             const Wanted& wanted,
                                                             const LookupTimes& times) {
  QueryContext& context = evaluator.context();
  TimeRange span = SpanOf(times, context.lookback_ms);
  span.end_ms = SaturatingAdd(span.end_ms, context.lookback_ms);
  return SelectWith(
      evaluator, wanted, span,
      [times, &context](SampleColumns& samples, Column* column) {
        RemoveStale(&samples);
        FillSmoothed(samples, times, context.lookback_ms, column);
      },
      std::nullopt);
}

}  // namespace

absl::StatusOr<VectorValue> SelectAt(Evaluator& evaluator,
                                     const std::vector<storage::Matcher>& matchers,
                                     const LookupTimes& times, SelectWhat what) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<SeriesSource> source,
                         SelectPlain(evaluator, {nullptr, matchers}, times, what));
  return CollectSeries(evaluator, *source);
}

absl::StatusOr<std::unique_ptr<SeriesSource>> SelectInstantSource(
    Evaluator& evaluator, const promql::VectorSelector& selector, SelectWhat what) {
  QueryContext& context = evaluator.context();
  PlanScope scope(context.plan, selector.span);
  VIGIL_ASSIGN_OR_RETURN(const LookupTimes times,
                         ResolveShift(context, evaluator.grid(), selector.shift));
  std::unique_ptr<SeriesSource> source;
  if (!selector.smoothed || what == SelectWhat::kTimes) {
    VIGIL_ASSIGN_OR_RETURN(source,
                           SelectPlain(evaluator, {&selector, selector.matchers}, times, what));
  } else {
    VIGIL_ASSIGN_OR_RETURN(source,
                           SelectSmoothed(evaluator, {&selector, selector.matchers}, times));
  }
  scope.SetSeries(source->size());
  scope.SetStreamed();
  return source;
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
  PlanScope scope(context.plan, matrix.span);
  VIGIL_ASSIGN_OR_RETURN(LookupTimes times,
                         ResolveShift(context, evaluator.grid(), matrix.selector->shift));
  VIGIL_ASSIGN_OR_RETURN(
      int64_t range_ms,
      DurationMs(context, matrix.range_ms, matrix.range_expr.get(), DurationSign::kPositive));
  if (matrix.selector->anchored || matrix.selector->smoothed) {
    range_ms = SaturatingAdd(range_ms, context.lookback_ms);
  }
  if (matrix.selector->smoothed) {
    range_ms = SaturatingAdd(range_ms, context.lookback_ms);
    times.offset_ms = SaturatingSub(times.offset_ms, context.lookback_ms);
  }
  VIGIL_ASSIGN_OR_RETURN(FoundSeries found,
                         FindSeries(context, matrix.selector.get(), matrix.selector->matchers,
                                    SpanOf(times, range_ms)));
  scope.SetSeries(found.size());
  scope.SetStreamed();
  return std::make_unique<SelectedRange>(context, times, range_ms, std::move(found));
}

}  // namespace vigil::exec
