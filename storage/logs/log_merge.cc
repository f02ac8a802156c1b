// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_merge.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/status.h"
#include "storage/block/row_block_reader.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/records/corrupt_block.h"

namespace vigil::storage {

LogMerge::LogMerge(KeyValueStore* store, RecordPartitioning partitioning,
                   const LogSelection& selection, std::vector<LogSource> sources)
    : store_(*store), partitioning_(partitioning), selection_(selection) {
  for (LogSource& source : sources) {
    LogStream::Snapshot snapshot = source.stream->TakeSnapshot();
    streams_.push_back({std::move(source), std::move(snapshot), std::nullopt});
  }
  // Memory first, then the store: a flush in between leaves records in both, which their numbers
  // tell; the other way round it would leave them in neither.
  snapshot_ = store_.NewSnapshot();
  for (size_t i = 0; i < streams_.size(); ++i) PushStream(i);
}

bool LogMerge::Before(const Entry& a, const Entry& b) const {
  // Of entries of one time the bounds come first: records of that very time may hide behind them.
  if (a.time_ns != b.time_ns) return (a.time_ns < b.time_ns) != selection_.newest_first;
  if (a.IsBound() != b.IsBound()) return a.IsBound();
  const auto key_a = std::tie(a.stream, a.number);
  const auto key_b = std::tie(b.stream, b.number);
  return selection_.newest_first ? key_b < key_a : key_a < key_b;
}

void LogMerge::Push(Entry entry) {
  queue_.push_back(std::move(entry));
  std::push_heap(queue_.begin(), queue_.end(),
                 [this](const Entry& a, const Entry& b) { return Before(b, a); });
}

LogMerge::Entry LogMerge::Pop() {
  std::pop_heap(queue_.begin(), queue_.end(),
                [this](const Entry& a, const Entry& b) { return Before(b, a); });
  Entry entry = std::move(queue_.back());
  queue_.pop_back();
  return entry;
}

void LogMerge::PushCursor(size_t stream, std::unique_ptr<LogCursor> cursor) {
  if (cursor == nullptr) return;
  const int64_t time_ns = cursor->time_ns();
  const uint64_t number = cursor->number();
  Push({time_ns, stream, number, std::move(cursor)});
}

void LogMerge::PushStream(size_t stream) {
  const TimeRangeNs& range = selection_.range;
  const LogStream::Snapshot& snapshot = streams_[stream].snapshot;
  PushCursor(stream, MakeMemoryCursor(snapshot.records, selection_));
  for (const int64_t start_ns : snapshot.partitions) {
    const int64_t last_ns = partitioning_.LastOf(start_ns);
    if (start_ns >= range.end_ns || last_ns < range.start_ns) continue;
    Push({selection_.newest_first ? last_ns : start_ns, stream, 0, Partition{start_ns}});
  }
}

absl::Status LogMerge::ListBlocks(size_t stream, const Partition& partition) {
  const LogSource& source = streams_[stream].source;
  const LogStream& of = *source.stream;
  const LogBlockKey first = {.tenant = of.tenant(),
                             .shard = source.shard,
                             .partition_start_ns = partition.start_ns,
                             .stream = of.number()};
  const std::unique_ptr<KeyValueIterator> at =
      store_.NewIterator(Family::kLogBlocks, PrefixRange(first.StreamPrefix()), snapshot_.get());
  for (at->Seek(first.StreamPrefix()); at->Valid(); at->Next()) {
    VIGIL_ASSIGN_OR_RETURN(const LogBlockKey key, LogBlockKey::Decode(at->key()));
    // Keys are sorted by their block's first time.
    if (key.first_ns >= selection_.range.end_ns) break;
    const absl::StatusOr<RowBlockReader> block = RowBlockReader::Open(at->value());
    if (!block.ok()) {
      ReportCorruptBlock(Family::kLogBlocks, at->key(), block.status());
      continue;
    }
    if (!MayHoldSelected(*block, selection_)) continue;
    const int64_t bound = selection_.newest_first ? block->times()->max : block->times()->min;
    Push({bound, stream, 0, Block{std::string(at->key())}});
  }
  return Annotate(at->status(), "listing log blocks");
}

absl::Status LogMerge::OpenBlock(size_t stream, const Block& block) {
  Stream& of = streams_[stream];
  if (!of.in_memory) of.in_memory.emplace(of.snapshot.records);
  VIGIL_ASSIGN_OR_RETURN_WITH(const std::optional<std::string> bytes,
                              store_.Get(Family::kLogBlocks, block.key, snapshot_.get()),
                              "reading a log block");
  // Retention gives space back at once, whatever snapshots there are.
  if (!bytes) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<LogCursor>> cursor =
      MakeBlockCursor(*bytes, selection_, *of.in_memory);
  if (!cursor.ok()) {
    ReportCorruptBlock(Family::kLogBlocks, block.key, cursor.status());
    return absl::OkStatus();
  }
  PushCursor(stream, *std::move(cursor));
  return absl::OkStatus();
}

bool LogMerge::VisitRun(Entry entry, LogVisitor visit) {
  LogCursor& cursor = *std::get<std::unique_ptr<LogCursor>>(entry.source);
  const Labels& labels = streams_[entry.stream].source.stream->labels();
  do {
    if (!visit(labels, entry.number, cursor.record())) return false;
    if (!cursor.Next()) return true;
    entry.time_ns = cursor.time_ns();
    entry.number = cursor.number();
  } while (queue_.empty() || Before(entry, queue_.front()));
  Push(std::move(entry));
  return true;
}

absl::Status LogMerge::Run(LogVisitor visit) {
  while (!queue_.empty()) {
    Entry entry = Pop();
    if (const auto* partition = std::get_if<Partition>(&entry.source)) {
      VIGIL_RETURN_IF_ERROR(ListBlocks(entry.stream, *partition));
    } else if (const auto* block = std::get_if<Block>(&entry.source)) {
      VIGIL_RETURN_IF_ERROR(OpenBlock(entry.stream, *block));
    } else if (!VisitRun(std::move(entry), visit)) {
      break;
    }
  }
  return absl::OkStatus();
}

}  // namespace vigil::storage
