// SPDX-License-Identifier: Apache-2.0
//
// Alertmanager's matcher texts: `foo=bar`, `{foo=~"a|b", "with space"!="x",}`. There are two
// grammars. The newer takes any UTF-8 in names and Go's escapes in quotes; the classic one knows
// only plain names but takes nearly anything unquoted as a value. A text is read by the newer and,
// where that fails, by the classic one; where both read it but differ, the classic one is right.
#pragma once

#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/series/matcher.h"

namespace vigil::alerting {

// One or more matchers, comma-separated, in braces or not. InvalidArgument says what is wrong.
absl::StatusOr<std::vector<storage::Matcher>> ParseMatchers(std::string_view text);

// The two grammars by themselves.
absl::StatusOr<std::vector<storage::Matcher>> ParseUtf8Matchers(std::string_view text);
absl::StatusOr<std::vector<storage::Matcher>> ParseClassicMatchers(std::string_view text);

}  // namespace vigil::alerting
