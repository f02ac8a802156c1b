// SPDX-License-Identifier: Apache-2.0
//
// The row that says up to where a shard's journal is trimmed. It is written in one batch with the
// blocks that hold those entries, wherever the entries are; and twice, in two families, because
// without it entries that are in blocks would come again.
#pragma once

#include <cstdint>
#include <string>

#include <absl/status/statusor.h>

#include "storage/journal/journal.h"
#include "storage/kv/kv_store.h"

namespace vigil::storage {

void AddTrimRow(uint8_t shard, JournalPosition through, WriteBatch* batch);

// The highest position that was trimmed, 0 if none was. One row of the two will do; DataLoss if
// neither is in order and one was there.
absl::StatusOr<JournalPosition> ReadTrimRow(KeyValueStore& store, uint8_t shard);

}  // namespace vigil::storage
