// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/kv_journal.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/status.h"
#include "storage/journal/trim_rows.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"

namespace vigil::storage {
namespace {

constexpr size_t kChecksumBytes = 4;
// The last position is never given out, so that the one behind a position can always be named.
constexpr JournalPosition kEndPosition = std::numeric_limits<JournalPosition>::max();

// Over the position too: an entry under another's key is noticed.
uint32_t Checksum(JournalPosition position, std::span<const std::string_view> parts) {
  const std::string prefix = KeyWriter().AppendU64(position).Take();
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, prefix.data(), prefix.size());
  for (const std::string_view part : parts) XXH3_64bits_update(&state, part.data(), part.size());
  return static_cast<uint32_t>(XXH3_64bits_digest(&state));
}

absl::StatusOr<std::string_view> DecodeEntry(const JournalKey& key, std::string_view value) {
  const auto damaged = [&](std::string_view why) {
    return absl::DataLossError(
        fmt::format("journal entry {} of shard {} {}", key.position, key.shard, why));
  };
  if (value.size() < kChecksumBytes) return damaged("is too short");
  uint32_t checksum = 0;
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    checksum |= uint32_t{static_cast<uint8_t>(value[i])} << (8 * i);
  }
  value.remove_prefix(kChecksumBytes);
  if (checksum != Checksum(key.position, {&value, 1})) return damaged("has a wrong checksum");
  return value;
}

KeyRange ShardRange(uint8_t shard) { return PrefixRange(KeyWriter().AppendU8(shard).Take()); }

// The position of the last entry that the store holds, 0 if it holds none.
absl::StatusOr<JournalPosition> ReadLast(KeyValueStore& store, uint8_t shard) {
  const auto iterator = store.NewIterator(Family::kJournal, ShardRange(shard));
  iterator->SeekToLast();
  VIGIL_RETURN_IF_ERROR(iterator->status());
  if (!iterator->Valid()) return 0;
  VIGIL_ASSIGN_OR_RETURN(const JournalKey key, JournalKey::Decode(iterator->key()));
  return key.position;
}

}  // namespace

// The value of an entry:
//
//   +------------------+------------------+
//   | checksum  u32 LE | entry bytes ...  |
//   +------------------+------------------+
std::string EncodeJournalEntry(JournalPosition position, std::span<const std::string_view> parts) {
  const uint32_t checksum = Checksum(position, parts);
  size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string value;
  value.reserve(kChecksumBytes + size);
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    value.push_back(static_cast<char>(checksum >> (8 * i)));
  }
  for (const std::string_view part : parts) value.append(part);
  return value;
}

absl::Status VerifyJournalEntry(const JournalKey& key, std::string_view value) {
  return DecodeEntry(key, value).status();
}

absl::StatusOr<std::unique_ptr<KvJournal>> KvJournal::Open(KeyValueStore* store, uint8_t shard,
                                                           Durability durability,
                                                           bool may_lack_entries) {
  VIGIL_ASSIGN_OR_RETURN(const JournalPosition trimmed, ReadTrimRow(*store, shard));
  VIGIL_ASSIGN_OR_RETURN(JournalPosition last, ReadLast(*store, shard));
  last = std::max(last, trimmed);
  if (last == kEndPosition) {
    return absl::DataLossError(fmt::format("journal {} ends at an impossible position", shard));
  }
  return std::unique_ptr<KvJournal>(
      new KvJournal(store, shard, durability, may_lack_entries, trimmed, last));
}

absl::StatusOr<JournalPosition> KvJournal::Append(std::span<const std::string_view> parts) {
  const JournalPosition position = next_.fetch_add(1, std::memory_order_relaxed);
  const Runs failed = Failed();
  WriteBatch batch;
  for (const auto& [begin, end] : failed) {
    batch.DeleteRange(Family::kJournal, JournalKey{.shard = shard_, .position = begin}.Encode(),
                      JournalKey{.shard = shard_, .position = end}.Encode());
  }
  batch.Put(Family::kJournal, JournalKey{.shard = shard_, .position = position}.Encode(),
            EncodeJournalEntry(position, parts));
  if (const absl::Status status = store_->Write(batch, durability_); !status.ok()) {
    AddFailed(position);
    return Annotate(status, fmt::format("appending to journal {}", shard_));
  }
  if (!failed.empty()) ForgetFailed(failed);
  JournalPosition last = last_.load(std::memory_order_relaxed);
  while (last < position && !last_.compare_exchange_weak(last, position, std::memory_order_release,
                                                         std::memory_order_relaxed)) {
  }
  return position;
}

KvJournal::Runs KvJournal::Failed() {
  const MutexLock lock(&failed_mutex_);
  return failed_;
}

void KvJournal::AddFailed(JournalPosition position) {
  const MutexLock lock(&failed_mutex_);
  // Joined with its neighbours: a disk that stays full fails every append.
  JournalPosition begin = position;
  JournalPosition end = position + 1;
  auto next = failed_.upper_bound(position);
  if (next != failed_.end() && next->first == end) {
    end = next->second;
    next = failed_.erase(next);
  }
  if (next != failed_.begin() && std::prev(next)->second == begin) {
    begin = std::prev(next)->first;
  }
  failed_[begin] = end;
}

void KvJournal::ForgetFailed(const Runs& removed) {
  const MutexLock lock(&failed_mutex_);
  for (const auto& [begin, end] : removed) {
    // A run that grew meanwhile is removed once more.
    const auto known = failed_.find(begin);
    if (known != failed_.end() && known->second == end) failed_.erase(known);
  }
}

absl::Status KvJournal::Replay(
    JournalPosition after,
    absl::FunctionRef<absl::Status(JournalPosition, std::string_view)> visit) {
  {
    const MutexLock lock(&trim_mutex_);
    after = std::max(after, trimmed_);
  }
  if (after == kEndPosition) return absl::OkStatus();
  KeyRange range = ShardRange(shard_);
  range.lower = JournalKey{.shard = shard_, .position = after + 1}.Encode();
  return ForEach(*store_, Family::kJournal, std::move(range),
                 [&](std::string_view encoded_key, std::string_view value) -> absl::Status {
                   VIGIL_ASSIGN_OR_RETURN(const JournalKey key, JournalKey::Decode(encoded_key));
                   VIGIL_ASSIGN_OR_RETURN(const std::string_view entry, DecodeEntry(key, value));
                   return visit(key.position, entry);
                 });
}

void KvJournal::AddTrim(JournalPosition through, WriteBatch* batch) {
  const MutexLock lock(&trim_mutex_);
  // Whether the batch of the trim before was written, only the store knows. If it cannot be asked,
  // the range begins where it surely may: deleting again what is gone does no harm.
  const absl::StatusOr<JournalPosition> trimmed = ReadTrimRow(*store_, shard_);
  if (trimmed.ok()) trimmed_ = *trimmed;
  through = std::min(through, LastPosition());
  if (through <= trimmed_) return;
  batch->DeleteRange(Family::kJournal,
                     JournalKey{.shard = shard_, .position = trimmed_ + 1}.Encode(),
                     JournalKey{.shard = shard_, .position = through + 1}.Encode());
  AddTrimRow(shard_, through, batch);
}

}  // namespace vigil::storage
