// SPDX-License-Identifier: Apache-2.0
#include "query/logql/label_filter.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace vigil::logql {
namespace {

std::optional<double> Convert(QuantityKind kind, std::string_view text) {
  switch (kind) {
    case QuantityKind::kNumber:
      return ParseFloat(text);
    case QuantityKind::kDuration:
      return ParseGoDurationNs(text);
    case QuantityKind::kBytes:
      return ParseBytes(text);
  }
  return std::nullopt;
}

std::string_view KindName(QuantityKind kind) {
  switch (kind) {
    case QuantityKind::kNumber:
      return "number";
    case QuantityKind::kDuration:
      return "duration";
    case QuantityKind::kBytes:
      return "number of bytes";
  }
  return "";
}

bool Compare(double value, Comparison comparison, double wanted) {
  switch (comparison) {
    case Comparison::kEqual:
      return value == wanted;
    case Comparison::kNotEqual:
      return value != wanted;
    case Comparison::kGreater:
      return value > wanted;
    case Comparison::kGreaterOrEqual:
      return value >= wanted;
    case Comparison::kLess:
      return value < wanted;
    case Comparison::kLessOrEqual:
      return value <= wanted;
  }
  return false;
}

}  // namespace

bool TextFilter::Process(LogLine* line) const {
  return matcher_.Matches(line->Get(matcher_.name()));
}

bool QuantityFilter::Process(LogLine* line) const {
  const std::string_view text = line->Get(name_);
  if (text.empty()) return false;
  const std::optional<double> value = Convert(wanted_.kind, text);
  if (value.has_value()) return Compare(*value, comparison_, wanted_.value);
  line->SetError("LabelFilterErr", fmt::format("{}: {} is not a {}", name_, storage::Quote(text),
                                               KindName(wanted_.kind)));
  return true;
}

bool CombinedFilter::Process(LogLine* line) const {
  const bool decisive = type_ == Type::kAny;
  const bool decided = std::any_of(
      parts_.begin(), parts_.end(),
      [&](const std::unique_ptr<Stage>& part) { return part->Process(line) == decisive; });
  return decided == decisive;
}

}  // namespace vigil::logql
