// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/segment_reader.h"

#include <algorithm>

#include "base/status.h"

namespace vigil::storage {
namespace {

// What is read at once: small entries come by the thousand, a large one is skipped by its header.
constexpr size_t kWindowBytes = size_t{256} << 10;
// What a disk does not give back, it does not give back by the sector.
constexpr size_t kUnreadableBytes = 4096;

// Reads until `size` bytes are there or the file ends; returns how many there are.
absl::StatusOr<size_t> ReadFully(SegmentFile& file, uint64_t offset, char* buffer, size_t size,
                                 SegmentReader::OnReadError on_error) {
  size_t have = 0;
  while (have < size) {
    const absl::StatusOr<size_t> count = file.Read(offset + have, buffer + have, size - have);
    if (count.ok() && *count == 0) break;
    if (count.ok()) {
      have += *count;
      continue;
    }
    if (on_error == SegmentReader::OnReadError::kFail) return count.status();
    const size_t left = kUnreadableBytes - (offset + have) % kUnreadableBytes;
    const size_t passed = std::min(left, size - have);
    // A read of less may succeed up to the bad sector.
    const absl::StatusOr<size_t> some = file.Read(offset + have, buffer + have, passed);
    if (some.ok() && *some == 0) break;
    if (!some.ok()) std::fill_n(buffer + have, passed, '\0');
    have += some.ok() ? *some : passed;
  }
  return have;
}

}  // namespace

absl::Status SegmentReader::Load(uint64_t offset, size_t size) {
  const size_t wanted = std::min<uint64_t>(std::max(size, kWindowBytes), end_ - offset);
  window_.resize(wanted);
  window_offset_ = offset;
  const absl::StatusOr<size_t> count = ReadFully(file_, offset, window_.data(), wanted, on_error_);
  window_.resize(count.ok() ? *count : 0);
  return count.status();
}

absl::StatusOr<std::string_view> SegmentReader::Bytes(uint64_t offset, size_t size) {
  if (offset >= end_) return std::string_view();
  size = std::min<uint64_t>(size, end_ - offset);
  const bool inside = offset >= window_offset_ && offset + size <= window_offset_ + window_.size();
  if (!inside) VIGIL_RETURN_IF_ERROR(Load(offset, size));
  return std::string_view(window_).substr(offset - window_offset_, size);
}

absl::StatusOr<bool> SegmentReader::ReadHeader(uint64_t offset, RecordHeader* record) {
  VIGIL_ASSIGN_OR_RETURN(const std::string_view bytes, Bytes(offset, kRecordHeaderBytes));
  const std::optional<RecordHeader> decoded = DecodeRecordHeader(bytes, salt_);
  if (!decoded || RecordBytes(decoded->size) > end_ - offset) return false;
  *record = *decoded;
  return true;
}

absl::StatusOr<uint64_t> SegmentReader::FindRecord(uint64_t offset) {
  RecordHeader ignored;
  for (; offset + kRecordHeaderBytes <= end_; offset += kRecordAlignment) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, ReadHeader(offset, &ignored));
    if (found) return offset;
  }
  return end_;
}

absl::StatusOr<SegmentReader::Step> SegmentReader::Next() {
  Step step;
  step.offset = offset_;
  if (offset_ >= end_) return step;
  VIGIL_ASSIGN_OR_RETURN(const bool sound, ReadHeader(offset_, &step.record));
  if (sound) {
    step.kind = Step::Kind::kRecord;
    step.bytes = RecordBytes(step.record.size);
  } else {
    VIGIL_ASSIGN_OR_RETURN(const uint64_t next, FindRecord(offset_ + kRecordAlignment));
    step.kind = Step::Kind::kGap;
    step.bytes = next - offset_;
  }
  offset_ += step.bytes;
  return step;
}

absl::StatusOr<std::string_view> SegmentReader::Entry(const Step& record) {
  const uint64_t at = record.offset + kRecordHeaderBytes;
  VIGIL_ASSIGN_OR_RETURN(const std::string_view entry, Bytes(at, record.record.size));
  if (entry.size() != record.record.size) return absl::DataLossError("is cut short");
  if (EntryChecksum({&entry, 1}) != record.record.checksum) {
    return absl::DataLossError("has a wrong checksum");
  }
  return entry;
}

absl::StatusOr<SegmentHead> ReadSegmentHead(SegmentFile* file,
                                            SegmentReader::OnReadError on_error) {
  std::string bytes(kSegmentHeadBytes, '\0');
  VIGIL_ASSIGN_OR_RETURN(const size_t count,
                         ReadFully(*file, 0, bytes.data(), bytes.size(), on_error));
  bytes.resize(count);
  return DecodeSegmentHead(bytes);
}

}  // namespace vigil::storage
