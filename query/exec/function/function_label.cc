// SPDX-License-Identifier: Apache-2.0
//
// label_replace and label_join: they change labels and leave points alone.
#include <algorithm>
#include <map>
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

namespace vigil::exec {
namespace {

absl::Status CheckLabelName(std::string_view name, std::string_view function) {
  if (!name.empty() && IsValidUtf8(name)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("invalid destination label name in {}(): {}", function, name));
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A replacement such as `$1-${host}`, taken apart: text and names of groups in turn.
class Template {
 public:
  explicit Template(std::string_view text) {
    while (!text.empty()) {
      const size_t dollar = text.find('$');
      AddText(text.substr(0, dollar));
      if (dollar == std::string_view::npos) break;
      text.remove_prefix(dollar + 1);
      TakeReference(&text);
    }
  }

  // `groups[i]` is what group i matched.
  std::string Expand(const std::vector<std::string_view>& groups,
                     const std::map<std::string, int>& names) const {
    std::string result;
    for (const Piece& piece : pieces_) {
      result += piece.is_group ? GroupOf(piece.text, groups, names) : piece.text;
    }
    return result;
  }

 private:
  struct Piece {
    bool is_group;
    std::string text;
  };

  void AddText(std::string_view text) {
    if (!text.empty()) pieces_.push_back({false, std::string(text)});
  }

  // Takes what follows a dollar sign.
  void TakeReference(std::string_view* text) {
    if (text->starts_with('$')) {
      AddText("$");
      text->remove_prefix(1);
      return;
    }
    const bool braced = text->starts_with('{');
    const std::string_view rest = text->substr(braced ? 1 : 0);
    const auto end = std::find_if_not(rest.begin(), rest.end(), IsNameCharacter);
    const auto length = static_cast<size_t>(end - rest.begin());
    const bool closed = !braced || (length < rest.size() && rest[length] == '}');
    if (length == 0 || !closed) {
      AddText("$");
      return;
    }
    pieces_.push_back({true, std::string(rest.substr(0, length))});
    text->remove_prefix(length + (braced ? 2 : 0));
  }

  static std::string_view GroupOf(const std::string& name,
                                  const std::vector<std::string_view>& groups,
                                  const std::map<std::string, int>& names) {
    const auto named = names.find(name);
    size_t index = groups.size();
    if (named != names.end()) {
      index = static_cast<size_t>(named->second);
    } else if (name.find_first_not_of("0123456789") == std::string::npos && name.size() < 9) {
      index = std::stoul(name);
    }
    return index < groups.size() ? groups[index] : std::string_view();
  }

  std::vector<Piece> pieces_;
};

// Matches values against label_replace's expression.
class Replacer {
 public:
  Replacer(const re2::RE2& regex, std::string_view replacement)
      : regex_(regex),
        names_(regex.NamedCapturingGroups()),
        template_(replacement),
        matches_(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1) {}

  // Whether `value` matches; `*result` is then the expanded replacement.
  bool Replace(std::string_view value, std::string* result) {
    const re2::StringPiece text(value.data(), value.size());
    if (!regex_.Match(text, 0, text.size(), re2::RE2::ANCHOR_BOTH, matches_.data(),
                      static_cast<int>(matches_.size()))) {
      return false;
    }
    std::vector<std::string_view> groups;
    for (const re2::StringPiece& match : matches_) {
      groups.emplace_back(match.data() == nullptr ? "" : match.data(), match.size());
    }
    *result = template_.Expand(groups, names_);
    return true;
  }

 private:
  const re2::RE2& regex_;
  const std::map<std::string, int>& names_;
  const Template template_;
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

// Arguments: destination, replacement, source, expression.
absl::Status LabelReplace(const std::vector<std::string>& args, VectorValue* vector) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  const re2::RE2 regex(args[3], options);
  if (!regex.ok()) {
    return absl::FailedPreconditionError(
        fmt::format("invalid regular expression in label_replace(): {}", args[3]));
  }
  VIGIL_RETURN_IF_ERROR(CheckLabelName(args[0], "label_replace"));
  Replacer replacer(regex, args[1]);
  std::string replaced;
  for (Series& series : vector->series) {
    if (!replacer.Replace(series.labels.Get(args[2]), &replaced)) continue;
    series.labels = storage::LabelsBuilder(series.labels).Set(args[0], replaced).Build();
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
    series.labels = storage::LabelsBuilder(series.labels).Set(args[0], joined).Build();
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
