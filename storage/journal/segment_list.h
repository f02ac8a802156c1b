// SPDX-License-Identifier: Apache-2.0
//
// What a journal's files are found to hold: which of them count, up to where, and the entries of a
// shard in them. Nothing is changed here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/journal/segment_directory.h"
#include "storage/journal/segment_format.h"
#include "storage/journal/segment_reader.h"

namespace vigil::storage {

// A segment and what counts of it.
struct Segment {
  uint64_t number = 0;
  uint64_t salt = 0;
  uint64_t end = 0;  // Records lie before it; 0: there are none that count.
  uint64_t file_bytes = 0;
  std::map<uint8_t, JournalPosition> last;  // The highest position of each shard in it.
};

// A place that cannot be read as it was written.
struct JournalDamage {
  uint64_t segment = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  std::string what;
  // What a crash leaves of writes that nobody was told of, at the very end. Not a loss, as far as
  // can be told.
  bool torn_end = false;
};
using DamageReport = absl::FunctionRef<void(const JournalDamage&)>;

struct SegmentList {
  std::vector<Segment> segments;  // By rising number.
  // The last segment that counts and its end; 0 if there is none.
  uint64_t last_number = 0;
  uint64_t last_end = 0;
  uint64_t highest_number = 0;        // Of all files.
  JournalPosition last_position = 0;  // No entry has a higher one.
};

// Reads the headers of all records, and of the last segment all entries. Damage of an entry whose
// header is sound is left to ReplaySegment, all other is reported. FailedPrecondition when a newer
// vigil wrote a segment.
absl::StatusOr<SegmentList> ListSegments(SegmentDirectory& directory,
                                         SegmentReader::OnReadError on_error, DamageReport report);

// Calls `visit` for the shard's entries behind `after` in order until it fails; returns that
// failure. Entries that are damaged are reported and passed.
absl::Status ReplaySegment(SegmentDirectory& directory, const Segment& segment, uint8_t shard,
                           JournalPosition after, SegmentReader::OnReadError on_error,
                           absl::FunctionRef<absl::Status(JournalPosition, std::string_view)> visit,
                           DamageReport report);

// Logs and counts the damage.
void LogDamage(const SegmentDirectory& directory, const JournalDamage& damage);

}  // namespace vigil::storage
