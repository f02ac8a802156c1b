// SPDX-License-Identifier: Apache-2.0
//
// Reads a journal that nobody writes to, for tools.
#pragma once

#include <cstdint>
#include <string_view>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include "storage/journal/journal.h"
#include "storage/journal/segment_directory.h"
#include "storage/journal/segment_list.h"
#include "storage/kv/kv_store.h"

namespace vigil::storage {

// Calls `visit` for every entry that is not in blocks, as the rows of `store` say, shard by shard
// and by rising position; what cannot be read is reported. Returns the first failure of `visit`, or
// of the directory.
absl::Status CheckSegments(
    SegmentDirectory& directory, KeyValueStore& store,
    absl::FunctionRef<absl::Status(uint8_t shard, JournalPosition, std::string_view entry)> visit,
    DamageReport report);

}  // namespace vigil::storage
