// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/block_reader.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "base/status.h"
#include "storage/block/metric_block.h"
#include "storage/kv/keys.h"
#include "storage/metrics/corruption.h"
#include "storage/metrics/sample_merge.h"

namespace vigil::storage {
namespace {

// Iterators kept for the next series. Making one costs more than a seek; each pins some blocks.
// Enough for a month of days and two threads.
constexpr size_t kMaxParked = 64;

// A seek costs as much as some ten steps from block to block. Series whose numbers are no farther
// apart may have few of their metric between them: of each target a metric mostly has some.
constexpr uint64_t kNearSeries = 256;
constexpr int kMostSteps = 8;

// Whether there are few series, if any, between one and a later one.
bool IsNear(const BlockKey& before, const BlockKey& key) {
  return before.partition_start_ms == key.partition_start_ms && before.metric == key.metric &&
         before.series < key.series && key.series - before.series <= kNearSeries;
}

// Puts the blocks of a series together as they come, ascending by their first times. Blocks that do
// not overlap, which is nearly all, are decoded where their samples shall be.
class Assembler {
 public:
  explicit Assembler(SampleColumns* columns) : columns_(*columns) {}

  // `decode(&columns)` appends the block's samples, or fails and leaves the columns as they were.
  template <typename Decode>
  absl::Status Add(const MetricBlockHeader& header, uint64_t sequence, Decode decode) {
    const bool overlaps = !tail_.empty && header.min_ms <= tail_.max_ms;
    if (!overlaps && runs_.empty()) {
      const Tail next = {false, sequence, header.max_ms, columns_.times_ms.size(),
                         columns_.histogram_times_ms.size()};
      const absl::Status status = decode(&columns_);
      if (status.ok()) tail_ = next;
      return status;
    }
    SampleColumns samples;
    VIGIL_RETURN_IF_ERROR(decode(&samples));
    if (!overlaps) {
      Finish();
      tail_ = {false, sequence, header.max_ms, columns_.times_ms.size(),
               columns_.histogram_times_ms.size()};
      Overlay(std::move(samples), &columns_);
      return absl::OkStatus();
    }
    if (runs_.empty()) runs_.push_back({tail_.sequence, TakeTail()});
    runs_.push_back({sequence, std::move(samples)});
    tail_.max_ms = std::max(tail_.max_ms, header.max_ms);
    return absl::OkStatus();
  }

  // Of samples for one instant the one in the block that was written last counts.
  void Finish() {
    std::sort(runs_.begin(), runs_.end(),
              [](const Run& a, const Run& b) { return a.sequence < b.sequence; });
    for (Run& run : runs_) Overlay(std::move(run.samples), &columns_);
    runs_.clear();
  }

 private:
  // What one block holds.
  struct Run {
    uint64_t sequence;
    SampleColumns samples;
  };
  // The last block decoded into columns_, and where its samples begin.
  struct Tail {
    bool empty = true;
    uint64_t sequence = 0;
    int64_t max_ms = 0;
    size_t floats_before = 0;
    size_t histograms_before = 0;
  };

  template <typename T>
  static std::vector<T> Cut(size_t begin, std::vector<T>* column) {
    const auto first = column->begin() + static_cast<ptrdiff_t>(begin);
    std::vector<T> cut(std::make_move_iterator(first), std::make_move_iterator(column->end()));
    column->erase(first, column->end());
    return cut;
  }
  SampleColumns TakeTail() {
    SampleColumns samples;
    samples.times_ms = Cut(tail_.floats_before, &columns_.times_ms);
    samples.values = Cut(tail_.floats_before, &columns_.values);
    samples.histogram_times_ms = Cut(tail_.histograms_before, &columns_.histogram_times_ms);
    samples.histograms = Cut(tail_.histograms_before, &columns_.histograms);
    return samples;
  }

  SampleColumns& columns_;
  Tail tail_;
  std::vector<Run> runs_;  // Blocks that overlap each other, while there are any.
};

}  // namespace

BlockReader::BlockReader(KeyValueStore* store, TenantId tenant, uint8_t shard, DecodedTimes* recent)
    : store_(*store),
      tenant_(tenant),
      shard_(shard),
      snapshot_(store->NewSnapshot()),
      times_(store, snapshot_.get(), recent) {}

absl::Status BlockReader::Read(int64_t partition_ms, uint32_t metric, uint32_t number,
                               TimeRange range, SampleColumns* columns) {
  const BlockKey first_key = {.tenant = tenant_,
                              .shard = shard_,
                              .partition_start_ms = partition_ms,
                              .metric = metric,
                              .series = number};
  const std::string prefix = first_key.SeriesPrefix();
  const auto times_of = [this, partition_ms](uint64_t id, TimeRange of) {
    return times_.Get({tenant_, shard_, partition_ms, id}, of);
  };
  Assembler assembler(columns);
  uint64_t blocks = 0;
  uint64_t bytes = 0;
  Parked parked = Take(first_key, prefix);
  KeyValueIterator* const iterator = parked.iterator.get();
  int steps = 0;
  while (parked.at_series && iterator->Valid() && iterator->key() < prefix) {
    iterator->Next();
    if (++steps == kMostSteps) parked.at_series = parked.steps_pay = false;
  }
  if (!parked.at_series) iterator->Seek(prefix);
  parked.at_series = true;
  parked.before = first_key;
  for (; iterator->Valid() && iterator->key().starts_with(prefix); iterator->Next()) {
    const absl::StatusOr<BlockKey> key = BlockKey::Decode(iterator->key());
    if (!key.ok()) {
      ReportCorrupt("metric block key", iterator->key(), key.status());
      continue;
    }
    if (key->first_ms > range.end_ms) {
      parked.at_series = false;
      break;
    }
    const absl::StatusOr<MetricBlockHeader> header = PeekMetricBlock(iterator->value());
    if (header.ok() && header->max_ms < range.start_ms) continue;
    ++blocks;
    bytes += iterator->value().size();
    absl::Status status = header.status();
    if (status.ok()) {
      status = assembler.Add(*header, key->sequence, [&](SampleColumns* samples) {
        return DecodeMetricBlock(iterator->value(), times_of, range, samples);
      });
    }
    if (!status.ok()) ReportCorrupt("metric block", iterator->key(), status);
  }
  assembler.Finish();
  blocks_.fetch_add(blocks, std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  absl::Status status = iterator->status();
  parked.at_series &= iterator->Valid();
  Park(std::move(parked));
  if (!status.ok()) ReportCorrupt("metric blocks", prefix, status);
  return status;
}

BlockReader::Parked BlockReader::Take(const BlockKey& key, std::string_view prefix) {
  {
    MutexLock lock(&mutex_);
    const auto stands_at = [&](const Parked& parked) {
      return parked.at_series && ((parked.steps_pay && IsNear(parked.before, key)) ||
                                  parked.iterator->key().starts_with(prefix));
    };
    auto found = std::find_if(parked_.rbegin(), parked_.rend(), stands_at);
    // Of the others the one that has rested longest; it may be of use where it stands.
    if (found == parked_.rend() && parked_.size() >= kMaxParked) found = std::prev(parked_.rend());
    if (found != parked_.rend()) {
      Parked taken = std::move(*found);
      taken.at_series = stands_at(taken);
      parked_.erase(std::prev(found.base()));
      return taken;
    }
  }
  return {store_.NewIterator(Family::kBlocks, PrefixRange(ShardPrefix(tenant_, shard_)),
                             snapshot_.get())};
}

void BlockReader::Park(Parked parked) {
  // One that failed may keep failing.
  if (!parked.iterator->status().ok()) return;
  MutexLock lock(&mutex_);
  parked_.push_back(std::move(parked));
}

}  // namespace vigil::storage
