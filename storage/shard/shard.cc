// SPDX-License-Identifier: Apache-2.0
#include "storage/shard/shard.h"

#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "storage/kv/keys.h"

namespace vigil::storage {
namespace {

// What stands before the payload of a journal entry:
//
//   +------+------------+--------------+-------------+--------------+--------+--------+---------+
//   | kind | tenant u32 | time ms i64  | token kind  | source size  | source | number | payload |
//   |  u8  |            |              |     u8      |     u32      |        |  u64   |   ...   |
//   +------+------------+--------------+-------------+--------------+--------+--------+---------+
struct EntryHeader {
  EntryKind kind = EntryKind::kToken;
  TenantId tenant = kDefaultTenant;
  int64_t stored_at_ms = 0;
  BatchToken token;
};

std::string EncodeHeader(const EntryHeader& header) {
  return KeyWriter()
      .AppendU8(static_cast<uint8_t>(header.kind))
      .AppendTenant(header.tenant)
      .AppendI64(header.stored_at_ms)
      .AppendU8(static_cast<uint8_t>(header.token.kind))
      .AppendU32(static_cast<uint32_t>(header.token.source.size()))
      .AppendBytes(header.token.source)
      .AppendU64(header.token.number)
      .Take();
}

// Reads the header and leaves the payload in `*entry`.
absl::StatusOr<EntryHeader> DecodeHeader(std::string_view* entry) {
  EntryHeader header;
  KeyReader reader(*entry);
  const uint8_t kind = reader.ReadU8();
  header.tenant = reader.ReadTenant();
  header.stored_at_ms = reader.ReadI64();
  const uint8_t token_kind = reader.ReadU8();
  const uint32_t source_size = reader.ReadU32();
  header.token.source = reader.ReadBytes(source_size);
  header.token.number = reader.ReadU64();
  const std::string_view payload = reader.ReadRest();
  VIGIL_RETURN_IF_ERROR(reader.Finish("header of a journal entry"));
  if (kind > static_cast<uint8_t>(EntryKind::kSpans) ||
      token_kind > static_cast<uint8_t>(BatchToken::Kind::kNumber)) {
    return absl::DataLossError(
        fmt::format("journal entry of unknown kind {} with token kind {}", kind, token_kind));
  }
  header.kind = static_cast<EntryKind>(kind);
  header.token.kind = static_cast<BatchToken::Kind>(token_kind);
  *entry = payload;
  return header;
}

}  // namespace

Shard::Shard(uint32_t number, KeyValueStore* store, Parts parts, const Clock* clock)
    : store_(*store), clock_(*clock), parts_(std::move(parts)), deliveries_(number, store) {}

absl::StatusOr<std::unique_ptr<Shard>> Shard::Open(uint32_t number, KeyValueStore* store,
                                                   Parts parts, const Clock* clock) {
  std::unique_ptr<Shard> shard(new Shard(number, store, std::move(parts), clock));
  VIGIL_RETURN_IF_ERROR_WITH(shard->Recover(), fmt::format("recovering shard {}", number));
  return shard;
}

ShardPart* Shard::PartOf(EntryKind kind) {
  switch (kind) {
    case EntryKind::kMetrics:
      return parts_.metrics.get();
    case EntryKind::kLogs:
      return parts_.logs.get();
    case EntryKind::kSpans:
      return parts_.spans.get();
    case EntryKind::kToken:
      return nullptr;
  }
  return nullptr;
}

absl::Status Shard::Recover() {
  VIGIL_RETURN_IF_ERROR_WITH(deliveries_.Load(), "loading the delivery log");
  VIGIL_RETURN_IF_ERROR_WITH(parts_.metrics->Load(), "loading metrics");
  VIGIL_RETURN_IF_ERROR_WITH(parts_.logs->Load(), "loading logs");
  VIGIL_RETURN_IF_ERROR_WITH(parts_.spans->Load(), "loading spans");
  int64_t entries = 0;
  VIGIL_RETURN_IF_ERROR(
      parts_.journal->Replay(0, [this, &entries](JournalPosition position, std::string_view entry) {
        ++entries;
        return Excuse(Annotate(ReplayEntry(entry), fmt::format("journal entry {}", position)));
      }));
  if (entries > 0) oldest_open_ms_.store(clock_.NowMs());
  return absl::OkStatus();
}

absl::Status Shard::Excuse(absl::Status status) const {
  if (!absl::IsDataLoss(status) || !parts_.journal->LostEntries()) return status;
  static Counter& skipped =
      GetCounter("vigil_replay_entries_skipped_total",
                 "Journal entries that make no sense without others, which were damaged.");
  skipped.Add();
  Log(LogLevel::kError, "skipped what a damaged journal entry leaves without sense",
      {{"error", MessageOf(status)}});
  return absl::OkStatus();
}

absl::Status Shard::ReplayEntry(std::string_view entry) {
  VIGIL_ASSIGN_OR_RETURN(const EntryHeader header, DecodeHeader(&entry));
  // An append that failed may still have reached the disk, and its batch been sent again.
  if (!deliveries_.Record(header.tenant, header.token, header.stored_at_ms)) {
    return absl::OkStatus();
  }
  ShardPart* const part = PartOf(header.kind);
  return part == nullptr ? absl::OkStatus() : part->Replay(header.tenant, entry);
}

absl::StatusOr<bool> Shard::Write(EntryKind kind, TenantId tenant, const BatchToken& token,
                                  std::string_view payload, absl::FunctionRef<void()> apply) {
  if (!deliveries_.Begin(tenant, token)) return false;
  const int64_t now_ms = clock_.NowMs();
  const std::string header = EncodeHeader({kind, tenant, now_ms, token});
  const std::array<std::string_view, 2> entry = {header, payload};
  ReaderLock gate(&gate_);
  const absl::StatusOr<JournalPosition> position = parts_.journal->Append(entry);
  if (position.ok()) {
    apply();
    int64_t empty = 0;
    oldest_open_ms_.compare_exchange_strong(empty, now_ms);
  }
  deliveries_.End(tenant, token, position.ok(), now_ms);
  if (!position.ok()) return position.status();
  return true;
}

size_t Shard::HeadBytes() const {
  return parts_.metrics->HeadBytes() + parts_.logs->HeadBytes() + parts_.spans->HeadBytes();
}

absl::Status Shard::FlushIfDue(size_t max_bytes, int64_t max_age_ms) {
  MutexLock lock(&flush_mutex_);
  const int64_t oldest_ms = oldest_open_ms_.load();
  const bool old = oldest_ms != 0 && clock_.NowMs() - oldest_ms >= max_age_ms;
  return sealed_ || old || HeadBytes() >= max_bytes ? FlushLocked() : absl::OkStatus();
}

bool Shard::Seal() {
  WriterLock gate(&gate_);
  if (oldest_open_ms_.load() == 0) return false;
  sealed_through_ = parts_.journal->LastPosition();
  parts_.metrics->Seal();
  parts_.logs->Seal();
  parts_.spans->Seal();
  deliveries_.Seal();
  oldest_open_ms_.store(0);
  return true;
}

absl::Status Shard::Flush() {
  MutexLock lock(&flush_mutex_);
  return FlushLocked();
}

absl::StatusOr<MetricDeletion> Shard::DeleteMetrics(TenantId tenant,
                                                    const std::vector<Matcher>& matchers,
                                                    TimeRange range) {
  MutexLock lock(&flush_mutex_);
  // What is in a head is in the journal too: moved to blocks, it cannot come back by replay.
  if (sealed_) VIGIL_RETURN_IF_ERROR(FlushLocked());
  VIGIL_RETURN_IF_ERROR(FlushLocked());
  return parts_.metrics->Delete(tenant, matchers, range);
}

absl::Status Shard::FlushLocked() {
  // A seal whose write failed is written first.
  if (!sealed_ && !Seal()) return absl::OkStatus();
  sealed_ = true;
  // Nothing may be in blocks that the journal could still lose: what defines it might go with it.
  VIGIL_RETURN_IF_ERROR_WITH(parts_.journal->Sync(), "syncing the journal");
  WriteBatch batch;
  const std::array<ShardPart*, 3> parts = {parts_.metrics.get(), parts_.logs.get(),
                                           parts_.spans.get()};
  for (ShardPart* part : parts) VIGIL_RETURN_IF_ERROR(part->WriteSealed(&batch));
  deliveries_.AddSealed(&batch);
  parts_.journal->AddTrim(sealed_through_, &batch);
  VIGIL_RETURN_IF_ERROR_WITH(store_.Write(batch, Durability::kSync), "writing blocks");
  for (ShardPart* part : parts) part->DropSealed();
  parts_.journal->Trimmed(sealed_through_);
  sealed_ = false;
  return absl::OkStatus();
}

}  // namespace vigil::storage
