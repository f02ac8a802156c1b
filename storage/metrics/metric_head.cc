// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_head.h"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

namespace vigil::storage {
namespace {

uint32_t ShortNumber(SeriesRef ref) { return static_cast<uint32_t>(NumberOf(ref)); }

}  // namespace

// One call of Append: how far it has got.
struct MetricHead::Appender {
  TenantId tenant;
  int64_t expired_before_ms;
  std::vector<SeriesIndex::Presence>* marks;

  std::span<const SampleRun> runs;  // The rest, of the first of which `taken` are done.
  uint32_t taken = 0;
  std::span<const double> values;
  std::span<const HistogramSample> histograms;

  uint32_t next_number() const { return ShortNumber(runs.front().first) + taken; }
  // The chunk that comes next and one that comes later, as far as they are easily found.
  struct Ahead {
    uint32_t next;
    uint32_t later;
  };
  Ahead LookAhead() const {
    constexpr size_t kRuns = 16;
    const uint32_t chunk = ChunkOf(next_number());
    const uint32_t last = ChunkOf(ShortNumber(runs.front().first) + runs.front().count - 1);
    if (last >= chunk + 2) return {chunk + 1, chunk + 2};
    Ahead ahead = {last, last};
    for (size_t i = 1; i < std::min(runs.size(), kRuns); ++i) {
      ahead.later = ChunkOf(ShortNumber(runs[i].first));
      if (ahead.next == chunk) {
        ahead.next = ahead.later;
      } else if (ahead.later != ahead.next) {
        break;
      }
    }
    return ahead;
  }
  void Advance(uint32_t count) {
    values = values.subspan(count);
    taken += count;
    if (taken < runs.front().count) return;
    runs = runs.subspan(1);
    taken = 0;
  }
};

void MetricHead::Append(TenantId tenant, const MetricBatch& batch, int64_t expired_before_ms,
                        std::vector<SeriesIndex::Presence>* marks) {
  Appender appender = {.tenant = tenant,
                       .expired_before_ms = expired_before_ms,
                       .marks = marks,
                       .runs = batch.runs,
                       .values = batch.values,
                       .histograms = batch.histograms};
  size_t grown = 0;
  while (!appender.runs.empty()) {
    const uint32_t chunk = ChunkOf(appender.next_number());
    // Nothing of the chunks that follow is in the cache.
    const auto [next, later] = appender.LookAhead();
    Prefetch(next, later);
    grown += AppendFloats(appender, chunk, &chunks_.FindOrCreate(chunk));
  }
  while (!appender.histograms.empty()) {
    const uint32_t chunk = ChunkOf(ShortNumber(appender.histograms.front().series));
    grown += AppendHistograms(appender, chunk, &chunks_.FindOrCreate(chunk));
  }
  exemplars_.Append(tenant, batch.exemplars);
  samples_.fetch_add(batch.size(), std::memory_order_relaxed);
  size_bytes_.fetch_add(grown, std::memory_order_relaxed);
}

size_t MetricHead::AppendFloats(Appender& appender, uint32_t chunk_number, Chunk* chunk) {
  MutexLock lock(&chunk->mutex);
  const size_t size_before = chunk->tile.size_bytes();
  do {
    const SampleRun& run = appender.runs.front();
    const uint32_t slot = SlotOf(appender.next_number());
    const uint32_t count = std::min(run.count - appender.taken, kChunkSize - slot);
    const SlotSet slots = SlotRange(slot, count);
    if (!chunk->AreMarked(slots, run.time_ms)) [[unlikely]] {
      Mark(appender, chunk_number, slots, run.time_ms, chunk);
    }
    chunk->tile.Append(slot, run.time_ms, appender.values.first(count));
    appender.Advance(count);
  } while (!appender.runs.empty() && ChunkOf(appender.next_number()) == chunk_number);
  chunk->next_row.store(chunk->tile.next_row(), std::memory_order_relaxed);
  chunk->next_value.store(chunk->tile.next_value(), std::memory_order_relaxed);
  return chunk->tile.size_bytes() - size_before;
}

void MetricHead::Prefetch(uint32_t next_number, uint32_t later_number) const {
  constexpr int kForWriting = 1;
  constexpr size_t kLineBytes = 64;
  if (const Chunk* const later = chunks_.Find(later_number); later != nullptr) {
    // All but the tenants, which are read for new series alone.
    const char* const begin = reinterpret_cast<const char*>(later);
    __builtin_prefetch(begin, kForWriting);
    __builtin_prefetch(begin + kLineBytes, kForWriting);
    __builtin_prefetch(begin + 2 * kLineBytes, kForWriting);
  }
  const Chunk* const next = chunks_.Find(next_number);
  if (next == nullptr) return;
  __builtin_prefetch(next->next_row.load(std::memory_order_relaxed), kForWriting);
  const double* const value = next->next_value.load(std::memory_order_relaxed);
  for (size_t i = 0; i < kChunkSize; i += kLineBytes / sizeof(double)) {
    __builtin_prefetch(value + i, kForWriting);
  }
}

size_t MetricHead::AppendHistograms(Appender& appender, uint32_t chunk_number, Chunk* chunk) {
  MutexLock lock(&chunk->mutex);
  const size_t size_before = chunk->tile.size_bytes();
  while (!appender.histograms.empty()) {
    const HistogramSample& sample = appender.histograms.front();
    const uint32_t number = ShortNumber(sample.series);
    if (ChunkOf(number) != chunk_number) break;
    const SlotSet slots = SlotRange(SlotOf(number), 1);
    if (!chunk->AreMarked(slots, sample.time_ms)) {
      Mark(appender, chunk_number, slots, sample.time_ms, chunk);
    }
    chunk->tile.Append(SlotOf(number), sample.time_ms, sample.histogram);
    appender.histograms = appender.histograms.subspan(1);
  }
  return chunk->tile.size_bytes() - size_before;
}

void MetricHead::Mark(Appender& appender, uint32_t chunk_number, SlotSet slots, int64_t time_ms,
                      Chunk* chunk) {
  const int64_t partition_ms = partitioning_.StartOf(time_ms);
  const bool expired = partition_ms < appender.expired_before_ms;
  if (!expired && (time_ms < chunk->marked_first_ms || time_ms > chunk->marked_last_ms)) {
    chunk->marked_first_ms = partition_ms;
    chunk->marked_last_ms = partitioning_.EndOf(time_ms);
    chunk->marked = 0;
  }
  for (SlotSet rest = expired ? slots : slots & ~chunk->marked; rest != 0; rest &= rest - 1) {
    const auto slot = static_cast<uint32_t>(std::countr_zero(rest));
    chunk->tenants[slot] = appender.tenant;
    if (!expired) appender.marks->push_back({chunk_number * kChunkSize + slot, partition_ms});
  }
  if (!expired) chunk->marked |= slots;
}

void MetricHead::Read(uint32_t number, TimeRange range, SampleColumns* columns) const {
  const Chunk* const chunk = chunks_.Find(ChunkOf(number));
  if (chunk == nullptr || range.start_ms > range.end_ms) return;
  HeadColumns copy;
  {
    MutexLock lock(&chunk->mutex);
    if (chunk->tile.ReadInOrder(SlotOf(number), range, columns)) return;
    copy = chunk->tile.Copy(SlotOf(number), range);
  }
  copy.Normalize();
  copy.AppendTo(range, columns);
}

NewestSample MetricHead::ReadNewest(uint32_t number, TimeRange range) const {
  const Chunk* const chunk = chunks_.Find(ChunkOf(number));
  if (chunk == nullptr) return {.kind = NewestSample::Kind::kNone};
  MutexLock lock(&chunk->mutex);
  return chunk->tile.Newest(SlotOf(number), range);
}

void MetricHead::ReadChunk(uint32_t number, TimeRange range, TileColumns* columns) const {
  for (SampleColumns& series : *columns) series.Clear();
  const Chunk* const chunk = chunks_.Find(number);
  if (chunk == nullptr || range.start_ms > range.end_ms) return;
  {
    MutexLock lock(&chunk->mutex);
    if (chunk->tile.ReadAllInOrder(range, columns)) return;
  }
  for (uint32_t slot = 0; slot < kChunkSize; ++slot) {
    Read(number * kChunkSize + slot, range, &(*columns)[slot]);
  }
}

bool MetricHead::VisitTimes(
    uint32_t number, TimeRange range,
    absl::FunctionRef<void(SlotSet, std::span<const int64_t>)> visit) const {
  const Chunk* const chunk = chunks_.Find(number);
  if (chunk == nullptr || range.start_ms > range.end_ms) return true;
  MutexLock lock(&chunk->mutex);
  return chunk->tile.VisitTimes(range, visit);
}

void MetricHead::SortRows() {
  chunks_.ForEach([](uint32_t, Chunk& chunk) {
    MutexLock lock(&chunk.mutex);
    chunk.tile.SortRows();
  });
}

bool MetricHead::Contains(uint32_t number) const {
  const Chunk* const chunk = chunks_.Find(ChunkOf(number));
  if (chunk == nullptr) return false;
  MutexLock lock(&chunk->mutex);
  return (chunk->tile.members() >> SlotOf(number) & 1) != 0;
}

std::vector<MetricHead::Member> MetricHead::Members() const {
  std::vector<Member> members;
  chunks_.ForEach([&members](uint32_t number, const Chunk& chunk) {
    MutexLock lock(&chunk.mutex);
    for (SlotSet rest = chunk.tile.members(); rest != 0; rest &= rest - 1) {
      const auto slot = static_cast<uint32_t>(std::countr_zero(rest));
      members.push_back({chunk.tenants[slot], number * kChunkSize + slot});
    }
  });
  std::stable_sort(members.begin(), members.end(),
                   [](const Member& a, const Member& b) { return a.tenant < b.tenant; });
  return members;
}

void MetricHead::ForgetMarksBefore(int64_t partition_ms) {
  chunks_.ForEach([partition_ms](uint32_t, Chunk& chunk) {
    MutexLock lock(&chunk.mutex);
    if (chunk.marked_first_ms < partition_ms) chunk.marked = 0;
  });
}

}  // namespace vigil::storage
