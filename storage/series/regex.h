// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions as Go's regexp package has them, which users of Prometheus and Loki know.
// RE2 compiles them: both speak one language, but for a few corners that are straightened here.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

namespace re2 {
class RE2;
}

namespace vigil::storage {

// The same expression as RE2 spells it: groups named `(?<name>...)` become `(?P<name>...)`.
std::string ToRe2Syntax(std::string_view pattern);

// `.` matches a newline, too. InvalidArgument, worded as Go does, for what is no expression and for
// what takes more than a few megabytes once compiled.
absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileRegex(std::string_view pattern);

}  // namespace vigil::storage
