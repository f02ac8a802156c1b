// SPDX-License-Identifier: Apache-2.0
#include "alerting/shorthand/shorthand_fields.h"

#include <algorithm>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "base/status.h"
#include "query/promql/lexer.h"
#include "query/promql/parser.h"
#include "storage/series/labels.h"

namespace vigil::alerting {
namespace {

bool HasModifiers(const promql::VectorSelector& selector) {
  const promql::TimeShift& shift = selector.shift;
  return shift.offset_ms != 0 || shift.offset_expr != nullptr ||
         shift.at != promql::TimeShift::At::kNone || selector.anchored || selector.smoothed;
}

}  // namespace

bool ReadSelector(FieldReader* reader, std::string_view name, std::string* selector) {
  std::string text;
  if (!reader->Require(name) || !reader->Expr(name, &text)) return false;
  const absl::StatusOr<promql::ExprPtr> expr = promql::ParseExpr(text);
  if (!expr.ok() || (*expr)->kind != promql::ExprKind::kVectorSelector ||
      HasModifiers(promql::As<promql::VectorSelector>(**expr))) {
    reader->Mistake(name, fmt::format("\"{}\" must be a selector without modifiers", name));
    return false;
  }
  *selector = promql::Print(**expr);
  return true;
}

bool ReadLabelNames(FieldReader* reader, std::string_view name, std::vector<std::string>* names) {
  if (!reader->Has(name)) return false;
  const YAML::Node list = reader->Get(name);
  if (!list.IsSequence()) {
    reader->Mistake(name, fmt::format("\"{}\" must be a list of label names", name));
    return false;
  }
  for (const auto& item : list) {
    const std::string text = item.IsScalar() ? item.Scalar() : "";
    if (!promql::IsIdentifier(text) || text == storage::kMetricName) {
      reader->Mistake(name, fmt::format("\"{}\": invalid label name: {}", name, text));
      return false;
    }
    names->push_back(text);
  }
  return true;
}

bool ReadPositive(FieldReader* reader, std::string_view name, double* number) {
  if (!reader->Number(name, number)) return false;
  if (*number > 0) return true;
  reader->Mistake(name, fmt::format("\"{}\" must be more than 0", name));
  return false;
}

bool ReadPositiveDuration(FieldReader* reader, std::string_view name, int64_t* duration_ms) {
  if (!reader->Duration(name, duration_ms)) return false;
  if (*duration_ms > 0) return true;
  reader->Mistake(name, fmt::format("\"{}\" must be more than 0", name));
  return false;
}

TextPairs MergePairs(TextPairs base, const TextPairs& own) {
  for (const auto& pair : own) {
    const auto same = std::find_if(
        base.begin(), base.end(), [&pair](const auto& entry) { return entry.first == pair.first; });
    if (same == base.end()) {
      base.push_back(pair);
    } else {
      same->second = pair.second;
    }
  }
  return base;
}

std::string ByClause(const std::vector<std::string>& names) {
  return names.empty() ? "" : fmt::format(" by ({})", fmt::join(names, ", "));
}

std::string NumberText(double value) { return fmt::format("{:.12g}", value); }

std::string EqualMatcher(std::string_view name, std::string_view value) {
  return fmt::format("{{{}={}}}", name, storage::Quote(value));
}

}  // namespace vigil::alerting
