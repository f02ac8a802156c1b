// SPDX-License-Identifier: Apache-2.0
#include "alerting/evidence.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "alerting/expr_reads.h"
#include "base/clock.h"
#include "query/promql/operation.h"

namespace vigil::alerting {
namespace {

using promql::As;
using promql::BinaryOp;
using promql::Expr;
using promql::ExprKind;

constexpr std::string_view kAlertName = "alertname";
constexpr std::string_view kTraceId = "trace_id";
// Windows of weeks have too many exemplars to look at; the last ones tell as much.
constexpr int64_t kMaxWindowMs = kMillisPerHour;

// The number that a comparison names.
std::optional<double> NumberOf(const Expr& expr) {
  return expr.type == promql::ValueType::kScalar ? promql::ConstantOf(expr) : std::nullopt;
}

// `value`, or no such label: an expression may have got it from another series.
storage::Matcher EqualOrMissing(std::string_view name, std::string_view value) {
  std::string pattern;
  for (const char c : value) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  absl::StatusOr<storage::Matcher> matcher =
      storage::Matcher::Create(storage::MatchType::kRegex, std::string(name), pattern + "|");
  // Only a value that is no UTF-8 is no pattern, and no label has it.
  return matcher.ok() ? *std::move(matcher)
                      : storage::Matcher::Equal(std::string(name), std::string(value));
}

std::vector<storage::Matcher> MatchersOfElement(const EvidenceQuestion& question) {
  std::vector<storage::Matcher> matchers;
  for (const storage::LabelView& label : question.labels) {
    const bool of_rule = std::any_of(question.rule_labels.begin(), question.rule_labels.end(),
                                     [&label](const auto& own) { return own.first == label.name; });
    if (label.name == kAlertName || of_rule) continue;
    matchers.push_back(EqualOrMissing(label.name, label.value));
  }
  return matchers;
}

struct Trace {
  bool passed = false;
  int64_t time_ms = 0;
  std::string id;
};

// Each once, the best first.
std::vector<std::string> Best(std::vector<Trace> traces, size_t count) {
  std::sort(traces.begin(), traces.end(), [](const Trace& a, const Trace& b) {
    return std::tie(b.passed, b.time_ms, a.id) < std::tie(a.passed, a.time_ms, b.id);
  });
  std::vector<std::string> ids;
  for (Trace& trace : traces) {
    if (ids.size() == count) break;
    if (std::find(ids.begin(), ids.end(), trace.id) == ids.end())
      ids.push_back(std::move(trace.id));
  }
  return ids;
}

}  // namespace

bool Threshold::IsPassedBy(double other) const {
  double kept = 0;
  return promql::FloatOperation(op, other, value, &kept);
}

std::optional<Threshold> ThresholdOf(const Expr& expr) {
  const Expr& inner = Unwrap(expr);
  if (inner.kind != ExprKind::kBinary) return std::nullopt;
  const auto& binary = As<promql::Binary>(inner);
  // The values of these are those of their left side.
  if (binary.op == BinaryOp::kAnd || binary.op == BinaryOp::kUnless) {
    return ThresholdOf(*binary.lhs);
  }
  if (!promql::IsComparison(binary.op) || binary.return_bool) return std::nullopt;
  if (const std::optional<double> right = NumberOf(*binary.rhs); right.has_value()) {
    return Threshold{binary.op, *right};
  }
  if (const std::optional<double> left = NumberOf(*binary.lhs); left.has_value()) {
    return Threshold{promql::Mirrored(binary.op), *left};
  }
  return std::nullopt;
}

Evidence EvidenceFinder::WithoutTraces(const Expr& expr, std::string_view query) {
  Evidence evidence;
  evidence.query = query;
  if (const std::optional<Threshold> threshold = ThresholdOf(expr); threshold.has_value()) {
    evidence.threshold = threshold->value;
  }
  return evidence;
}

Evidence EvidenceFinder::Find(const EvidenceQuestion& question) const {
  Evidence evidence = WithoutTraces(question.expr, question.query);
  evidence.trace_ids = FindTraces(question, ThresholdOf(question.expr));
  return evidence;
}

std::vector<std::string> EvidenceFinder::FindTraces(
    const EvidenceQuestion& question, const std::optional<Threshold>& threshold) const {
  const std::vector<storage::Matcher> element = MatchersOfElement(question);
  std::vector<Trace> traces;
  for (const SeriesRead& read : ReadsOf(question.expr, options_).reads) {
    // What is read at fixed times or anywhere says nothing of now.
    if (read.matchers.empty() || read.reach_ms >= kUnknownReachMs) continue;
    std::vector<storage::Matcher> matchers = read.matchers;
    matchers.insert(matchers.end(), element.begin(), element.end());
    const TimeRange window = {question.time_ms - std::min(read.reach_ms, kMaxWindowMs),
                              question.time_ms};
    const auto found = source_.Read(matchers, window);
    if (!found.ok()) continue;
    for (const storage::ExemplarSeries& series : *found) {
      for (const storage::Exemplar& exemplar : series.exemplars) {
        const std::string_view id = exemplar.labels.Get(kTraceId);
        if (id.empty()) continue;
        const bool passed = threshold.has_value() && threshold->IsPassedBy(exemplar.value);
        traces.push_back({passed, exemplar.time_ms, std::string(id)});
      }
    }
  }
  return Best(std::move(traces), kMaxTraces);
}

}  // namespace vigil::alerting
