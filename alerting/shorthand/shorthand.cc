// SPDX-License-Identifier: Apache-2.0
#include "alerting/shorthand/shorthand.h"

#include <fmt/format.h>

#include "alerting/rules/field_reader.h"
#include "alerting/shorthand/absence.h"
#include "alerting/shorthand/budget.h"
#include "alerting/shorthand/deviation.h"
#include "alerting/shorthand/slo.h"

namespace vigil::alerting {
namespace {

using Expand = std::vector<PlainRule> (*)(const YAML::Node& node, const std::string& context,
                                          MistakeList* mistakes);

struct Shorthand {
  std::string_view name;
  Expand expand;
};

constexpr Shorthand kShorthands[] = {
    {"slo", ExpandSlo},
    {"absence", ExpandAbsence},
    {"deviation", ExpandDeviation},
    {"budget", ExpandBudget},
};

const Shorthand* FindShorthand(const YAML::Node& node) {
  if (!node.IsMap()) return nullptr;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) continue;
    for (const Shorthand& shorthand : kShorthands) {
      if (entry.first.Scalar() == shorthand.name) return &shorthand;
    }
  }
  return nullptr;
}

}  // namespace

std::string ShorthandName(const YAML::Node& node) {
  const Shorthand* const shorthand = FindShorthand(node);
  return shorthand == nullptr ? "" : std::string(shorthand->name);
}

std::vector<PlainRule> ExpandShorthand(const YAML::Node& node, const std::string& context,
                                       MistakeList* mistakes) {
  const Shorthand& shorthand = *FindShorthand(node);
  // It stands for itself alone: keys beside it would belong to no rule.
  FieldReader entry(node, context, {shorthand.name}, mistakes);
  if (!entry.Require(shorthand.name) || !entry.ok()) return {};
  return shorthand.expand(entry.Get(shorthand.name), fmt::format("{}, {}", context, shorthand.name),
                          mistakes);
}

}  // namespace vigil::alerting
