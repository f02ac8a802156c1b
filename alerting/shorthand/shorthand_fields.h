// SPDX-License-Identifier: Apache-2.0
//
// What the shorthands have in common: how they read selectors and label lists, and how they write
// PromQL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/rules/field_reader.h"

namespace vigil::alerting {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

// Reads a selector without modifiers into `*selector`, as it is printed. False when it is missing
// or something else.
bool ReadSelector(FieldReader* reader, std::string_view name, std::string* selector);

// Reads a list of label names that need no quotes in PromQL.
bool ReadLabelNames(FieldReader* reader, std::string_view name, std::vector<std::string>* names);

// Reads a number that is more than 0, or a duration that is.
bool ReadPositive(FieldReader* reader, std::string_view name, double* number);
bool ReadPositiveDuration(FieldReader* reader, std::string_view name, int64_t* duration_ms);

// `base` with the entries of `own` instead of, or after, those of the same name.
TextPairs MergePairs(TextPairs base, const TextPairs& own);

// " by (a, b)", "" for no names: what goes between an aggregation and its operand.
std::string ByClause(const std::vector<std::string>& names);

// Short decimal text: thresholds are the result of arithmetic on what people wrote in decimals.
std::string NumberText(double value);

// `{name="value"}` with the value quoted.
std::string EqualMatcher(std::string_view name, std::string_view value);

}  // namespace vigil::alerting
