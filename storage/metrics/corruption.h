// SPDX-License-Identifier: Apache-2.0
//
// What happens when stored metrics turn out damaged: they are reported, counted and skipped.
#pragma once

#include <string_view>

#include <absl/status/status.h>

namespace vigil::storage {

// Logs that what is stored under `key` cannot be used and counts it in
// `vigil_corrupt_blocks_total`.
void ReportCorrupt(std::string_view what, std::string_view key, const absl::Status& status);

}  // namespace vigil::storage
