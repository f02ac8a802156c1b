// SPDX-License-Identifier: Apache-2.0
//
// The templates that are there without any file, under the names by which Alertmanager's users
// know and replace them.
#pragma once

#include <string_view>

namespace vigil::alerting {

// Definitions: {{ define "__subject" }} and so on.
extern const std::string_view kDefaultTemplates;

}  // namespace vigil::alerting
