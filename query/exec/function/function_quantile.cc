// SPDX-License-Identifier: Apache-2.0
//
// histogram_quantile, histogram_quantiles and histogram_fraction. The series of a classic histogram
// are brought together once per node; native histograms go with those of the same labels.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "query/exec/function/function.h"
#include "query/exec/histogram/classic_buckets.h"
#include "query/exec/histogram/histogram_buckets.h"
#include "query/exec/histogram/histogram_statistics.h"
#include "query/exec/histogram/quantile.h"
#include "query/exec/histogram_series.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;
using storage::Labels;

// What comes behind a message to say of which metric it is. Calls before this one may have dropped
// the name.
std::string ForMetric(std::string_view name) {
  return name.empty() ? "" : fmt::format(" for metric name {}", storage::Quote(name));
}

// What was fixed for monotonicity over all series of a metric and all steps of a call, told in one
// annotation.
class FixReport {
 public:
  // Requires: something was fixed.
  void Note(const MonotonicityFix& fix, int64_t at_ms) {
    lowest_bound_ = std::min(lowest_bound_, fix.lowest_bound);
    highest_bound_ = std::max(highest_bound_, fix.highest_bound);
    max_difference_ = std::max(max_difference_, fix.max_difference);
    first_ms_ = std::min(first_ms_, at_ms);
    last_ms_ = std::max(last_ms_, at_ms);
    ++samples_;
  }
  void Annotate(std::string_view name, promql::Span where, Annotations* annotations) const {
    annotations->Info(
        where,
        fmt::format(
            "input to histogram_quantile needed to be fixed for monotonicity (see "
            "https://prometheus.io/docs/prometheus/latest/querying/functions/"
            "#histogram_quantile){}, from buckets {} to {}, with a max diff of {:.2g}, over {} "
            "samples from {} to {}",
            ForMetric(name), ShortText(lowest_bound_), ShortText(highest_bound_), max_difference_,
            samples_, FormatInstantMs(first_ms_), FormatInstantMs(last_ms_)));
  }

 private:
  double lowest_bound_ = std::numeric_limits<double>::infinity();
  double highest_bound_ = -std::numeric_limits<double>::infinity();
  double max_difference_ = 0;
  int64_t first_ms_ = std::numeric_limits<int64_t>::max();
  int64_t last_ms_ = std::numeric_limits<int64_t>::min();
  int64_t samples_ = 0;
};

// What is asked of each histogram: a quantile, or the fraction between two bounds.
class Question {
 public:
  virtual ~Question() = default;
  virtual double OfClassic(ClassicBuckets* buckets, std::string_view name, size_t step) = 0;
  virtual double OfNative(const storage::Histogram& histogram, size_t step) = 0;
};

class QuantileQuestion final : public Question {
 public:
  // `input` is where the histograms come from.
  QuantileQuestion(Evaluator& evaluator, const promql::Call& call, const promql::Expr& param,
                   const ScalarValue& quantiles, promql::Span input)
      : evaluator_(evaluator),
        param_(ArgumentSpan(evaluator, call, param)),
        input_(input),
        quantiles_(quantiles) {
    // Said of the parameter at every step, whether or not there is a histogram.
    for (const double quantile : quantiles.values) {
      if (IsOddQuantile(quantile)) evaluator.annotations().WarnQuantile(param_, quantile);
    }
  }

  double OfClassic(ClassicBuckets* buckets, std::string_view name, size_t step) override {
    MonotonicityFix fix;
    const double result = ClassicQuantile(quantiles_.values[step], buckets, &fix);
    if (fix.fixed) fixes_[std::string(name)].Note(fix, evaluator_.grid().At(step));
    return result;
  }
  double OfNative(const storage::Histogram& histogram, size_t step) override {
    const Estimate result = HistogramQuantile(quantiles_.values[step], histogram);
    if (result.nan != Estimate::Nan::kNone) {
      evaluator_.annotations().Info(
          param_, fmt::format("input to histogram_quantile has NaN observations, result is {}",
                              result.nan == Estimate::Nan::kAnswer ? "NaN" : "skewed higher"));
    }
    return result.value;
  }
  void Finish() {
    for (const auto& [name, report] : fixes_) {
      report.Annotate(name, input_, &evaluator_.annotations());
    }
  }

 private:
  Evaluator& evaluator_;
  const promql::Span param_;
  const promql::Span input_;
  const ScalarValue& quantiles_;
  std::map<std::string, FixReport> fixes_;  // By the name of the metric.
};

class FractionQuestion final : public Question {
 public:
  // `where` is where the bounds are.
  FractionQuestion(Evaluator& evaluator, const ScalarValue& lower, const ScalarValue& upper,
                   promql::Span where)
      : evaluator_(evaluator), where_(where), lower_(lower), upper_(upper) {}

  double OfClassic(ClassicBuckets* buckets, std::string_view, size_t step) override {
    return ClassicFraction(lower_.values[step], upper_.values[step], buckets);
  }
  double OfNative(const storage::Histogram& histogram, size_t step) override {
    const Estimate result = HistogramFraction(lower_.values[step], upper_.values[step], histogram);
    if (result.nan != Estimate::Nan::kNone) {
      evaluator_.annotations().Info(where_,
                                    "input to histogram_fraction has NaN observations, which are "
                                    "excluded from all fractions");
    }
    return result.value;
  }

 private:
  Evaluator& evaluator_;
  const promql::Span where_;
  const ScalarValue& lower_;
  const ScalarValue& upper_;
};

// Puts a question to one histogram at every step.
Column Answer(const HistogramSeries& series, Evaluator& evaluator, promql::Span where,
              Question* question) {
  Column column = evaluator.NewColumn();
  const std::string_view name = series.labels.MetricName();
  ClassicBuckets buckets;
  for (size_t step = 0; step < column.size(); ++step) {
    buckets.clear();
    for (const auto& bucket : series.classic) {
      if (bucket.column->HasFloat(step)) {
        buckets.push_back({bucket.bound, bucket.column->value(step)});
      }
    }
    const storage::Histogram* native = nullptr;
    for (const Column* candidate : series.native) {
      if (candidate->HasHistogram(step)) native = candidate->histogram(step).get();
    }
    if (native != nullptr && !buckets.empty()) {
      evaluator.annotations().Warn(
          where, "vector contains a mix of classic and native histograms" + ForMetric(name));
    } else if (native != nullptr) {
      column.SetFloat(step, question->OfNative(*native, step));
    } else if (!buckets.empty()) {
      column.SetFloat(step, question->OfClassic(&buckets, name, step));
    }
  }
  return column;
}

absl::Status AnswerAll(const std::vector<HistogramSeries>& histograms, Evaluator& evaluator,
                       promql::Span where, Question* question, VectorValue* result) {
  for (const HistogramSeries& series : histograms) {
    VIGIL_RETURN_IF_ERROR(evaluator.context().limits.Check());
    VIGIL_RETURN_IF_ERROR(result->Add(series.labels, Answer(series, evaluator, where, question)));
  }
  return absl::OkStatus();
}

// The label value of a quantile: a number that shows that it has a fraction.
std::string QuantileText(double quantile) {
  std::string text = ShortText(quantile);
  if (std::isfinite(quantile) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// Adds `column` with its quantile as a label. The quantile may change from step to step: then there
// is a series for each.
absl::Status AddByQuantile(const Labels& labels, const std::string& label, const Column& column,
                           const ScalarValue& quantiles, VectorValue* result) {
  StringMap<Column> columns;
  for (size_t step = 0; step < column.size(); ++step) {
    if (!column.Has(step)) continue;
    const std::string text = QuantileText(quantiles.values[step]);
    columns.try_emplace(text, Column(column.size())).first->second.CopyFrom(column, step);
  }
  for (auto& [text, part] : columns) {
    VIGIL_RETURN_IF_ERROR(
        result->Add(storage::LabelsBuilder(labels).Set(label, text).Build(), std::move(part)));
  }
  return absl::OkStatus();
}

absl::Status AnswerQuantiles(Evaluator& evaluator, const promql::Call& call,
                             const std::vector<HistogramSeries>& histograms, promql::Span where,
                             VectorValue* result) {
  VIGIL_ASSIGN_OR_RETURN(const std::string label, evaluator.String(*call.args[1]));
  if (label.empty() || !IsValidUtf8(label)) {
    return absl::FailedPreconditionError(
        fmt::format("invalid label name {}", storage::Quote(label)));
  }
  for (size_t i = 2; i < call.args.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(const ScalarValue quantiles, evaluator.Scalar(*call.args[i]));
    QuantileQuestion question(evaluator, call, *call.args[i], quantiles, where);
    for (const HistogramSeries& series : histograms) {
      VIGIL_RETURN_IF_ERROR(evaluator.context().limits.Check());
      VIGIL_RETURN_IF_ERROR(AddByQuantile(
          series.labels, label, Answer(series, evaluator, where, &question), quantiles, result));
    }
    question.Finish();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Value> CallHistogramQuantile(Evaluator& evaluator, const promql::Call& call) {
  const FunctionId id = call.function->id;
  const promql::Expr& input =
      Unwrap(id == FunctionId::kHistogramQuantiles ? *call.args.front() : *call.args.back());
  VIGIL_ASSIGN_OR_RETURN(const VectorValue vector, evaluator.Vector(input));
  const std::vector<HistogramSeries> histograms =
      GatherHistograms(vector, input.span, &evaluator.annotations());
  VectorValue result = evaluator.NewVector();
  if (id == FunctionId::kHistogramQuantiles) {
    VIGIL_RETURN_IF_ERROR(AnswerQuantiles(evaluator, call, histograms, input.span, &result));
  } else if (id == FunctionId::kHistogramQuantile) {
    VIGIL_ASSIGN_OR_RETURN(const ScalarValue quantiles, evaluator.Scalar(*call.args[0]));
    QuantileQuestion question(evaluator, call, *call.args[0], quantiles, input.span);
    VIGIL_RETURN_IF_ERROR(AnswerAll(histograms, evaluator, input.span, &question, &result));
    question.Finish();
  } else {
    VIGIL_ASSIGN_OR_RETURN(const ScalarValue lower, evaluator.Scalar(*call.args[0]));
    VIGIL_ASSIGN_OR_RETURN(const ScalarValue upper, evaluator.Scalar(*call.args[1]));
    FractionQuestion question(evaluator, lower, upper,
                              ArgumentSpan(evaluator, call, *call.args[0]));
    VIGIL_RETURN_IF_ERROR(AnswerAll(histograms, evaluator, input.span, &question, &result));
  }
  VIGIL_RETURN_IF_ERROR(evaluator.DropNames(&result));
  return result;
}

}  // namespace vigil::exec
