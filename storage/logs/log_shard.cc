// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_shard.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/block/row_block.h"
#include "storage/kv/record_keys.h"
#include "storage/logs/log_flush.h"
#include "storage/logs/log_merge.h"
#include "storage/logs/log_payload.h"
#include "storage/logs/log_stream.h"
#include "storage/logs/stream_registry.h"
#include "storage/records/memory_size.h"
#include "storage/records/partitioning.h"

namespace vigil::storage {
namespace {

class LogShardImpl final : public LogShard {
 public:
  LogShardImpl(uint8_t shard, KeyValueStore* store, const LogOptions& options)
      : shard_(shard),
        store_(*store),
        max_block_rows_(std::min(options.max_block_rows, kMaxBlockRows)),
        partitioning_(options.partition_ms),
        streams_(shard, store) {}

  absl::Status Load() override { return streams_.Load(); }
  absl::Status Replay(TenantId tenant, std::string_view payload) override;
  void Seal() override;
  absl::Status WriteSealed(WriteBatch* batch) override;
  void DropSealed() override;
  absl::Status DropBefore(int64_t unix_ms) override;
  size_t HeadBytes() const override { return open_.bytes + sealed_.bytes; }

  void Encode(TenantId tenant, LogBatch& batch, std::string* payload) override;
  void Apply(TenantId tenant, LogBatch batch) override;
  std::vector<LogSource> Sources(TenantId tenant,
                                 const std::vector<Matcher>& matchers) const override;
  absl::Status Read(TenantId tenant, const LogSelection& selection, LogVisitor visit) override;
  absl::StatusOr<std::vector<Labels>> Streams(TenantId tenant,
                                              const std::vector<Matcher>& matchers) override;
  uint64_t StreamCount(TenantId tenant) const override { return streams_.CountOf(tenant); }
  bool HasStream(TenantId tenant, const Labels& labels) const override {
    return streams_.Has(tenant, labels);
  }
  LogShardStats Stats() const override;

 private:
  // Figures of a head.
  struct HeadSize {
    std::atomic<uint64_t> records = 0;
    std::atomic<size_t> bytes = 0;
  };

  void AddToHead(LogStream& stream, uint64_t first_number, std::vector<LogRecord> records);
  absl::Status DropPartitions(int64_t first_kept_ns);
  absl::Status DropTenantBefore(TenantId tenant, int64_t first_kept_ns);

  const uint8_t shard_;
  KeyValueStore& store_;
  const size_t max_block_rows_;
  const RecordPartitioning partitioning_;
  StreamRegistry streams_;

  HeadSize open_;
  HeadSize sealed_;
  // Flushes are numbered from 1: the one that is sealed or was last, and the last that is done.
  std::atomic<uint64_t> flush_ = 0;
  std::atomic<uint64_t> flushed_ = 0;
};

void LogShardImpl::Encode(TenantId tenant, LogBatch& batch, std::string* payload) {
  for (LogStreamBatch& stream : batch.streams) {
    if (stream.records.empty()) continue;
    stream.stream = streams_.GetOrCreate(tenant, stream.labels);
    stream.first_number = stream.stream->TakeNumbers(stream.records.size());
  }
  AppendLogPayload(batch, payload);
}

void LogShardImpl::Apply(TenantId tenant, LogBatch batch) {
  for (LogStreamBatch& stream : batch.streams) {
    if (stream.records.empty()) continue;
    VIGIL_CHECK(stream.stream != nullptr && stream.stream->tenant() == tenant);
    AddToHead(*stream.stream, stream.first_number, std::move(stream.records));
  }
}

void LogShardImpl::AddToHead(LogStream& stream, uint64_t first_number,
                             std::vector<LogRecord> records) {
  MemoryCounter memory;
  for (const LogRecord& record : records) memory.Add(record);
  open_.records += records.size();
  open_.bytes += memory.bytes();
  stream.Append(first_number, std::move(records));
}

absl::Status LogShardImpl::Replay(TenantId tenant, std::string_view payload) {
  VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<JournaledStream> journaled, DecodeLogPayload(payload),
                              "logs in the journal");
  // All streams first, so that a payload that is refused leaves no records.
  std::vector<std::shared_ptr<LogStream>> streams;
  for (const JournaledStream& entry : journaled) {
    if (entry.labels) {
      VIGIL_RETURN_IF_ERROR(streams_.Define(tenant, entry.stream, *entry.labels));
    }
    streams.push_back(streams_.Find(tenant, entry.stream));
    if (streams.back() == nullptr) {
      return absl::DataLossError(
          fmt::format("logs in the journal: stream {} is not defined", entry.stream));
    }
  }
  for (size_t i = 0; i < journaled.size(); ++i) {
    JournaledStream& entry = journaled[i];
    streams[i]->SkipNumbersBelow(entry.first_number + entry.records.size());
    AddToHead(*streams[i], entry.first_number, std::move(entry.records));
  }
  return absl::OkStatus();
}

void LogShardImpl::Seal() {
  ++flush_;
  for (const auto& stream : streams_.All()) stream->SealHead();
  sealed_.records = open_.records.exchange(0);
  sealed_.bytes = open_.bytes.exchange(0);
}

absl::Status LogShardImpl::WriteSealed(WriteBatch* batch) {
  const uint64_t flush = flush_;
  for (const auto& stream : streams_.All()) {
    const std::set<int64_t> partitions =
        AddSealedBlocks(*stream, shard_, partitioning_, max_block_rows_, batch);
    if (partitions.empty()) continue;
    for (const int64_t start_ns : partitions) stream->AddPartition(start_ns, flush);
    batch->Put(Family::kLogBlocks,
               LogStreamKey{stream->tenant(), shard_, stream->number()}.Encode(),
               stream->Row().Encode());
  }
  return absl::OkStatus();
}

void LogShardImpl::DropSealed() {
  for (const auto& stream : streams_.All()) stream->DropSealed();
  sealed_.records = 0;
  sealed_.bytes = 0;
  flushed_ = flush_.load();
}

absl::Status LogShardImpl::DropBefore(int64_t unix_ms) {
  VIGIL_RETURN_IF_ERROR(DropPartitions(partitioning_.FirstKept(unix_ms)));
  return streams_.RemoveEmpty();
}

absl::Status LogShardImpl::DropPartitions(int64_t first_kept_ns) {
  // A flush that ends while the partitions go may bring one back; it is forgotten the next time.
  const uint64_t flushed = flushed_;
  const std::vector<std::shared_ptr<LogStream>> streams = streams_.All();
  std::set<TenantId> tenants;
  for (const auto& stream : streams) {
    const std::optional<int64_t> oldest_ns = stream->OldestPartition();
    if (oldest_ns && *oldest_ns < first_kept_ns) tenants.insert(stream->tenant());
  }
  for (const TenantId tenant : tenants) {
    VIGIL_RETURN_IF_ERROR_WITH(DropTenantBefore(tenant, first_kept_ns), "dropping logs");
  }
  for (const auto& stream : streams) stream->ForgetPartitions(first_kept_ns, flushed);
  return absl::OkStatus();
}

absl::Status LogShardImpl::DropTenantBefore(TenantId tenant, int64_t first_kept_ns) {
  const LogBlockKey end = {.tenant = tenant, .shard = shard_, .partition_start_ns = first_kept_ns};
  return store_.DropRange(Family::kLogBlocks, LogBlockKey::Prefix(tenant, shard_),
                          end.PartitionPrefix());
}

std::vector<LogSource> LogShardImpl::Sources(TenantId tenant,
                                             const std::vector<Matcher>& matchers) const {
  std::vector<LogSource> sources;
  for (auto& stream : streams_.Match(tenant, matchers)) {
    sources.push_back({shard_, std::move(stream)});
  }
  return sources;
}

absl::Status LogShardImpl::Read(TenantId tenant, const LogSelection& selection, LogVisitor visit) {
  LogMerge merge(&store_, partitioning_, selection, Sources(tenant, selection.stream_matchers));
  return merge.Run(visit);
}

absl::StatusOr<std::vector<Labels>> LogShardImpl::Streams(TenantId tenant,
                                                          const std::vector<Matcher>& matchers) {
  std::vector<Labels> labels;
  for (const auto& stream : streams_.Match(tenant, matchers)) {
    if (!stream->Empty()) labels.push_back(stream->labels());
  }
  return labels;
}

LogShardStats LogShardImpl::Stats() const {
  LogShardStats stats;
  for (const auto& stream : streams_.All()) stats.streams += stream->Empty() ? 0 : 1;
  stats.head_records = open_.records + sealed_.records;
  stats.head_bytes = HeadBytes();
  return stats;
}

}  // namespace

std::unique_ptr<LogShard> LogShard::Create(uint32_t shard_number, KeyValueStore* store,
                                           const LogOptions& options) {
  return std::make_unique<LogShardImpl>(static_cast<uint8_t>(shard_number), store, options);
}

}  // namespace vigil::storage
