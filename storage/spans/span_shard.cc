// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_shard.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/block/row_block.h"
#include "storage/records/partitioning.h"
#include "storage/spans/span_flush.h"
#include "storage/spans/span_head.h"
#include "storage/spans/span_partitions.h"
#include "storage/spans/span_payload.h"
#include "storage/spans/span_read.h"

namespace vigil::storage {
namespace {

class SpanShardImpl final : public SpanShard {
 public:
  SpanShardImpl(uint8_t shard, KeyValueStore* store, const SpanOptions& options)
      : shard_(shard),
        store_(*store),
        max_block_rows_(std::min(options.max_block_rows, kMaxBlockRows)),
        partitioning_(options.partition_ms),
        partitions_(shard, store) {}

  absl::Status Load() override;
  absl::Status Replay(TenantId tenant, std::string_view payload) override;
  void Seal() override;
  absl::Status WriteSealed(WriteBatch* batch) override;
  void DropSealed() override;
  absl::Status DropBefore(int64_t unix_ms) override;
  size_t HeadBytes() const override { return Stats().head_bytes; }

  void Encode(TenantId tenant, const std::vector<Span>& spans, std::string* payload) override;
  void Apply(TenantId tenant, std::vector<Span> spans) override;
  absl::StatusOr<std::vector<Span>> Trace(TenantId tenant, TraceId trace_id) override;
  absl::Status Read(TenantId tenant, int64_t start_ns, int64_t end_ns, SpanVisitor visit) override;
  SpanShardStats Stats() const override;

 private:
  SpanSource Source(TenantId tenant) const { return {&store_, shard_, tenant}; }

  const uint8_t shard_;
  KeyValueStore& store_;
  const size_t max_block_rows_;
  const RecordPartitioning partitioning_;
  SpanPartitions partitions_;

  mutable Mutex mutex_;
  SpanHead open_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const SpanHead> sealed_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const SpanHead>();
  // Blocks are numbered in the order of flushes: of two arrivals of a span the higher one counts.
  uint64_t next_sequence_ ABSL_GUARDED_BY(mutex_) = 1;
  // Flushes are numbered from 1: the one that is sealed or was last, and the last that is done.
  uint64_t flush_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t flushed_ ABSL_GUARDED_BY(mutex_) = 0;
};

absl::Status SpanShardImpl::Load() {
  VIGIL_ASSIGN_OR_RETURN(const uint64_t highest, partitions_.Load());
  MutexLock lock(&mutex_);
  next_sequence_ = highest + 1;
  return absl::OkStatus();
}

void SpanShardImpl::Encode(TenantId, const std::vector<Span>& spans, std::string* payload) {
  AppendSpanPayload(spans, payload);
}

void SpanShardImpl::Apply(TenantId tenant, std::vector<Span> spans) {
  MutexLock lock(&mutex_);
  open_.Append(tenant, std::move(spans));
}

absl::Status SpanShardImpl::Replay(TenantId tenant, std::string_view payload) {
  VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<Span> spans, DecodeSpanPayload(payload),
                              "spans in the journal");
  Apply(tenant, std::move(spans));
  return absl::OkStatus();
}

void SpanShardImpl::Seal() {
  MutexLock lock(&mutex_);
  VIGIL_CHECK(sealed_->size() == 0);
  sealed_ = std::make_shared<const SpanHead>(std::move(open_));
  open_ = SpanHead();
  ++flush_;
}

absl::Status SpanShardImpl::WriteSealed(WriteBatch* batch) {
  std::shared_ptr<const SpanHead> sealed;
  uint64_t flush = 0;
  uint64_t sequence = 0;
  {
    MutexLock lock(&mutex_);
    sealed = sealed_;
    flush = flush_;
    sequence = next_sequence_;
  }
  for (const TenantId tenant : sealed->Tenants()) {
    partitions_.Add(
        tenant,
        AddSpanBlocks(*sealed, tenant, shard_, partitioning_, max_block_rows_, &sequence, batch),
        flush);
  }
  MutexLock lock(&mutex_);
  next_sequence_ = sequence;
  return absl::OkStatus();
}

void SpanShardImpl::DropSealed() {
  auto dropped = std::make_shared<const SpanHead>();  // Freed after the lock is.
  MutexLock lock(&mutex_);
  std::swap(sealed_, dropped);
  flushed_ = flush_;
}

absl::Status SpanShardImpl::DropBefore(int64_t unix_ms) {
  uint64_t flushed = 0;
  {
    MutexLock lock(&mutex_);
    // A flush that ends while the partitions go may bring one back; it is dropped the next time.
    flushed = flushed_;
  }
  return partitions_.DropBefore(partitioning_.FirstKept(unix_ms), flushed);
}

absl::StatusOr<std::vector<Span>> SpanShardImpl::Trace(TenantId tenant, TraceId trace_id) {
  std::vector<SpanRef> in_memory;
  {
    MutexLock lock(&mutex_);
    in_memory = sealed_->Trace(tenant, trace_id);
    for (SpanRef& span : open_.Trace(tenant, trace_id)) in_memory.push_back(std::move(span));
  }
  return ReadTrace(Source(tenant), trace_id, in_memory);
}

absl::Status SpanShardImpl::Read(TenantId tenant, int64_t start_ns, int64_t end_ns,
                                 SpanVisitor visit) {
  if (start_ns >= end_ns) return absl::OkStatus();
  std::vector<SpanChunks::View> in_memory;
  {
    MutexLock lock(&mutex_);
    in_memory = sealed_->Spans(tenant);
    for (SpanChunks::View& view : open_.Spans(tenant)) in_memory.push_back(std::move(view));
  }
  return SpanRangeRead(Source(tenant), partitioning_, start_ns, end_ns, in_memory).Run(visit);
}

SpanShardStats SpanShardImpl::Stats() const {
  MutexLock lock(&mutex_);
  return {.head_spans = sealed_->size() + open_.size(),
          .head_bytes = sealed_->bytes() + open_.bytes()};
}

}  // namespace

std::unique_ptr<SpanShard> SpanShard::Create(uint32_t shard_number, KeyValueStore* store,
                                             const SpanOptions& options) {
  return std::make_unique<SpanShardImpl>(static_cast<uint8_t>(shard_number), store, options);
}

}  // namespace vigil::storage
