// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_stream.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace vigil::storage {

LogStream::LogStream(TenantId tenant, uint64_t number, StreamRow row)
    : tenant_(tenant),
      number_(number),
      labels_(std::move(row.labels)),
      next_record_(row.next_record) {
  for (const int64_t start_ns : row.partitions) partitions_.push_back({start_ns, 0});
}

uint64_t LogStream::TakeNumbers(uint64_t count) {
  MutexLock lock(&mutex_);
  const uint64_t first = next_record_;
  next_record_ += count;
  return first;
}

void LogStream::SkipNumbersBelow(uint64_t next_record) {
  MutexLock lock(&mutex_);
  next_record_ = std::max(next_record_, next_record);
}

bool LogStream::Defined() const {
  // A record of the open head was journaled after the last seal, with the labels unless an earlier
  // one was. What was sealed puts the labels into the stream's row, but is not asked here: so each
  // stretch of the journal between two flushes defines its streams itself.
  MutexLock lock(&mutex_);
  return !open_.empty();
}

void LogStream::Append(uint64_t first_number, std::vector<LogRecord> records) {
  std::vector<NumberedRecord> numbered;
  numbered.reserve(records.size());
  for (LogRecord& record : records) numbered.push_back({first_number++, std::move(record)});
  MutexLock lock(&mutex_);
  open_.Append(std::move(numbered));
}

bool LogStream::SealHead() {
  MutexLock lock(&mutex_);
  VIGIL_CHECK(sealed_.empty());
  std::swap(sealed_, open_);
  return !sealed_.empty();
}

void LogStream::DropSealed() {
  LogChunks dropped;  // Freed after the lock is.
  MutexLock lock(&mutex_);
  std::swap(dropped, sealed_);
}

std::vector<LogChunks::View> LogStream::Sealed() const {
  MutexLock lock(&mutex_);
  return sealed_.views();
}

LogStream::Snapshot LogStream::TakeSnapshot() const {
  MutexLock lock(&mutex_);
  Snapshot snapshot = {.records = sealed_.views(), .partitions = PartitionStartsLocked()};
  snapshot.records.insert(snapshot.records.end(), open_.views().begin(), open_.views().end());
  return snapshot;
}

void LogStream::AddPartition(int64_t start_ns, uint64_t flush) {
  MutexLock lock(&mutex_);
  const auto at = std::lower_bound(
      partitions_.begin(), partitions_.end(), start_ns,
      [](const Partition& partition, int64_t start) { return partition.start_ns < start; });
  if (at != partitions_.end() && at->start_ns == start_ns) {
    at->flush = flush;
  } else {
    partitions_.insert(at, {start_ns, flush});
  }
}

void LogStream::ForgetPartitions(int64_t first_kept_ns, uint64_t through_flush) {
  MutexLock lock(&mutex_);
  std::erase_if(partitions_, [&](const Partition& partition) {
    return partition.start_ns < first_kept_ns && partition.flush <= through_flush;
  });
}

std::optional<int64_t> LogStream::OldestPartition() const {
  MutexLock lock(&mutex_);
  if (partitions_.empty()) return std::nullopt;
  return partitions_.front().start_ns;
}

bool LogStream::Empty() const {
  MutexLock lock(&mutex_);
  return partitions_.empty() && open_.empty() && sealed_.empty();
}

StreamRow LogStream::Row() const {
  MutexLock lock(&mutex_);
  return {.labels = labels_, .next_record = next_record_, .partitions = PartitionStartsLocked()};
}

std::vector<int64_t> LogStream::PartitionStartsLocked() const {
  std::vector<int64_t> starts;
  for (const Partition& partition : partitions_) starts.push_back(partition.start_ns);
  return starts;
}

}  // namespace vigil::storage
