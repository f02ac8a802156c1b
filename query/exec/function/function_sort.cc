// SPDX-License-Identifier: Apache-2.0
//
// sort, sort_desc, sort_by_label, sort_by_label_desc: the order of an instant query's result.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/exec/function/function.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The digits that `text` starts with, without leading zeros; they are removed from `*text`.
std::string_view TakeNumber(std::string_view* text) {
  const auto end = std::find_if_not(text->begin(), text->end(), IsDigit);
  std::string_view digits = text->substr(0, static_cast<size_t>(end - text->begin()));
  text->remove_prefix(digits.size());
  const size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.remove_prefix(zeros);
  return digits;
}

// As people order: runs of digits by the number they spell. Negative if `a` comes first.
int NaturalCompare(std::string_view a, std::string_view b) {
  const std::string_view whole_a = a;
  const std::string_view whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (IsDigit(a[0]) && IsDigit(b[0])) {
      const std::string_view left = TakeNumber(&a);
      const std::string_view right = TakeNumber(&b);
      if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
      if (const int order = left.compare(right); order != 0) return order;
    } else {
      if (a[0] != b[0]) return a.substr(0, 1).compare(b.substr(0, 1));
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  if (a.empty() != b.empty()) return a.empty() ? -1 : 1;
  return whole_a.compare(whole_b);
}

void SortByValue(bool descending, VectorValue* vector) {
  std::erase_if(vector->series, [](const Series& series) { return !series.column.HasFloat(0); });
  std::stable_sort(vector->series.begin(), vector->series.end(),
                   [descending](const Series& a, const Series& b) {
                     const double x = a.column.value(0);
                     const double y = b.column.value(0);
                     if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
                     return descending ? x > y : x < y;
                   });
}

void SortByLabels(const std::vector<std::string>& names, bool descending, VectorValue* vector) {
  std::stable_sort(vector->series.begin(), vector->series.end(),
                   [&names, descending](const Series& a, const Series& b) {
                     const Series& first = descending ? b : a;
                     const Series& second = descending ? a : b;
                     for (const std::string& name : names) {
                       const int order =
                           NaturalCompare(first.labels.Get(name), second.labels.Get(name));
                       if (order != 0) return order < 0;
                     }
                     return first.labels < second.labels;
                   });
}

}  // namespace

absl::StatusOr<Value> CallSort(Evaluator& evaluator, const promql::Call& call) {
  VIGIL_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.args[0]));
  std::vector<std::string> names;
  for (size_t i = 1; i < call.args.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(std::string name, evaluator.String(*call.args[i]));
    names.push_back(std::move(name));
  }
  const FunctionId id = call.function->id;
  const bool by_value = id == FunctionId::kSort || id == FunctionId::kSortDesc;
  if (evaluator.context().window.IsRange()) {
    evaluator.annotations().Warn(
        call.span,
        "sort is ineffective for range queries since results are always ordered by labels");
  }
  if (evaluator.steps() == 1) {
    if (by_value) {
      SortByValue(id == FunctionId::kSortDesc, &vector);
    } else {
      SortByLabels(names, id == FunctionId::kSortByLabelDesc, &vector);
    }
  } else if (by_value) {
    for (Series& series : vector.series) series.column.ClearHistograms();
    std::erase_if(vector.series, [](const Series& series) { return series.column.Empty(); });
  }
  return vector;
}

}  // namespace vigil::exec
