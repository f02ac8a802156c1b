// SPDX-License-Identifier: Apache-2.0
//
// Walks the records of a segment, and finds the next one where something between them is damaged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/journal/segment_directory.h"
#include "storage/journal/segment_format.h"

namespace vigil::storage {

// Not thread-safe. Borrows the file.
class SegmentReader {
 public:
  // Whether a place that the disk does not give back ends the walk with its error, or counts as
  // zeros.
  enum class OnReadError { kFail, kPass };

  struct Step {
    enum class Kind {
      kRecord,  // Its header is sound. Of the entry only Entry() tells.
      kGap,     // Here is no record.
      kEnd,
    };
    Kind kind = Kind::kEnd;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    RecordHeader record;
  };

  // Walks what lies between the head and `end`.
  SegmentReader(SegmentFile* file, uint64_t salt, uint64_t end,
                OnReadError on_error = OnReadError::kFail)
      : file_(*file), salt_(salt), end_(end), on_error_(on_error) {}

  absl::StatusOr<Step> Next();

  // The entry of a record, good until the next call. DataLoss when its checksum is wrong.
  absl::StatusOr<std::string_view> Entry(const Step& record);

 private:
  // Up to `size` bytes at `offset`, good until the next call.
  absl::StatusOr<std::string_view> Bytes(uint64_t offset, size_t size);
  absl::Status Load(uint64_t offset, size_t size);
  // The next place from `offset` on where the header of a record stands that fits, or the end.
  absl::StatusOr<uint64_t> FindRecord(uint64_t offset);
  absl::StatusOr<bool> ReadHeader(uint64_t offset, RecordHeader* record);

  SegmentFile& file_;
  const uint64_t salt_;
  const uint64_t end_;
  const OnReadError on_error_;
  uint64_t offset_ = kSegmentHeadBytes;
  std::string window_;
  uint64_t window_offset_ = 0;
};

// The head of the segment in `file`; see DecodeSegmentHead.
absl::StatusOr<SegmentHead> ReadSegmentHead(SegmentFile* file, SegmentReader::OnReadError on_error);

}  // namespace vigil::storage
