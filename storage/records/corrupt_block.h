// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a block that cannot be read: it is reported, counted and left out.
#pragma once

#include <string_view>

#include <absl/status/status.h>

#include "storage/kv/kv_store.h"

namespace vigil::storage {

// Logs that the block under `key` is corrupt and adds one to vigil_corrupt_blocks_total.
void ReportCorruptBlock(Family family, std::string_view key, const absl::Status& status);

}  // namespace vigil::storage
