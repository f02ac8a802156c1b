// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/segment_check.h"

#include <set>
#include <string>

#include "base/status.h"
#include "storage/journal/trim_rows.h"

namespace vigil::storage {
namespace {

constexpr auto kPass = SegmentReader::OnReadError::kPass;

}  // namespace

absl::Status CheckSegments(
    SegmentDirectory& directory, KeyValueStore& store,
    absl::FunctionRef<absl::Status(uint8_t shard, JournalPosition, std::string_view entry)> visit,
    DamageReport report) {
  VIGIL_ASSIGN_OR_RETURN(const SegmentList list, ListSegments(directory, kPass, report));
  std::set<uint8_t> shards;
  for (const Segment& segment : list.segments) {
    for (const auto& [shard, last] : segment.last) shards.insert(shard);
  }
  for (const uint8_t shard : shards) {
    const absl::StatusOr<JournalPosition> trimmed = ReadTrimRow(store, shard);
    if (absl::IsDataLoss(trimmed.status())) {
      report({.what = std::string(MessageOf(trimmed.status())) +
                      ": what is in blocks already may come again"});
    } else {
      VIGIL_RETURN_IF_ERROR(trimmed.status());
    }
    for (const Segment& segment : list.segments) {
      VIGIL_RETURN_IF_ERROR(ReplaySegment(
          directory, segment, shard, trimmed.value_or(0), kPass,
          [&](JournalPosition position, std::string_view entry) {
            return visit(shard, position, entry);
          },
          report));
    }
  }
  return absl::OkStatus();
}

}  // namespace vigil::storage
