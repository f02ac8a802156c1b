// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/segment_log.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"

namespace vigil::storage {
namespace {

// Appends that come together are written together up to here; the others are next.
constexpr uint64_t kMaxGroupBytes = uint64_t{8} << 20;
// Room on the disk is taken ahead in steps of this: the system has less to note down at each sync.
constexpr uint64_t kReserveBytes = uint64_t{8} << 20;
constexpr char kPadding[kRecordAlignment] = {};

uint64_t NewSalt() {
  uint64_t salt = 0;
  // Where the system has none, the time does as well: it only must not come twice.
  if (::getentropy(&salt, sizeof(salt)) != 0) salt = static_cast<uint64_t>(MonotonicNs());
  return salt;
}

void LogFailure(std::string_view what, const SegmentDirectory& directory, uint64_t number,
                const absl::Status& status) {
  Log(LogLevel::kWarning, what, {{"file", directory.NameOf(number)}, {"error", MessageOf(status)}});
}

}  // namespace

// An append that waits to be written.
struct SegmentLog::Entry {
  uint8_t shard;
  std::span<const std::string_view> parts;
  uint64_t size;
  uint32_t checksum;
  char header[kRecordHeaderBytes];
  JournalPosition position = 0;
  absl::Status status;
  bool done = false;
};

absl::StatusOr<std::unique_ptr<SegmentLog>> SegmentLog::Open(
    std::unique_ptr<SegmentDirectory> directory, const Trims& trimmed, SegmentLogOptions options) {
  std::unique_ptr<SegmentLog> log(new SegmentLog(std::move(directory), trimmed, options));
  SegmentDirectory& files = *log->directory_;
  VIGIL_ASSIGN_OR_RETURN(SegmentList found, ListSegments(files, SegmentReader::OnReadError::kFail,
                                                         [&log](const JournalDamage& damage) {
                                                           log->NoteDamage(damage);
                                                         }));
  if (found.last_number != 0) {
    // Written, perhaps not synced, when the process ended.
    VIGIL_ASSIGN_OR_RETURN(const auto last, files.Open(found.last_number));
    VIGIL_RETURN_IF_ERROR(last->Sync());
    VIGIL_RETURN_IF_ERROR(files.SyncNames());
  }
  log->TakeOver(std::move(found));
  log->RemoveTrimmed();
  return log;
}

SegmentLog::SegmentLog(std::unique_ptr<SegmentDirectory> directory, const Trims& trimmed,
                       SegmentLogOptions options)
    : directory_(std::move(directory)), options_(options), trimmed_(trimmed) {}

void SegmentLog::TakeOver(SegmentList found) {
  const MutexLock lock(&mutex_);
  next_number_ = found.highest_number + 1;
  last_number_ = found.last_number;
  last_end_ = found.last_end;
  JournalPosition highest = found.last_position;
  for (size_t shard = 0; shard < trimmed_.size(); ++shard) {
    last_[shard].store(trimmed_[shard]);
    highest = std::max(highest, trimmed_[shard]);
  }
  next_position_ = highest + 1;
  for (Segment& segment : found.segments) {
    for (const auto& [shard, last] : segment.last) {
      if (last > last_[shard].load()) last_[shard].store(last);
    }
    closed_.push_back(std::move(segment));
  }
}

void SegmentLog::NoteDamage(const JournalDamage& damage) {
  LogDamage(*directory_, damage);
  if (!damage.torn_end) damaged_.store(true);
}

SegmentLog::~SegmentLog() {
  const MutexLock lock(&mutex_);
  if (file_ == nullptr) return;
  // Gives back the room that was taken ahead.
  const absl::Status status = file_->Truncate(open_.end);
  if (!status.ok()) LogFailure("journal file not cut", *directory_, open_.number, status);
}

absl::StatusOr<JournalPosition> SegmentLog::Append(uint8_t shard,
                                                   std::span<const std::string_view> parts) {
  Entry entry = {.shard = shard, .parts = parts, .size = 0, .checksum = 0, .header = {}};
  for (const std::string_view part : parts) entry.size += part.size();
  if (entry.size >= kMaxEntryBytes) {
    return absl::InvalidArgumentError(fmt::format("an entry of {} bytes is too large", entry.size));
  }
  entry.checksum = EntryChecksum(parts);
  {
    const MutexLock lock(&mutex_);
    queue_.push_back(&entry);
  }
  // Of a long queue a turn takes the front only, which may not come to this entry at once.
  while (AwaitTurn(&entry)) Lead();
  if (!entry.status.ok()) return Annotate(entry.status, "appending to the journal");
  return entry.position;
}

bool SegmentLog::AwaitTurn(const Entry* entry) {
  const MutexLock lock(&mutex_);
  while (!entry->done && leading_) turn_.wait(mutex_);
  if (entry->done) return false;
  leading_ = true;
  return true;
}

void SegmentLog::Lead() {
  Group group;
  {
    const MutexLock lock(&mutex_);
    uint64_t bytes = 0;
    auto end = queue_.begin();
    for (; end != queue_.end() && (bytes == 0 || bytes < kMaxGroupBytes); ++end) {
      bytes += RecordBytes((*end)->size);
    }
    group.assign(queue_.begin(), end);
    queue_.erase(queue_.begin(), end);
  }
  const absl::Status status = WriteGroup(group);
  const MutexLock lock(&mutex_);
  for (Entry* entry : group) {
    entry->status = status;
    entry->done = true;
  }
  leading_ = false;
  turn_.notify_all();
}

absl::Status SegmentLog::WriteGroup(const Group& group) {
  uint64_t bytes = 0;
  for (Entry* entry : group) bytes += RecordBytes(entry->size);
  VIGIL_RETURN_IF_ERROR(directory_->CheckRoom(bytes + kSegmentHeadBytes));
  bool full = false;
  {
    const MutexLock lock(&mutex_);
    full = file_ != nullptr &&
           (broken_ || (written_ + bytes > options_.segment_bytes && !open_.last.empty()));
  }
  if (full) EndSegment();
  VIGIL_RETURN_IF_ERROR(StartSegment());
  const absl::Status status = WriteRecords(group, bytes);
  if (status.ok()) {
    Accept(group, bytes);
  } else {
    EndSegment();
  }
  return status;
}

absl::Status SegmentLog::StartSegment() {
  {
    const MutexLock lock(&mutex_);
    if (file_ != nullptr) return absl::OkStatus();
  }
  VIGIL_RETURN_IF_ERROR(directory_->CheckThere());
  Segment segment = {.number = next_number_++, .salt = NewSalt(), .last = {}};
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<SegmentFile> file, directory_->Create(segment.number));
  head_ = EncodeSegmentHead({.number = segment.number,
                             .salt = segment.salt,
                             .previous = last_number_,
                             .previous_end = last_end_,
                             .first_position = next_position_});
  written_ = 0;
  reserved_ = 0;
  name_synced_ = false;
  const MutexLock lock(&mutex_);
  open_ = std::move(segment);
  file_ = std::move(file);
  broken_ = false;
  return absl::OkStatus();
}

absl::Status SegmentLog::WriteRecords(const Group& group, uint64_t bytes) {
  std::shared_ptr<SegmentFile> file;
  uint64_t salt = 0;
  {
    const MutexLock lock(&mutex_);
    file = file_;
    salt = open_.salt;
  }
  std::vector<iovec> pieces;
  const auto add = [&pieces](std::string_view bytes) {
    if (!bytes.empty()) pieces.push_back({const_cast<char*>(bytes.data()), bytes.size()});
  };
  add(head_);
  for (Entry* entry : group) {
    entry->position = next_position_++;
    EncodeRecordHeader({.size = static_cast<uint32_t>(entry->size),
                        .checksum = entry->checksum,
                        .position = entry->position,
                        .shard = entry->shard},
                       salt, entry->header);
    add({entry->header, kRecordHeaderBytes});
    for (const std::string_view part : entry->parts) add(part);
    add({kPadding, RecordBytes(entry->size) - kRecordHeaderBytes - entry->size});
  }
  const uint64_t end = written_ + head_.size() + bytes;
  if (end > reserved_ && directory_->CheckRoom(kReserveBytes).ok()) {
    file->Reserve(written_, end + kReserveBytes - written_);
    reserved_ = end + kReserveBytes;
  }
  VIGIL_RETURN_IF_ERROR(WriteAll(file.get(), std::move(pieces)));
  if (options_.durability == Durability::kSync) VIGIL_RETURN_IF_ERROR(file->Sync());
  if (!name_synced_) VIGIL_RETURN_IF_ERROR(directory_->SyncNames());
  name_synced_ = true;
  // The file may be one without a name by now; then nothing of this is kept.
  return directory_->CheckThere();
}

absl::Status SegmentLog::WriteAll(SegmentFile* file, std::vector<iovec> pieces) {
  uint64_t offset = written_;
  std::span<iovec> left = pieces;
  while (!left.empty()) {
    VIGIL_ASSIGN_OR_RETURN(size_t count, file->Write(offset, left));
    offset += count;
    while (!left.empty() && count >= left.front().iov_len) {
      count -= left.front().iov_len;
      left = left.subspan(1);
    }
    if (left.empty()) break;
    left.front().iov_base = static_cast<char*>(left.front().iov_base) + count;
    left.front().iov_len -= count;
  }
  return absl::OkStatus();
}

void SegmentLog::Accept(const Group& group, uint64_t bytes) {
  written_ += head_.size() + bytes;
  head_.clear();
  const MutexLock lock(&mutex_);
  open_.end = open_.file_bytes = written_;
  for (const Entry* entry : group) {
    open_.last[entry->shard] = entry->position;
    last_[entry->shard].store(entry->position, std::memory_order_release);
  }
  last_number_ = open_.number;
  last_end_ = written_;
}

void SegmentLog::EndSegment() {
  std::shared_ptr<SegmentFile> file;
  uint64_t number = 0;
  uint64_t end = 0;
  {
    const MutexLock lock(&mutex_);
    file = std::exchange(file_, nullptr);
    number = open_.number;
    end = open_.end;
    if (end != 0) closed_.push_back(std::move(open_));
    open_ = {};
  }
  if (end == 0) {
    // Where it stays, the next segment's head says that it does not count.
    file.reset();
    const absl::Status removed = directory_->Remove(number);
    if (!removed.ok()) LogFailure("journal file not removed", *directory_, number, removed);
    return;
  }
  const absl::Status cut = file->Truncate(end);
  if (!cut.ok()) LogFailure("journal file not cut", *directory_, number, cut);
  if (options_.durability == Durability::kSync) return;
  const absl::Status synced = file->Sync();
  const MutexLock lock(&mutex_);
  if (close_status_.ok()) close_status_ = synced;
}

absl::Status SegmentLog::Sync() {
  // What was acknowledged is synced.
  if (options_.durability == Durability::kSync) return absl::OkStatus();
  std::shared_ptr<SegmentFile> file;
  uint64_t number = 0;
  {
    const MutexLock lock(&mutex_);
    if (!close_status_.ok()) return std::exchange(close_status_, absl::OkStatus());
    file = file_;
    number = open_.number;
  }
  if (file == nullptr) return absl::OkStatus();
  const absl::Status status = file->Sync();
  if (status.ok()) return status;
  const MutexLock lock(&mutex_);
  if (open_.number == number) broken_ = true;
  return status;
}

absl::Status SegmentLog::Replay(
    uint8_t shard, JournalPosition after,
    absl::FunctionRef<absl::Status(JournalPosition, std::string_view)> visit) {
  std::vector<Segment> segments;
  {
    const MutexLock lock(&mutex_);
    after = std::max(after, trimmed_[shard]);
    segments = SegmentsLocked();
  }
  for (const Segment& segment : segments) {
    VIGIL_RETURN_IF_ERROR(
        ReplaySegment(*directory_, segment, shard, after, SegmentReader::OnReadError::kFail, visit,
                      [this](const JournalDamage& damage) { NoteDamage(damage); }));
  }
  return absl::OkStatus();
}

JournalPosition SegmentLog::TrimmedPosition(uint8_t shard) const {
  const MutexLock lock(&mutex_);
  return trimmed_[shard];
}

void SegmentLog::Trim(uint8_t shard, JournalPosition through) {
  {
    const MutexLock lock(&mutex_);
    trimmed_[shard] = std::max(trimmed_[shard], through);
  }
  EndIfTrimmed();
  RemoveTrimmed();
}

void SegmentLog::EndIfTrimmed() {
  {
    const MutexLock lock(&mutex_);
    // Appends go on beside most trims; only what ends the segment needs a turn.
    const auto is_due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return file_ != nullptr && open_.end != 0 && IsTrimmedLocked(open_);
    };
    while (is_due() && leading_) turn_.wait(mutex_);
    if (!is_due()) return;
    leading_ = true;
  }
  EndSegment();
  const MutexLock lock(&mutex_);
  leading_ = false;
  turn_.notify_all();
}

bool SegmentLog::IsTrimmedLocked(const Segment& segment) const {
  for (const auto& [shard, last] : segment.last) {
    if (last > trimmed_[shard]) return false;
  }
  return true;
}

void SegmentLog::RemoveTrimmed() {
  const MutexLock one_at_a_time(&remove_mutex_);
  while (true) {
    Segment segment;
    {
      const MutexLock lock(&mutex_);
      if (holds_ > 0 || closed_.empty() || !IsTrimmedLocked(closed_.front())) return;
      segment = std::move(closed_.front());
      closed_.pop_front();
    }
    const absl::Status removed = directory_->Remove(segment.number);
    if (removed.ok()) continue;
    LogFailure("journal file not removed", *directory_, segment.number, removed);
    // The next trim tries again. Were a newer one removed before it, that one would seem to be
    // lost.
    const MutexLock lock(&mutex_);
    closed_.push_front(std::move(segment));
    return;
  }
}

std::vector<Segment> SegmentLog::SegmentsLocked() const {
  std::vector<Segment> segments(closed_.begin(), closed_.end());
  // Without an end it has nothing yet that anyone was told of.
  if (file_ != nullptr && open_.end != 0) segments.push_back(open_);
  return segments;
}

uint64_t SegmentLog::Bytes() const {
  const MutexLock lock(&mutex_);
  uint64_t bytes = 0;
  for (const Segment& segment : SegmentsLocked()) bytes += segment.file_bytes;
  return bytes;
}

std::vector<uint8_t> SegmentLog::ShardsBehind(uint64_t max_bytes) const {
  if (Bytes() <= max_bytes) return {};
  const MutexLock lock(&mutex_);
  std::vector<uint8_t> shards;
  if (closed_.empty()) return shards;
  for (const auto& [shard, last] : closed_.front().last) {
    if (last > trimmed_[shard]) shards.push_back(shard);
  }
  return shards;
}

SegmentLog::Hold::Hold(SegmentLog* log) : log_(*log) {
  const MutexLock lock(&log_.mutex_);
  ++log_.holds_;
  segments_ = log_.SegmentsLocked();
}

SegmentLog::Hold::~Hold() {
  {
    const MutexLock lock(&log_.mutex_);
    --log_.holds_;
  }
  log_.RemoveTrimmed();
}

absl::Status SegmentLog::Hold::CopyTo(const std::string& target) const {
  uint64_t last = 0;
  for (const Segment& segment : segments_) {
    if (segment.end != 0) last = segment.number;
  }
  for (const Segment& segment : segments_) {
    // Of the others the next one's head says where they end.
    std::optional<uint64_t> bytes;
    if (segment.number == last) bytes = segment.end;
    VIGIL_RETURN_IF_ERROR_WITH(log_.directory_->CopyTo(target, segment.number, bytes),
                               "copying the journal");
  }
  return absl::OkStatus();
}

}  // namespace vigil::storage
