// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of templates.
#pragma once

#include <memory>
#include <string_view>

#include <absl/status/statusor.h>

namespace re2 {
class RE2;
}

namespace vigil::text_template {

// InvalidArgument when `pattern` is no RE2 expression.
absl::StatusOr<std::unique_ptr<re2::RE2>> CompileRegex(std::string_view pattern);

}  // namespace vigil::text_template
