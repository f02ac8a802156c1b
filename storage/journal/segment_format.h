// SPDX-License-Identifier: Apache-2.0
//
// The bytes of the journal's files: the head of a segment and the frame of a record. The format is
// docs/format/journal.md; reading and writing files is done elsewhere (segment_reader.h,
// segment_log.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "storage/journal/journal.h"

namespace vigil::storage {

// Records begin behind the head.
inline constexpr size_t kSegmentHeadBytes = 8192;
inline constexpr size_t kRecordHeaderBytes = 32;
// Records begin at multiples of this.
inline constexpr size_t kRecordAlignment = 8;
// An entry is smaller than this: what is larger is no record.
inline constexpr uint32_t kMaxEntryBytes = uint32_t{1} << 30;

struct SegmentHead {
  uint64_t number = 0;
  // Random: what another segment, or an entry's own bytes, hold is no record of this one.
  uint64_t salt = 0;
  // Where the journal goes on from: the segment before this one and where its records end. What
  // that segment has behind, and segments between the two, hold nothing but failed appends. 0:
  // none.
  uint64_t previous = 0;
  uint64_t previous_end = 0;
  JournalPosition first_position = 0;  // No record of the segment has a lower one.

  friend bool operator==(const SegmentHead&, const SegmentHead&) = default;
};

// kSegmentHeadBytes bytes, which have the head twice.
std::string EncodeSegmentHead(const SegmentHead& head);
// From the first bytes of a file; either copy will do. NotFound when it never had a head, DataLoss
// when both copies are damaged, FailedPrecondition when a newer vigil wrote them.
absl::StatusOr<SegmentHead> DecodeSegmentHead(std::string_view bytes);

struct RecordHeader {
  uint32_t size = 0;      // Of the entry, bytes.
  uint32_t checksum = 0;  // Of the entry.
  JournalPosition position = 0;
  uint8_t shard = 0;

  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

// Writes kRecordHeaderBytes bytes to `out`.
void EncodeRecordHeader(const RecordHeader& record, uint64_t salt, char* out);
// nullopt when `bytes` do not begin with the header of a record of that segment.
std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, uint64_t salt);

// Of an entry that is made of `parts`; how it is cut into parts does not matter.
uint32_t EntryChecksum(std::span<const std::string_view> parts);

// What an entry of `size` bytes takes in a segment.
constexpr uint64_t RecordBytes(uint64_t size) {
  return kRecordHeaderBytes + (size + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

}  // namespace vigil::storage
