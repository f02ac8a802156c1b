// SPDX-License-Identifier: Apache-2.0
//
// label_replace and label_join: they change labels and leave points alone.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/exec/function/function.h"
#include "query/promql/functions.h"
#include "storage/relabel/group_template.h"
#include "storage/series/regex.h"

namespace vigil::exec {
namespace {

absl::Status CheckLabelName(std::string_view name, std::string_view function) {
  if (!name.empty() && IsValidUtf8(name)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("invalid destination label name in {}(): {}", function, name));
}

// Matches values against label_replace's expression.
class Replacer {
 public:
  Replacer(const re2::RE2& regex, std::string_view replacement)
      : regex_(regex), template_(replacement) {}

  // Whether `value` matches; `*result` is then the expanded replacement.
  bool Replace(std::string_view value, std::string* result) {
    if (!storage::MatchWhole(regex_, value, &matches_)) return false;
    *result = template_.Expand(regex_, matches_);
    return true;
  }

 private:
  const re2::RE2& regex_;
  const storage::GroupTemplate template_;
  std::vector<re2::StringPiece> matches_;
};

absl::StatusOr<std::vector<std::string>> StringArgs(Evaluator& evaluator,
                                                    const promql::Call& call) {
  std::vector<std::string> texts;
  for (size_t i = 1; i < call.args.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(std::string text, evaluator.String(*call.args[i]));
    texts.push_back(std::move(text));
  }
  return texts;
}

// A name that is set so stays.
void SetLabel(std::string_view name, std::string_view value, Series* series) {
  series->labels = storage::LabelsBuilder(series->labels).Set(name, value).Build();
  if (name == storage::kMetricName) series->drops_name = false;
}

// Arguments: destination, replacement, source, expression.
absl::Status LabelReplace(const std::vector<std::string>& args, VectorValue* vector) {
  const absl::StatusOr<std::shared_ptr<const re2::RE2>> regex = storage::CompileRegex(args[3]);
  if (!regex.ok()) {
    return absl::FailedPreconditionError(
        fmt::format("invalid regular expression in label_replace(): {}", args[3]));
  }
  VIGIL_RETURN_IF_ERROR(CheckLabelName(args[0], "label_replace"));
  Replacer replacer(**regex, args[1]);
  std::string replaced;
  for (Series& series : vector->series) {
    if (!replacer.Replace(series.labels.Get(args[2]), &replaced)) continue;
    SetLabel(args[0], replaced, &series);
  }
  return absl::OkStatus();
}

// Arguments: destination, separator, sources.
absl::Status LabelJoin(const std::vector<std::string>& args, VectorValue* vector) {
  VIGIL_RETURN_IF_ERROR(CheckLabelName(args[0], "label_join"));
  for (size_t i = 2; i < args.size(); ++i) {
    if (args[i].empty() || !IsValidUtf8(args[i])) {
      return absl::FailedPreconditionError(
          fmt::format("invalid source label name in label_join(): {}", args[i]));
    }
  }
  for (Series& series : vector->series) {
    std::string joined;
    for (size_t i = 2; i < args.size(); ++i) {
      if (i > 2) joined += args[1];
      joined += series.labels.Get(args[i]);
    }
    SetLabel(args[0], joined, &series);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Value> CallLabel(Evaluator& evaluator, const promql::Call& call) {
  VIGIL_ASSIGN_OR_RETURN(VectorValue vector, evaluator.Vector(*call.args[0]));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> args, StringArgs(evaluator, call));
  const bool replace = call.function->id == promql::FunctionId::kLabelReplace;
  VIGIL_RETURN_IF_ERROR(replace ? LabelReplace(args, &vector) : LabelJoin(args, &vector));
  VIGIL_RETURN_IF_ERROR(MergeSameLabels(&vector));
  return vector;
}

}  // namespace vigil::exec
