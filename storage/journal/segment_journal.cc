// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/segment_journal.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "storage/journal/trim_rows.h"

namespace vigil::storage {

absl::StatusOr<std::unique_ptr<SegmentLog>> OpenSegmentLog(
    std::unique_ptr<SegmentDirectory> directory, KeyValueStore& store, SegmentLogOptions options) {
  SegmentLog::Trims trimmed{};
  for (size_t shard = 0; shard < trimmed.size(); ++shard) {
    VIGIL_ASSIGN_OR_RETURN(trimmed[shard], ReadTrimRow(store, static_cast<uint8_t>(shard)));
  }
  return SegmentLog::Open(std::move(directory), trimmed, options);
}

void SegmentJournal::AddTrim(JournalPosition through, WriteBatch* batch) {
  through = std::min(through, log_.LastPosition(shard_));
  if (through <= log_.TrimmedPosition(shard_)) return;
  AddTrimRow(shard_, through, batch);
}

}  // namespace vigil::storage
