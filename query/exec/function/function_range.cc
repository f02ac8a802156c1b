// SPDX-License-Identifier: Apache-2.0
#include "query/exec/function/function_range.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "query/exec/function/function.h"
#include "query/exec/series_source.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

absl::StatusOr<RangeFunctionPtr> MakeFunction(RangeCall& call) {
  for (const auto make :
       {MakeBoundary, MakeRate, MakeInstantRate, MakeNeighbourCount, MakeOverTime, MakeTimeOf}) {
    if (RangeFunctionPtr function = make(call); function != nullptr) return function;
  }
  return MakeTrend(call);
}

// A window may hold many samples, so a series may take long; looking at the clock takes time, too.
constexpr size_t kStepsPerCheck = 32;

bool KeepsName(FunctionId id) {
  return id == FunctionId::kLastOverTime || id == FunctionId::kFirstOverTime;
}

// The series of a call, made by one thread.
class RangeCallReader final : public SeriesReader {
 public:
  RangeCallReader(const RangeVector& range, Evaluator& evaluator, RangeFunctionPtr function)
      : range_(range), evaluator_(evaluator), function_(std::move(function)), windows_(range) {}

  absl::Status Read(size_t series, Column* column) override {
    VIGIL_RETURN_IF_ERROR(range_.Read(series, &buffer_));
    const storage::SampleColumns& samples = buffer_.samples;
    if (samples.Empty()) return absl::OkStatus();
    if (evaluator_.counts() != nullptr) evaluator_.counts()->AddWindows(range_, samples);
    function_->StartSeries(range_.labels(series), samples);
    if (quick_ && samples.histogram_times_ms.empty()) {
      windows_.MakeFor(samples.times_ms);
      quick_ = function_->ApplyToFloats(windows_, samples.values, column);
      if (quick_) return absl::OkStatus();
    }
    WindowCursor cursor(range_, samples);
    for (size_t step = 0; step < column->size(); ++step) {
      if (step % kStepsPerCheck == 0) VIGIL_RETURN_IF_ERROR(evaluator_.context().limits.Check());
      const RangeWindow& window = cursor.MoveTo(step);
      if (window.Count() > 0) column->Set(step, function_->Apply(window));
    }
    return function_->error();
  }

 private:
  const RangeVector& range_;
  Evaluator& evaluator_;
  const RangeFunctionPtr function_;
  bool quick_ = true;  // The function has a way for floats alone, as far as is known.
  FloatWindows windows_;
  RangeBuffer buffer_;
};

// Whether a selector may find series of different names.
bool MayFindSeveralNames(const promql::Expr& matrix) {
  const promql::Expr& inner = Unwrap(matrix);
  if (inner.kind != promql::ExprKind::kMatrixSelector) return true;
  const auto& matchers = promql::As<promql::MatrixSelector>(inner).selector->matchers;
  return std::none_of(matchers.begin(), matchers.end(), [](const storage::Matcher& matcher) {
    return matcher.name() == storage::kMetricName && !matcher.value().empty() &&
           matcher.type() == storage::MatchType::kEqual;
  });
}

class RangeCallSource final : public SeriesSource {
 public:
  RangeCallSource(Evaluator& evaluator, const promql::Call& call, const promql::Expr& matrix,
                  std::vector<ScalarValue> scalars, std::unique_ptr<RangeVector> range)
      : range_call_{evaluator, call, matrix, std::move(scalars)}, range_(std::move(range)) {}

  size_t size() const override { return range_->size(); }
  std::vector<uint32_t> ReadOrder() const override { return range_->ReadOrder(); }
  const storage::Labels& labels(size_t series) const override { return range_->labels(series); }
  storage::Labels TakeLabels(size_t series) override { return range_->TakeLabels(series); }
  bool DropsName() const override { return !KeepsName(range_call_.call.function->id); }
  bool SeveralNames() const override {
    // The types and units of one metric may be several, too.
    return range_call_.evaluator.context().options.type_and_unit_labels ||
           MayFindSeveralNames(range_call_.matrix);
  }
  absl::StatusOr<std::unique_ptr<SeriesReader>> NewReader() const override {
    VIGIL_ASSIGN_OR_RETURN(RangeFunctionPtr function, MakeFunction(range_call_));
    return std::make_unique<RangeCallReader>(*range_, range_call_.evaluator, std::move(function));
  }

 private:
  // Functions borrow it. They change nothing in it but annotations.
  mutable RangeCall range_call_;
  const std::unique_ptr<RangeVector> range_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SeriesSource>> RangeCallSeries(Evaluator& evaluator,
                                                              const promql::Call& call) {
  const promql::Expr* matrix = nullptr;
  std::vector<ScalarValue> scalars;
  for (const promql::ExprPtr& arg : call.args) {
    if (arg->type == promql::ValueType::kMatrix) {
      matrix = &Unwrap(*arg);
    } else {
      VIGIL_ASSIGN_OR_RETURN(ScalarValue scalar, evaluator.Scalar(*arg));
      scalars.push_back(std::move(scalar));
    }
  }
  VIGIL_CHECK(matrix != nullptr);
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<RangeVector> range, evaluator.Range(*matrix));
  return std::make_unique<RangeCallSource>(evaluator, call, *matrix, std::move(scalars),
                                           std::move(range));
}

absl::StatusOr<Value> CallRange(Evaluator& evaluator, const promql::Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<SeriesSource> source,
                         RangeCallSeries(evaluator, call));
  return CollectSeries(evaluator, *source);
}

}  // namespace vigil::exec
